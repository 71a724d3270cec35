package differential_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// situation is a state that a VM is brought to on both sides.
type situation struct {
	name, strategy string
	// annotations are knobs, as JSON without braces. Each side has its own names for them, and looks at no other's.
	annotations string
	// domain is what the VM has in its domain beside a disk, as JSON with a leading comma; spec is the like for the
	// instance's specification.
	domain, spec string
	steps        []step
	// settled says when the VM is there. Nil is for no VM at all.
	settled func(state) bool
	// fleeting says that it takes long to reach, and ends by itself.
	fleeting bool
}

// step is done to the VM once what is before it has come about.
type step struct {
	after func(state) bool
	call  call
	// incident is how the simulator is told of what an annotation tells the real one's nodes.
	incident kubevirtsim.Incident
}

// state is what one side shows of a VM and its instance; nil for none.
type state struct{ vm, vmi map[string]any }

func field(object map[string]any, path ...string) any {
	var at any = object
	for _, key := range path {
		m, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = m[key]
	}
	return at
}

func (s state) printable() any { return field(s.vm, "status", "printableStatus") }
func (s state) phase() any     { return field(s.vmi, "status", "phase") }

func condition(object map[string]any, kind string) bool {
	list, _ := field(object, "status", "conditions").([]any)
	for _, c := range list {
		if m, _ := c.(map[string]any); m["type"] == kind {
			return m["status"] == "True"
		}
	}
	return false
}

// observed says that the VM's controller has written what it sees, and that no request is left to it.
func (s state) observed() bool {
	list, _ := field(s.vm, "status", "conditions").([]any)
	return len(list) > 0 && field(s.vm, "status", "stateChangeRequests") == nil && field(s.vm, "metadata", "finalizers") != nil
}

func running(s state) bool {
	return s.observed() && s.printable() == "Running" && s.phase() == "Running" && condition(s.vm, "Ready") && condition(s.vmi, "Ready") &&
		condition(s.vm, "AgentConnected")
}

func runningMute(s state) bool {
	return s.observed() && s.printable() == "Running" && s.phase() == "Running" && condition(s.vm, "Ready")
}

func paused(s state) bool {
	return s.observed() && s.printable() == "Paused" && condition(s.vmi, "Paused")
}

func stopped(s state) bool {
	return s.observed() && s.printable() == "Stopped" && s.vmi == nil && field(s.vm, "status", "created") == nil
}

func ended(phase string) func(state) bool {
	return func(s state) bool { return s.observed() && s.printable() == "Stopped" && s.phase() == phase }
}

func printable(word string) func(state) bool {
	return func(s state) bool { return s.printable() == word }
}

// place is a VM of a situation, on both sides.
type place struct {
	*pair
	namespace, name string
}

const (
	vmsPath  = "/apis/kubevirt.io/v1/namespaces/%s/virtualmachines"
	vmisPath = "/apis/kubevirt.io/v1/namespaces/%s/virtualmachineinstances"
	subPath  = "/apis/subresources.kubevirt.io/v1/namespaces/%s/%s/%s"
)

func (p *place) vmPath() string  { return fmt.Sprintf(vmsPath, p.namespace) + "/" + p.name }
func (p *place) vmiPath() string { return fmt.Sprintf(vmisPath, p.namespace) + "/" + p.name }

// state reads what a side shows.
func (p *place) state(ctx context.Context, s side) (state, error) {
	vmi, err := s.object(ctx, p.vmiPath())
	if err != nil {
		return state{}, err
	}
	vm, err := s.object(ctx, p.vmPath())
	return state{vm, vmi}, err
}

// places are what the words in braces of a call stand for on a side.
func (p *place) places(s state) *strings.Replacer {
	text := func(object map[string]any, path ...string) string {
		value, _ := field(object, path...).(string)
		return or(value, "none")
	}
	return strings.NewReplacer(
		"{VM}", p.vmPath(), "{VMI}", p.vmiPath(),
		"{VMS}", fmt.Sprintf(vmsPath, p.namespace), "{VMIS}", fmt.Sprintf(vmisPath, p.namespace),
		"{API}", "/apis/kubevirt.io/v1/namespaces/"+p.namespace, "{TYPES}", "/apis/instancetype.kubevirt.io/v1beta1/namespaces/"+p.namespace,
		"{vm}", fmt.Sprintf(subPath, p.namespace, "virtualmachines", p.name),
		"{vmi}", fmt.Sprintf(subPath, p.namespace, "virtualmachineinstances", p.name),
		"{ns}", p.namespace, "{name}", p.name,
		"{uid}", text(s.vm, "metadata", "uid"), "{rv}", text(s.vm, "metadata", "resourceVersion"), "{vmiuid}", text(s.vmi, "metadata", "uid"),
	)
}

