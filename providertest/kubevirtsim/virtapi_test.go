package kubevirtsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// world is a server in a bubble, and its clients are calls of its handler.
type world struct {
	testing.TB
	sim *Server
}

func inWorld(t *testing.T, opts Options, run func(world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim, err := New(opts)
		if err != nil {
			t.Fatal(err)
		}
		defer sim.Close()
		run(world{t, sim})
	})
}

// do makes a request. Headers are pairs of name and value.
func (w world) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.sim.ServeHTTP(recorder, r)
	return recorder
}

const (
	subresources = "/apis/subresources.kubevirt.io/v1/"
	machinePath  = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines"
	instancePath = "/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances"
)

// verb calls a subresource of the VM "vm", or of its instance.
func (w world) verb(name, body string) *httptest.ResponseRecorder {
	w.Helper()
	method, kind := http.MethodPut, "virtualmachines"
	switch name {
	case "pause", "unpause", "softreboot", "reset", "freeze", "unfreeze":
		kind = "virtualmachineinstances"
	case "guestosinfo", "userlist", "filesystemlist":
		method, kind = http.MethodGet, "virtualmachineinstances"
	case "expand-spec":
		method = http.MethodGet
	}
	return w.do(method, subresources+"namespaces/default/"+kind+"/vm/"+name, body)
}

func (w world) read(path string, object any) bool {
	w.Helper()
	answer := w.do(http.MethodGet, path, "")
	if answer.Code == http.StatusNotFound {
		return false
	}
	if answer.Code != http.StatusOK {
		w.Fatalf("GET %s: %d %s", path, answer.Code, answer.Body)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), object); err != nil {
		w.Fatal(err)
	}
	return true
}

func (w world) vm() *kubevirtv1.VirtualMachine {
	w.Helper()
	vm := &kubevirtv1.VirtualMachine{}
	if !w.read(machinePath+"/vm", vm) {
		w.Fatal("there is no VM")
	}
	return vm
}

// vmi is nil where there is no instance.
func (w world) vmi() *kubevirtv1.VirtualMachineInstance {
	w.Helper()
	vmi := &kubevirtv1.VirtualMachineInstance{}
	if !w.read(instancePath+"/vm", vmi) {
		return nil
	}
	return vmi
}

// template is that of a VM which starts. Changes are made to its spec.
func template(changes ...func(spec map[string]any)) map[string]any {
	spec := map[string]any{
		"domain": map[string]any{
			"devices": map[string]any{"disks": []any{map[string]any{"name": "root", "disk": map[string]any{"bus": "virtio"}}}},
			"memory":  map[string]any{"guest": "128Mi"},
		},
		"volumes": []any{map[string]any{"name": "root", "containerDisk": map[string]any{"image": "registry.example/disk:1"}}},
	}
	for _, change := range changes {
		change(spec)
	}
	return map[string]any{"spec": spec}
}

// create makes the VM "vm" and lets some time pass.
func (w world) create(strategy string, knobs Knobs, changes ...func(spec map[string]any)) {
	w.Helper()
	w.sim.SetKnobs("default", "vm", knobs)
	spec := map[string]any{"template": template(changes...)}
	if running, legacy := map[string]bool{"running:true": true, "running:false": false}[strategy]; legacy {
		spec["running"] = running
	} else {
		spec["runStrategy"] = strategy
	}
	w.createSpec(spec)
}

func (w world) createSpec(spec map[string]any) {
	w.Helper()
	body, err := json.Marshal(map[string]any{"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": map[string]any{"name": "vm"}, "spec": spec})
	if err != nil {
		w.Fatal(err)
	}
	if answer := w.do(http.MethodPost, machinePath, string(body), "Content-Type", "application/json"); answer.Code != http.StatusCreated {
		w.Fatalf("create: %d %s", answer.Code, answer.Body)
	}
	settle()
}

// settle lets a second pass, in which all that goes well has happened.
func settle() {
	time.Sleep(time.Second)
	synctest.Wait()
}

// accepted fails unless a request is.
func (w world) accepted(answer *httptest.ResponseRecorder) {
	w.Helper()
	if answer.Code/100 != 2 {
		w.Fatalf("refused: %d %s", answer.Code, answer.Body)
	}
}

// answer is what a client reads: one line, so that tables hold it. Refusals are "code reason group/kind name: message".
func answer(recorder *httptest.ResponseRecorder) string {
	body := recorder.Body.Bytes()
	status := metav1.Status{}
	switch err := json.Unmarshal(body, &status); {
	case len(body) == 0:
		return fmt.Sprint(recorder.Code)
	case err != nil || status.Kind != "Status":
		return fmt.Sprintf("%d %q", recorder.Code, body)
	}
	if int(status.Code) != recorder.Code || status.Status != metav1.StatusFailure || status.APIVersion != "v1" {
		return fmt.Sprintf("a Status that is none: %s", body)
	}
	details := ""
	if d := status.Details; d != nil && d.Kind != "" {
		details = fmt.Sprintf(" %s/%s %s", d.Group, d.Kind, d.Name)
	}
	return fmt.Sprintf("%d %s%s: %s", status.Code, status.Reason, details, status.Message)
}

// asked is what virt-api has written for others to do, in one line: the run strategy, the queue, the grace period.
func (w world) asked() string {
	w.Helper()
	vm := w.vm()
	var parts []string
	if vm.Spec.RunStrategy != nil {
		parts = append(parts, string(*vm.Spec.RunStrategy))
	}
	if vm.Spec.Running != nil {
		parts = append(parts, fmt.Sprintf("running:%t", *vm.Spec.Running))
	}
	vmi := w.vmi()
	for _, r := range vm.Status.StateChangeRequests {
		text := string(r.Action)
		if r.Data[kubevirtv1.StartRequestDataPausedKey] == kubevirtv1.StartRequestDataPausedTrue {
			text += "(paused)"
		}
		if r.UID != nil && (vmi == nil || *r.UID != vmi.UID) {
			text += "(another instance)"
		}
		parts = append(parts, text)
	}
	if vmi != nil && vmi.Spec.TerminationGracePeriodSeconds != nil {
		parts = append(parts, fmt.Sprintf("grace:%d", *vmi.Spec.TerminationGracePeriodSeconds))
	}
	return strings.Join(parts, " ")
}

func (w world) equal(why, what string, want, got any) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%s\n%s (-want +got):\n%s", why, what, diff)
	}
}
