package kubevirtsim

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	kubevirtv1 "kubevirt.io/api/core/v1"
)

const (
	always = "Always"
	halted = "Halted"
)

// shown is the VM's word for its state; empty when there is no VM.
func (w world) shown() string {
	w.Helper()
	vm := &kubevirtv1.VirtualMachine{}
	if !w.read(machinePath+"/vm", vm) {
		return ""
	}
	return string(vm.Status.PrintableStatus)
}

func (w world) delete(path string) {
	w.Helper()
	w.accepted(w.do(http.MethodDelete, path, ""))
}

func (w world) merge(path, patch string) {
	w.Helper()
	w.accepted(w.do(http.MethodPatch, path, patch, "Content-Type", "application/merge-patch+json"))
}

// migrate makes a migration of the VM's instance.
func (w world) migrate(name string) {
	w.Helper()
	w.accepted(w.do(http.MethodPost, migrationPath, `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceMigration","metadata":{"name":"`+
		name+`"},"spec":{"vmiName":"vm"}}`, "Content-Type", "application/json"))
}

// migration is its phase; empty when there is none.
func (w world) migration(name string) string {
	w.Helper()
	migration := &kubevirtv1.VirtualMachineInstanceMigration{}
	if !w.read(migrationPath+"/"+name, migration) {
		return "none"
	}
	return string(migration.Status.Phase)
}

// holds fails when the controller keeps something of what is gone.
func (w world) holds(guests, knobs int) {
	w.Helper()
	c := w.sim.controller
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.guests) != guests || len(c.knobs) != knobs || len(c.due) > guests {
		w.Errorf("the controller holds %d VMs, the knobs of %d, and waits for %d; want %d and %d", len(c.guests), len(c.knobs), len(c.due), guests, knobs)
	}
	place := map[*guest]bool{}
	for n, g := range c.due {
		if place[g] || g.place != n+1 || c.guests[g.key] != g {
			w.Errorf("%s stands at %d in the heap, and is told %d", g.key, n, g.place)
		}
		place[g] = true
	}
}

func TestDeleteWhileStarting(t *testing.T) {
	for _, after := range []time.Duration{0, 5 * time.Millisecond, 15 * time.Millisecond, 25 * time.Millisecond, 70 * time.Millisecond, 150 * time.Millisecond, 185 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			inWorld(t, Options{}, func(w world) {
				w.accepted(w.do(http.MethodPost, machinePath, strings.Replace(fmt.Sprintf(haltedVM, "vm"), halted, always, 1), "Content-Type", "application/json"))
				time.Sleep(after)
				w.delete(machinePath + "/vm")
				settle()
				if w.shown() != "" || w.vmi() != nil {
					t.Errorf("of a VM that was deleted after %v there is %q and an instance: %t", after, w.shown(), w.vmi() != nil)
				}
				w.holds(0, 0)
			})
		})
	}
}

func TestRecreated(t *testing.T) {
	t.Run("after it is gone", func(t *testing.T) {
		inWorld(t, Options{}, func(w world) {
			w.create(always, Knobs{})
			first := w.vmi().UID
			for range 20 {
				w.delete(machinePath + "/vm")
				settle()
				w.create(always, Knobs{})
			}
			if vmi := w.vmi(); vmi == nil || vmi.UID == first || vmi.OwnerReferences[0].UID != w.vm().UID || w.shown() != "Running" {
				t.Errorf("the second VM of the name is %s", w.shown())
			}
			w.holds(1, 0)
		})
	})
	t.Run("past the finalizer", func(t *testing.T) {
		inWorld(t, Options{}, func(w world) {
			w.create(always, Knobs{})
			first := w.vmi().UID
			w.sim.controller.mu.Lock() // it is not to see the first one go
			w.delete(machinePath + "/vm")
			w.merge(machinePath+"/vm", `{"metadata":{"finalizers":null}}`)
			w.accepted(w.do(http.MethodPost, machinePath, strings.Replace(fmt.Sprintf(haltedVM, "vm"), halted, always, 1), "Content-Type", "application/json"))
			w.sim.controller.mu.Unlock()
			settle()
			if vmi := w.vmi(); vmi == nil || vmi.UID == first || vmi.OwnerReferences[0].UID != w.vm().UID || w.shown() != "Running" {
				t.Errorf("the instance of the first VM is in the way of the second, which is %s", w.shown())
			}
			w.holds(1, 0)
		})
	})
}