func (p *pair) sides() []side { return []side{p.real, p.simulated} }

// patience is how long a VM may take to a state on a busy computer.
const patience = 2 * time.Minute

// until waits until a side shows a state.
func (p *place) until(t *testing.T, s side, what string, reached func(state) bool) {
	t.Helper()
	var last state
	wait(t, func() (bool, error) {
		now, err := p.state(t.Context(), s)
		last = now
		return err == nil && reached(now), err
	}, func() string {
		return fmt.Sprintf("%s %s/%s: %s; vm %v, vmi %v", s.name, p.namespace, p.name, what, last.vm["status"], last.vmi["status"])
	})
}

// wait polls.
func wait(t *testing.T, done func() (bool, error), what func() string) {
	t.Helper()
	const pollPeriod = 40 * time.Millisecond
	ticker := time.NewTicker(pollPeriod)
	defer ticker.Stop()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		ok, err := done()
		if ok {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("not within %s: %s (%v)", patience, what(), err)
		}
	}
}

// must sends a call to both sides, which have to accept it.
func (p *place) must(t *testing.T, c call) {
	t.Helper()
	for _, s := range p.sides() {
		p.mustOn(t, s, c)
	}
}

func (p *place) mustOn(t *testing.T, s side, c call) {
	t.Helper()
	now, err := p.state(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.do(t.Context(), c, p.places(now))
	if err != nil || got.code >= http.StatusMultipleChoices {
		t.Fatalf("%s: %s %s: %d %s %v", s.name, c.method, c.path, got.code, got.body, err)
	}
}

// newNamespace makes one on both sides.
func (p *pair) newNamespace(t *testing.T, name string) *place {
	t.Helper()
	at := &place{pair: p, namespace: name, name: "vm"}
	at.must(t, call{method: http.MethodPost, path: "/api/v1/namespaces", body: `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{ns}"}}`})
	wait(t, func() (bool, error) { // pods are refused until then
		account, err := p.real.object(t.Context(), "/api/v1/namespaces/"+name+"/serviceaccounts/default")
		return account != nil, err
	}, func() string { return "service account of " + name })
	return at
}

// body is the VM's manifest.
func (s situation) body() string {
	return `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"{name}","annotations":{` + s.annotations + `}},` +
		`"spec":{"runStrategy":"` + s.strategy + `","template":{"metadata":{"labels":{"app":"x"}},"spec":{"terminationGracePeriodSeconds":30` + s.spec + `,` +
		`"domain":{"devices":{"disks":[{"name":"root","disk":{"bus":"virtio"}}]},"memory":{"guest":"128Mi"}` + s.domain + `},` +
		`"volumes":[{"name":"root","containerDisk":{"image":"registry.example/disk:1"}}]}}}}`
}

// reach makes a VM and brings it to the situation on both sides.
func (p *pair) reach(t *testing.T, s situation, namespace string, n int) *place {
	t.Helper()
	at := &place{pair: p, namespace: namespace, name: fmt.Sprintf("vm-%d", n)}
	if s.settled == nil {
		return at
	}
	at.must(t, call{method: http.MethodPost, path: "{VMS}", body: s.body()})
	for n, step := range s.steps {
		for _, side := range p.sides() {
			at.until(t, side, fmt.Sprintf("%s: before step %d", s.name, n), step.after)
			at.mustOn(t, side, step.call)
			if step.incident != "" && side.name == p.simulated.name {
				if err := p.simulator.Happen(namespace, at.name, step.incident); err != nil {
					t.Fatalf("%s: %v", s.name, err)
				}
			}
		}
	}
	for _, side := range p.sides() {
		at.until(t, side, s.name, s.settled)
	}
	return at
}
