package kubevirtsim

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// The managers under which the parts of KubeVirt write.
const (
	managerController = "virt-controller"
	managerAPI        = "virt-api"
	managerHandler    = "virt-handler"
)

// controller is virt-controller, the nodes and the guests in one: it keeps a machine for each VM, tells it what was
// written to the objects, and writes what the machine makes of that. It owns one goroutine, [controller.run].
type controller struct {
	api    *rest.Server
	config *vmsim.Config
	sim    *Server

	followed []*followed
	wake     chan struct{}
	closing  chan struct{}
	done     chan struct{}
	leaving  atomic.Bool // there may be namespaces that are being deleted
	rewound  atomic.Bool // history has gone back, and with it the place in the log

	mu     sync.Mutex // over the machines, and held while one is looked at
	guests map[string]*guest
	due    dueHeap
	knobs  map[string]Knobs // those set by call, by key; of VMs that do not exist yet as well
}

func newController(sim *Server, api *rest.Server, config *vmsim.Config) *controller {
	return &controller{
		api: api, config: config, sim: sim,
		followed: []*followed{
			{table: api.Table(machines), keyOf: ownKey, echo: true},
			{table: api.Table(instances), keyOf: ownKey},
			{table: api.Table(migrations), keyOf: targetKey},
		},
		wake: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}),
		guests: map[string]*guest{}, knobs: map[string]Knobs{},
	}
}

// close ends the controller and waits for it.
func (c *controller) close() {
	close(c.closing)
	<-c.done
}

// guest is one VM in the controller's hands.
type guest struct {
	key     string
	uid     types.UID
	machine *vmsim.Machine
	// generation is that of the VM that the machine was told of.
	generation int64
	// wrote is the revision of the VM that the controller wrote last.
	wrote string
	// dueAt is when something happens to it, and place is one more than where it stands in the heap, 0 for not at all.
	dueAt time.Time
	place int

	// The instance: the machine's number of it, its object's uid, and what it was booted with.
	instance    uint64
	instanceUID types.UID
	booted      int64
	origin      uint64 // of the template, as a hash
	template    *kubevirtv1.VirtualMachineInstanceSpec
	failedUID   types.UID
	// restartRequired says why a change waits for the next start.
	restartRequired string

	// The migration: the machine's number of it, and its object.
	migration     uint64
	migrationName string
	migrationUID  types.UID
	// failure is why no instance can be made, instanceType and preference what was resolved.
	failure                  condition
	instanceType, preference *kubevirtv1.InstancetypeStatusRef
}

// look brings a VM and its machine in line with each other: first the machine learns what was written, then it lives
// until now, then its objects are written. c.mu must be held. It is idempotent: a second look changes nothing.
func (c *controller) look(key string) {
	o := c.api.Table(machines).Get(key)
	g := c.guests[key]
	if g != nil && (o == nil || string(g.uid) != o.UID) {
		c.drop(g)
		g = nil
	}
	if o == nil {
		c.sweep(key, "")
		c.endMigrations(key)
		return
	}
	vm := &kubevirtv1.VirtualMachine{}
	if err := json.Unmarshal(o.JSON(), vm); err != nil {
		return // nobody can write such a thing: the schema was checked
	}
	now := time.Now().UTC()
	if g == nil {
		g = c.admit(key, vm, now)
	}
	if g.instance == 0 {
		c.sweep(key, g.uid)
	}
	c.learn(g, vm, now)
	g.machine.Advance(now)
	c.show(g, vm)
	c.schedule(g)
}

// admit takes a new VM into the controller's hands.
func (c *controller) admit(key string, vm *kubevirtv1.VirtualMachine, now time.Time) *guest {
	g := &guest{key: key, uid: vm.UID, generation: vm.Generation, machine: vmsim.New(c.config, now, strategyOf(vm), c.knobsOf(key, vm))}
	c.guests[key] = g
	return g
}