// TestKnobsGo: knobs wait for a VM and go with it.
func TestKnobsGo(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create(always, Knobs{Unschedulable: true})
		if got := w.shown(); got != "ErrorUnschedulable" {
			t.Fatalf("the knobs have waited for the VM, which is %s", got)
		}
		w.holds(1, 1)
		w.delete(machinePath + "/vm")
		settle()
		w.holds(0, 0)
		w.createSpec(map[string]any{"runStrategy": always, "template": template()})
		if got := w.shown(); got != "Running" {
			t.Errorf("the knobs of a VM that is gone turn those of another, which is %s", got)
		}
		w.sim.SetKnobs("default", "vm", Knobs{NoGuestAgent: true})
		w.sim.SetKnobs("default", "vm", Knobs{})
		w.holds(1, 0)
	})
}

func TestInstanceDeletedByClient(t *testing.T) {
	cases := map[string]struct {
		why, strategy string
		another       bool
		shown         string
	}{
		"always": {"another is started", always, true, "Running"},
		"manual": {"nobody has asked for another", "Manual", false, "Stopped"},
		"once":   {"a VM that runs once has had its run once its instance was there", "Once", true, "Running"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, Options{}, func(w world) {
				w.create(c.strategy, Knobs{})
				if c.strategy == "Manual" {
					w.accepted(w.verb("start", ""))
					settle()
				}
				first := w.vmi().UID
				w.delete(instancePath + "/vm")
				settle()
				vmi := w.vmi()
				if got := vmi != nil && vmi.UID != first; got != c.another || w.shown() != c.shown {
					t.Errorf("%s\nanother instance: %t, and the VM is %s", c.why, got, w.shown())
				}
			})
		})
	}
	t.Run("past the finalizer", func(t *testing.T) {
		inWorld(t, Options{}, func(w world) {
			w.create(always, Knobs{})
			first := w.vmi().UID
			w.delete(instancePath + "/vm")
			w.merge(instancePath+"/vm", `{"metadata":{"finalizers":null}}`)
			settle()
			if vmi := w.vmi(); vmi == nil || vmi.UID == first || w.shown() != "Running" {
				t.Errorf("the instance is gone at once, and the VM is %s", w.shown())
			}
		})
	})
}

// TestForeignInstance: an instance without a VM holds its name until somebody deletes it.
func TestForeignInstance(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		if err := w.sim.Inject([]byte(`{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","metadata":{"namespace":"default","name":"vm",
			"finalizers":["` + kubevirtv1.VirtualMachineInstanceFinalizer + `"]},"spec":{"domain":{"devices":{}}},"status":{"phase":"Running"}}`)); err != nil {
			t.Fatal(err)
		}
		stranger := w.vmi().UID
		w.create(always, Knobs{})
		if vm := w.vm(); w.vmi().UID != stranger || vm.Status.Created {
			t.Errorf("the VM takes an instance for its own that is not: %s", w.shown())
		}
		w.delete(instancePath + "/vm")
		settle()
		if vmi := w.vmi(); vmi == nil || vmi.UID == stranger || w.shown() != "Running" {
			t.Errorf("the name is free, and the VM is %s", w.shown())
		}
	})
}

func TestMigrationsOfWhatGoes(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create(always, Knobs{MigrationNeverEnds: true})
		w.migrate("move")
		settle()
		if got := w.migration("move"); got != "Running" {
			t.Fatalf("the migration is %s", got)
		}
		w.delete(machinePath + "/vm")
		settle()
		if got := w.migration("move"); w.shown() != "" || got != "Failed" {
			t.Errorf("the VM is gone, and its migration is %s", got)
		}
		w.delete(migrationPath + "/move")
		settle()
		if got := w.migration("move"); got != "none" {
			t.Errorf("a deleted migration is still %s", got)
		}
	})
}

// TestMigrationsKept: those that have ended are kept up to a number, for each instance.
func TestMigrationsKept(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create(always, Knobs{})
		for n := range 3 * keptMigrations {
			w.migrate(fmt.Sprint("move-", n))
			settle()
		}
		if got := w.sim.api.Table(migrations).Now().Len(); got != keptMigrations {
			t.Errorf("%d migrations are kept, want %d", got, keptMigrations)
		}
	})
}

