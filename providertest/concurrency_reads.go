package providertest

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Readers beside writers, and clusters beside each other.
var readChecks = []check{
	{
		id:    "CON-06",
		why:   "each part of a read is whole, and an instance that belongs to another owner is treated as absent",
		needs: knobs(Knobs{ForeignInstance: true}),
		run:   checkForeignInstance,
	},
	{
		id:  "CON-07",
		why: "a read after a write of the same caller sees that write",
		run: checkReadYourWrites,
	},
	{
		id:    "CON-08",
		why:   "a cluster that never answers keeps a call to another cluster waiting for less than a second",
		needs: all(need(NeedTwoClusters), faults(FaultHang)),
		run:   checkBulkhead,
	},
}

func checkForeignInstance(e *env) {
	e.put(e.spec("robbed", domain.RunStrategyHalted), Knobs{ForeignInstance: true})
	const looks = 8
	for range looks {
		listed := e.list(provider.ListOptions{}).Items
		e.same("VMs", 1, len(listed))
		for _, vm := range append(listed, e.get("robbed")) {
			e.same("instance that is not the VM's", domain.InstanceNone, vm.Instance)
			e.same("what is told of it", domain.VM{}, domain.VM{InstanceID: vm.InstanceID, Phase: vm.Phase, Node: vm.Node,
				PrimaryIP: vm.PrimaryIP, StartedAt: vm.StartedAt, Interfaces: vm.Interfaces})
			e.holds(vm.Status != domain.StatusRunning && vm.Status != domain.StatusStarting, "the VM is %s", summary(vm))
		}
		e.sleep(4 * e.h.interval())
	}

	// One instance after the other, read all the while.
	e.create(e.spec("own", domain.RunStrategyAlways))
	began := map[string]time.Time{}
	e.until("own", "RUNNING", func(vm *domain.VM) bool {
		e.wholeInstance(vm, began)
		return vm.Status == domain.StatusRunning
	})
	e.must("delete", e.remove("own"))
	e.eventually("own is gone", func() bool {
		vm, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, "own")
		if err != nil {
			return e.code("get", err, domain.CodeVMNotFound)
		}
		e.wholeInstance(vm, began)
		return false
	})
}

// wholeInstance finds fault with an instance of which some parts are missing, or are those of another one.
func (e *env) wholeInstance(vm *domain.VM, began map[string]time.Time) {
	if vm.InstanceID == "" {
		e.holds(vm.Instance == domain.InstanceNone && vm.Node == "" && vm.StartedAt.IsZero(), "parts of an instance without an id: %s on node %q", summary(vm), vm.Node)
		return
	}
	if vm.StartedAt.IsZero() {
		return
	}
	if first, known := began[vm.InstanceID]; known {
		e.same("start of one and the same instance", first, vm.StartedAt)
	}
	began[vm.InstanceID] = vm.StartedAt
}

func checkReadYourWrites(e *env) {
	made := e.create(e.spec("vm", domain.RunStrategyHalted))
	e.same("UID right after the create", made.UID, e.get("vm").UID)
	e.stores("right after the create", "vm")
	e.settles("vm", domain.StatusStopped)
	if e.has(NeedUpdate) {
		e.readsOwnUpdates("vm")
	}
	if e.has(NeedPower) {
		e.must("start", e.start("vm"))
		e.same("run strategy right after the start", domain.RunStrategyAlways, e.get("vm").RunStrategy)
		e.settles("vm", domain.StatusRunning)
		e.must("stop", e.stop("vm"))
		e.same("run strategy right after the stop", domain.RunStrategyHalted, e.get("vm").RunStrategy)
	}
	e.must("delete", e.remove("vm"))
	vm, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, "vm")
	if e.codes("get right after the delete", err, "", domain.CodeVMNotFound) && err == nil {
		e.same("status right after the delete", domain.StatusDeleting, vm.Status)
	}
	for _, vm := range e.list(provider.ListOptions{}).Items {
		e.same("status listed right after the delete", domain.StatusDeleting, vm.Status)
	}
}

// readsOwnUpdates finds fault with reads that do not see what was written before.
func (e *env) readsOwnUpdates(name string) {
	for _, value := range []string{"1", "2", "3"} {
		_, _, err := e.update(name, label("step", value))
		e.must("update", err)
		e.same("label right after the update", value, e.get(name).Labels["step"])
		for _, vm := range e.list(provider.ListOptions{}).Items {
			e.same("label listed right after the update", value, vm.Labels["step"])
		}
	}
}

func checkBulkhead(e *env) {
	const stuck = 32
	_, err := e.Provider.CreateVM(e.ctx, e.other, e.ns, e.spec("vm", domain.RunStrategyHalted), provider.CreateOptions{})
	e.must("create on "+e.other, err)
	hanging, release := context.WithCancel(e.ctx)
	defer release()
	e.failing(Fault{Kind: FaultHang}, func() {
		e.concurrently(stuck+1, func(n int) {
			if n < stuck {
				err := second(e.Provider.ListVMs(hanging, e.cluster, e.ns, provider.ListOptions{}))
				e.code("list of the cluster that hangs", err, domain.CodeCanceled)
				return
			}
			defer release()
			e.sleep(e.while())
			e.besides(e.other)
		})
	})
}

// besides finds fault with calls to a cluster that take long, because of another one. A busy computer gets a second and a
// third chance.
func (e *env) besides(cluster string) {
	const bound, chances = time.Second, 3
	for what, call := range map[string]func(ctx context.Context, chance int) error{
		"get": func(ctx context.Context, _ int) error {
			return second(e.Provider.GetVM(ctx, cluster, e.ns, "vm"))
		},
		"list": func(ctx context.Context, _ int) error {
			return second(e.Provider.ListVMs(ctx, cluster, e.ns, provider.ListOptions{}))
		},
		"create": func(ctx context.Context, chance int) error {
			spec := e.spec(fmt.Sprintf("new-%d", chance), domain.RunStrategyHalted)
			return second(e.Provider.CreateVM(ctx, cluster, e.ns, spec, provider.CreateOptions{}))
		},
	} {
		var err error
		took := time.Duration(math.MaxInt64)
		for chance := 0; chance < chances && (took >= bound || err != nil); chance++ {
			ctx, cancel := context.WithTimeout(e.ctx, 5*bound)
			began := time.Now()
			err = call(ctx, chance)
			took = time.Since(began)
			cancel()
		}
		e.code(what+" on the other cluster", err, "")
		e.holds(took < bound, "%s on the other cluster took %s", what, took)
	}
}
