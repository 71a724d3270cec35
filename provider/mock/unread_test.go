package mock_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// TestUnmappable: one VM that cannot be read hides no other, takes its place on its page, and can be deleted.
func TestUnmappable(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			s := spec(name)
			s.RunStrategy = domain.RunStrategyHalted
			c.create(s)
		}
		for _, name := range []string{"b", "e"} {
			c.good(c.p.SetKnobs(c.ref(name), mock.Knobs{Unmappable: true}))
		}
		for limit := 1; limit <= 6; limit++ {
			var items, bad []string
			opts := provider.ListOptions{Limit: limit}
			for pages := 1; ; pages++ {
				page, err := c.p.ListVMs(c.ctx(), "mock", "team", opts)
				c.good(err)
				if pages == 1 && *page.Total != 5 {
					t.Errorf("total %d", *page.Total)
				}
				if n := len(page.Items) + len(page.ItemErrors); n > limit {
					t.Errorf("%d on a page of %d", n, limit)
				}
				for _, vm := range page.Items {
					items = append(items, vm.Name)
				}
				for _, item := range page.ItemErrors {
					bad = append(bad, item.Ref.Name)
					if !errors.Is(item, domain.CodeIncompatibleSchema) || item.Err.Op != provider.OpListVMs || item.Ref.UID == "" || len(item.Err.Fields) == 0 {
						t.Errorf("%+v", item.Err)
					}
				}
				if opts.Continue = page.Continue; opts.Continue == "" {
					break
				}
			}
			if diff := cmp.Diff([][]string{{"a", "c", "d"}, {"b", "e"}}, [][]string{items, bad}); diff != "" {
				t.Errorf("pages of %d (-want +got):\n%s", limit, diff)
			}
		}
		_, err := c.p.GetVM(c.ctx(), "mock", "team", "b")
		c.code(err, domain.CodeIncompatibleSchema)
		c.code(c.p.StartVM(c.ctx(), "mock", "team", "b", provider.StartOptions{}), domain.CodeIncompatibleSchema)
		_, err = c.p.CreateVM(c.ctx(), "mock", "team", spec("b"), provider.CreateOptions{})
		c.code(err, domain.CodeIncompatibleSchema)
		_, err = c.p.ApplyVM(c.ctx(), "mock", "team", spec("b"), provider.ApplyOptions{})
		c.code(err, domain.CodeIncompatibleSchema)
		c.good(c.p.DeleteVM(c.ctx(), "mock", "team", "b", provider.DeleteOptions{}))
		c.good(provider.WaitVMGone(c.ctx(), c.p, "mock", "team", "b", provider.WaitOptions{}))
		c.good(c.p.SetKnobs(c.ref("e"), mock.Knobs{}))
		c.get("e")
	})
}

