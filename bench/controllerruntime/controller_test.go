package controllerruntime

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	kubevirtv1 "kubevirt.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// stopper stops the VMs that are labelled expired.
type stopper struct{ client.Client }

func (s stopper) Reconcile(ctx context.Context, r reconcile.Request) (reconcile.Result, error) {
	vm := &kubevirtv1.VirtualMachine{}
	if err := s.Get(ctx, r.NamespacedName, vm); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if vm.Labels["expired"] != "true" || *vm.Spec.RunStrategy == kubevirtv1.RunStrategyHalted {
		return reconcile.Result{}, nil
	}
	base := vm.DeepCopy()
	vm.Spec.RunStrategy = new(kubevirtv1.RunStrategyHalted)
	return reconcile.Result{}, s.Patch(ctx, vm, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
}

// TestController: somebody's controller, made by controller-runtime's builder, does its work on VMs that were there, that
// come and that change, on the bad days too.
func TestController(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := newSite(t, kubevirtsim.Options{}), t.Context()
		expired := map[string]string{"expired": "true"}
		noError(t, "create", s.Create(ctx, newVM("before", expired)))
		noError(t, "create", s.Create(ctx, newVM("other", nil)))
		settle()

		manager, err := ctrl.NewManager(s.config("stopper"), ctrl.Options{Scheme: s.scheme, Metrics: server.Options{BindAddress: "0"}})
		noError(t, "manager", err)
		noError(t, "controller", ctrl.NewControllerManagedBy(manager).For(&kubevirtv1.VirtualMachine{}).
			WithOptions(controller.Options{SkipNameValidation: new(true)}).Complete(stopper{manager.GetClient()}))
		ctx, stop := context.WithCancel(ctx)
		var running sync.WaitGroup
		running.Go(func() {
			if err := manager.Start(ctx); err != nil {
				t.Errorf("the manager ends with %v", err)
			}
		})
		settle()
		statuses(t, s, map[string]string{"before": "Stopped", "other": "Running"})

		noError(t, "create", s.Create(ctx, newVM("after", expired)))
		var other kubevirtv1.VirtualMachine
		noError(t, "get", s.Get(ctx, client.ObjectKey{Namespace: "default", Name: "other"}, &other))
		base := other.DeepCopy()
		other.Labels = expired
		noError(t, "patch", s.Patch(ctx, &other, client.MergeFrom(base)))
		settle()
		statuses(t, s, map[string]string{"before": "Stopped", "other": "Stopped", "after": "Stopped"})

		// Its patches are refused, and its watch breaks: it tries again.
		s.SetFaults(kubevirtsim.Fault{Do: kubevirtsim.Answer, Status: 500, Client: "stopper", Count: 3})
		s.Compact()
		s.BreakConnections()
		for n := range 5 {
			noError(t, "create", s.Create(ctx, newVM(fmt.Sprint("late-", n), expired)))
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		want := map[string]string{"before": "Stopped", "other": "Stopped", "after": "Stopped"}
		for n := range 5 {
			want[fmt.Sprint("late-", n)] = "Stopped"
		}
		statuses(t, s, want)
		stop()
		running.Wait()
		settle() // its queue finds out at the next tick
	})
}

func statuses(t *testing.T, s *site, want map[string]string) {
	t.Helper()
	var list kubevirtv1.VirtualMachineList
	noError(t, "list", s.List(t.Context(), &list))
	got := map[string]string{}
	for _, vm := range list.Items {
		got[vm.Name] = string(vm.Status.PrintableStatus)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("VMs (-want +got):\n%s", diff)
	}
}