// drop forgets a VM that is gone, and its knobs with it: one that comes to have its name is another one.
func (c *controller) drop(g *guest) {
	c.unschedule(g)
	delete(c.guests, g.key)
	delete(c.knobs, g.key)
}

// learn tells the machine what has been written since: by clients, by virt-api, by whoever may.
func (c *controller) learn(g *guest, vm *kubevirtv1.VirtualMachine, now time.Time) {
	m := g.machine
	c.resolve(g, vm)
	knobs := c.knobsOf(g.key, vm)
	knobs.CreateFails = knobs.CreateFails || g.failure.kind != ""
	knobs.ForeignInstance = g.instance == 0 && c.api.Table(instances).Get(g.key) != nil
	if knobs != m.Knobs() {
		m.SetKnobs(now, knobs)
	}
	if want := strategyOf(vm); want != m.Strategy() {
		m.Force(now, vmsim.Event{Kind: vmsim.SetStrategy, Strategy: want})
	}
	if queue := g.queue(vm); !sameQueue(queue, m.Requests()) {
		m.SetRequests(now, queue)
	}
	if vm.Generation != g.generation {
		g.generation = vm.Generation
		m.Force(now, vmsim.Event{Kind: vmsim.Update})
	}
	if vm.DeletionTimestamp != nil && !m.Situation().Deleting {
		m.Force(now, vmsim.Event{Kind: vmsim.Delete})
	}
	c.learnInstance(g, now)
	c.learnMigration(g, vm, now)
}

// queue is the VM's queue of requests in the machine's terms.
func (g *guest) queue(vm *kubevirtv1.VirtualMachine) []vmsim.Request {
	var queue []vmsim.Request
	for _, r := range vm.Status.StateChangeRequests {
		request := vmsim.Request{Stop: r.Action == kubevirtv1.StopRequest, Paused: r.Data[kubevirtv1.StartRequestDataPausedKey] == kubevirtv1.StartRequestDataPausedTrue}
		if request.Stop && r.UID != nil && *r.UID == g.instanceUID {
			request.Instance = g.instance
		}
		queue = append(queue, request)
	}
	const room = 2
	return queue[:min(len(queue), room)]
}

func sameQueue(a, b []vmsim.Request) bool {
	if len(a) != len(b) {
		return false
	}
	for n := range a {
		if a[n] != b[n] {
			return false
		}
	}
	return true
}

// learnInstance looks at what was done to the instance past the VM.
func (c *controller) learnInstance(g *guest, now time.Time) {
	i := g.machine.Instance()
	if g.instance == 0 || g.instance != i.Serial {
		return
	}
	o := c.api.Table(instances).Get(g.key)
	if o == nil || o.UID != string(g.instanceUID) {
		g.machine.DeleteInstance(now) // somebody took its finalizers away
		g.machine.Force(now, vmsim.Event{Kind: vmsim.NodeLost})
		return
	}
	if !o.DeletedAt.IsZero() && !i.Deleting {
		g.machine.DeleteInstance(now)
	}
	instance := &kubevirtv1.VirtualMachineInstance{}
	if err := json.Unmarshal(o.JSON(), instance); err != nil {
		return
	}
	if seconds := instance.Spec.TerminationGracePeriodSeconds; seconds != nil {
		if grace := time.Duration(*seconds) * time.Second; grace != i.Grace {
			g.machine.SetGrace(now, grace)
		}
	}
}

// refOf names an object of the VM's name.
func (g *guest) ref(vm *kubevirtv1.VirtualMachine) rest.Ref {
	return rest.Ref{Resource: machines, Namespace: vm.Namespace, Name: vm.Name}
}

// background is the context of KubeVirt's own writes: they touch memory only, and end.
func background() context.Context { return context.WithValue(context.Background(), ourWrite{}, true) }

// at is a time as objects have it: whole seconds.
func at(t time.Time) metav1.Time { return metav1.NewTime(t.Truncate(time.Second)) }