// TestInstanceUnreadable: the VM's own object still tells the state, and nothing that only the instance knows.
func TestInstanceUnreadable(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		c.create(spec("vm"))
		unread := func(knobs mock.Knobs) (*domain.VM, *domain.VM) {
			t.Helper()
			time.Sleep(time.Second)
			c.good(c.p.SetKnobs(c.ref("vm"), knobs))
			time.Sleep(time.Second)
			whole := c.get("vm")
			knobs.InstanceUnreadable = true
			c.good(c.p.SetKnobs(c.ref("vm"), knobs))
			time.Sleep(time.Second)
			vm := c.get("vm")
			if !vm.Read.InstanceUnread || whole.Read.InstanceUnread || vm.Node != "" || vm.PrimaryIP != "" || vm.Interfaces != nil || vm.InstanceID != "" ||
				vm.InstanceRevision != "" || vm.Phase != "" || vm.GuestOS != nil || !vm.StartedAt.IsZero() || vm.Migration != nil ||
				vm.CPU.Source != domain.SourceSpec || vm.Disks[0].Attached != "" {
				t.Errorf("%+v", vm)
			}
			list, err := c.p.ListVMs(c.ctx(), "mock", "team", provider.ListOptions{})
			c.good(err)
			if diff := cmp.Diff([]*domain.VM{vm}, list.Items); diff != "" {
				t.Errorf("in a list it is another:\n%s", diff)
			}
			return whole, vm
		}
		c.is("vm", domain.StatusRunning)
		whole, vm := unread(mock.Knobs{NotMigratable: true})
		if diff := cmp.Diff(whole.Situation(), vm.Situation()); diff != "" || vm.Status != domain.StatusRunning || vm.NotMigratableReason == "" || vm.GuestAgent != domain.FactYes || vm.Ready != domain.FactYes {
			t.Errorf("running: %+v\n%s", vm, diff)
		}
		c.good(c.p.PauseVM(c.ctx(), "mock", "team", "vm", provider.PauseOptions{}))
		if _, vm := unread(mock.Knobs{}); vm.Status != domain.StatusPaused || !vm.Paused || vm.Reason != domain.ReasonPausedByUser || vm.Since.IsZero() {
			t.Errorf("paused: %+v", vm)
		}
		c.good(c.p.UnpauseVM(c.ctx(), "mock", "team", "vm", provider.UnpauseOptions{}))
		c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{MigrationNeverEnds: true, InstanceUnreadable: true}))
		_, err := c.p.MigrateVM(c.ctx(), "mock", "team", "vm", provider.MigrateOptions{})
		c.good(err)
		if _, vm := unread(mock.Knobs{MigrationNeverEnds: true}); vm.Status != domain.StatusMigrating || !vm.Migrating || !vm.MigrationInFlight || !vm.Since.IsZero() {
			t.Errorf("migrating: %+v", vm)
		}
		c.good(c.p.StopVM(c.ctx(), "mock", "team", "vm", provider.StopOptions{GracePeriod: new(time.Duration(0))}))
		if _, vm := unread(mock.Knobs{}); vm.Status != domain.StatusStopped || vm.Instance != domain.InstanceNone || vm.Since.IsZero() {
			t.Errorf("stopped: %+v", vm)
		}
		c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{Unschedulable: true}))
		c.good(c.p.StartVM(c.ctx(), "mock", "team", "vm", provider.StartOptions{}))
		if _, vm := unread(mock.Knobs{Unschedulable: true}); vm.Status != domain.StatusFailed || vm.Reason != domain.ReasonUnschedulable || vm.Instance != domain.InstanceStarting || vm.Message == "" {
			t.Errorf("unschedulable: %+v", vm)
		}
	})
}

// TestForeignInstance: another owner's instance is none of the VM's, and in its way.
func TestForeignInstance(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{ForeignInstance: true}))
		c.create(spec("vm"))
		vm := c.is("vm", domain.StatusFailed)
		if vm.Reason != domain.ReasonCreateFailed || vm.Instance != domain.InstanceNone || vm.Node != "" || vm.InstanceID != "" || len(vm.Interfaces) != 0 || !vm.SelfHealing {
			t.Errorf("%+v", vm)
		}
		c.code(c.p.PauseVM(c.ctx(), "mock", "team", "vm", provider.PauseOptions{}), domain.CodeVMNotRunning)
		c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{}))
		own := c.is("vm", domain.StatusRunning)
		c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{ForeignInstance: true}))
		time.Sleep(time.Second)
		if vm := c.get("vm"); vm.InstanceID != own.InstanceID || vm.Status != domain.StatusRunning {
			t.Errorf("while it has its own: %+v", vm)
		}
		c.good(c.p.RestartVM(c.ctx(), "mock", "team", "vm", provider.RestartOptions{}))
		c.is("vm", domain.StatusFailed)
	})
}

// TestReceived: a receiver waits, and runs when its migration arrives.
func TestReceived(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		c.create(with(domain.RunStrategyWaitAsReceiver))
		c.code(c.p.Happen(c.ref("vm"), mock.Received), domain.CodeVMNotRunning)
		time.Sleep(time.Minute)
		if vm := c.get("vm"); vm.Status != domain.StatusPending || vm.RawStatus != "WaitingForReceiver" {
			t.Errorf("%+v", vm)
		}
		c.good(c.p.Happen(c.ref("vm"), mock.Received))
		if vm := c.is("vm", domain.StatusRunning); vm.Node == "" || vm.RunStrategy != domain.RunStrategyAlways {
			t.Errorf("%+v", vm)
		}
	})
}