func TestNamespaceGoes(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create(always, Knobs{})
		w.migrate("move")
		w.accepted(w.do(http.MethodPost, "/apis/instancetype.kubevirt.io/v1beta1/namespaces/default/virtualmachineinstancetypes",
			`{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineInstancetype","metadata":{"name":"small","finalizers":["example.com/hold"]},
			"spec":{"cpu":{"guest":1},"memory":{"guest":"1Gi"}}}`, "Content-Type", "application/json"))
		w.delete(namespacesPath + "/default")
		settle()
		if answer := w.do(http.MethodPost, machinePath, fmt.Sprintf(haltedVM, "late"), "Content-Type", "application/json"); answer.Code != http.StatusForbidden {
			t.Errorf("a namespace that is going takes another VM: %s", answer.Body)
		}
		if w.shown() != "" || w.vmi() != nil || w.migration("move") != "none" {
			t.Errorf("the VM is %q, its migration %s", w.shown(), w.migration("move"))
		}
		if answer := w.do(http.MethodGet, namespacesPath+"/default", ""); answer.Code != http.StatusOK {
			t.Fatalf("somebody's finalizer holds an object and with it the namespace: %d", answer.Code)
		}
		w.merge("/apis/instancetype.kubevirt.io/v1beta1/namespaces/default/virtualmachineinstancetypes/small", `{"metadata":{"finalizers":null}}`)
		settle()
		if answer := w.do(http.MethodGet, namespacesPath+"/default", ""); answer.Code != http.StatusNotFound {
			t.Errorf("the empty namespace is still there: %s", answer.Body)
		}
		w.holds(0, 0)
	})
}

func TestGoBack(t *testing.T) {
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprintf("watches kept %t", keep), func(t *testing.T) {
			inWorld(t, Options{}, func(w world) {
				w.create(always, Knobs{})
				vm, vmi := w.vm(), w.vmi()
				was := w.sim.Checkpoint()
				for range 2 {
					w.delete(machinePath + "/vm")
					settle()
					w.create(halted, Knobs{})
					settle()
					w.sim.GoBack(was, keep)
					settle()
					if got := w.vm(); got.UID != vm.UID || w.vmi() == nil || w.vmi().UID != vmi.UID || w.shown() != "Running" {
						t.Errorf("history has gone back, and the VM is %s", w.shown())
					}
					w.holds(1, 0)
				}
				w.accepted(w.verb("stop", "")) // and life goes on
				settle()
				if w.vmi() != nil || w.shown() != "Stopped" {
					t.Errorf("the VM of before was stopped, and is %s", w.shown())
				}
				w.delete(machinePath + "/vm")
				settle()
				if w.shown() != "" {
					t.Errorf("the VM was deleted, and is %s", w.shown())
				}
			})
		})
	}
}

// TestOvertaken: more happens than the log keeps, and is compacted all the while; nothing is missed.
func TestOvertaken(t *testing.T) {
	inWorld(t, Options{History: 4, Namespaces: []string{"other"}}, func(w world) {
		const vms = 60
		var wait sync.WaitGroup
		for n := range vms {
			wait.Go(func() {
				w.accepted(w.do(http.MethodPost, machinePath, strings.Replace(fmt.Sprintf(haltedVM, fmt.Sprint("vm-", n)), halted, always, 1), "Content-Type", "application/json"))
				w.sim.Compact()
				w.merge(fmt.Sprint(machinePath, "/vm-", n), `{"metadata":{"annotations":{"n":"`+fmt.Sprint(n)+`"}}}`)
				if n%3 == 0 {
					w.delete(fmt.Sprint(machinePath, "/vm-", n))
				}
			})
		}
		wait.Wait()
		settle()
		for n := range vms {
			vm := &kubevirtv1.VirtualMachine{}
			there := w.read(fmt.Sprint(machinePath, "/vm-", n), vm)
			if gone := n%3 == 0; there == gone || there && vm.Status.PrintableStatus != "Running" {
				t.Errorf("VM %d is there: %t, and %s", n, there, vm.Status.PrintableStatus)
			}
		}
		w.holds(vms-vms/3, 0)
	})
}

// TestRest: a VM at rest is written no more, however often it is looked at.
func TestRest(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create(always, Knobs{})
		before := w.sim.store.Revision()
		for range 3 {
			w.sim.controller.mu.Lock()
			w.sim.controller.look("default/vm")
			w.sim.controller.mu.Unlock()
			time.Sleep(time.Hour)
		}
		if after := w.sim.store.Revision(); after != before {
			t.Errorf("%d writes to a VM to which nothing happens", after-before)
		}
	})
}

// TestRequestsRace: what clients ask for while the controller writes is not lost.
func TestRequestsRace(t *testing.T) {
	inWorld(t, Options{Timing: Timing{Observe: -1, Schedule: -1, Boot: -1, Agent: -1, Shutdown: -1}}, func(w world) {
		w.create("Manual", Knobs{})
		for range 30 {
			var wait sync.WaitGroup
			wait.Go(func() { w.accepted(w.verb("start", "")) })
			wait.Go(func() { w.merge(machinePath+"/vm", `{"metadata":{"labels":{"touched":"yes"}}}`) })
			wait.Wait()
			settle()
			if w.shown() != "Running" {
				t.Fatalf("a VM that was started is %s", w.shown())
			}
			w.accepted(w.verb("stop", ""))
			settle()
			if w.shown() != "Stopped" {
				t.Fatalf("a VM that was stopped is %s", w.shown())
			}
		}
	})
}
