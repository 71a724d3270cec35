package kubevirtsim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	kubevirtv1 "kubevirt.io/api/core/v1"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"
	"kubevirt.io/client-go/kubevirt"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// connect makes a server, and upstream's generated clientset for it.
func connect(t testing.TB, opts kubevirtsim.Options) (*kubevirtsim.Server, *kubevirt.Clientset) {
	t.Helper()
	sim, err := kubevirtsim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	client, err := kubevirt.NewForConfig(&rest.Config{Host: "http://kubevirtsim", Dial: sim.Dial, QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	return sim, client
}

func newVM(name string, strategy kubevirtv1.VirtualMachineRunStrategy) *kubevirtv1.VirtualMachine {
	vm := &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "web"}}}
	vm.Spec.RunStrategy = &strategy
	vm.Spec.Template = &kubevirtv1.VirtualMachineInstanceTemplateSpec{}
	domain := &vm.Spec.Template.Spec.Domain
	domain.Memory = &kubevirtv1.Memory{Guest: new(resource.MustParse("128Mi"))}
	domain.Devices.Disks = []kubevirtv1.Disk{{Name: "root", DiskDevice: kubevirtv1.DiskDevice{Disk: &kubevirtv1.DiskTarget{Bus: "virtio"}}}}
	vm.Spec.Template.Spec.Volumes = []kubevirtv1.Volume{{Name: "root",
		VolumeSource: kubevirtv1.VolumeSource{ContainerDisk: &kubevirtv1.ContainerDiskSource{Image: "registry.example/disk:1"}}}}
	return vm
}

// must fails the test on the error of a call, and gives back what it returned.
func must[T any](t testing.TB) func(T, error) T {
	return func(got T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
}

func settle() {
	time.Sleep(time.Second)
	synctest.Wait()
}

// TestClientset: upstream's generated clientset finds all that it knows.
func TestClientset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := connect(t, kubevirtsim.Options{})
		vms, instances := client.KubevirtV1().VirtualMachines("default"), client.KubevirtV1().VirtualMachineInstances("default")
		mustVM := must[*kubevirtv1.VirtualMachine](t)
		ctx := t.Context()

		made := mustVM(vms.Create(ctx, newVM("vm", kubevirtv1.RunStrategyManual), metav1.CreateOptions{}))
		if _, err := vms.Create(ctx, newVM("vm", kubevirtv1.RunStrategyManual), metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
			t.Errorf("a second one of the name: %v", err)
		}
		stale := made.DeepCopy()
		settle()
		made = mustVM(vms.Get(ctx, "vm", metav1.GetOptions{}))
		made.Labels["team"] = "a"
		mustVM(vms.Update(ctx, made, metav1.UpdateOptions{}))
		if _, err := vms.Update(ctx, stale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			t.Errorf("an update of what has changed since: %v", err)
		}
		mustVM(vms.Patch(ctx, "vm", types.JSONPatchType, []byte(`[{"op":"replace","path":"/metadata/labels/team","value":"b"}]`), metav1.PatchOptions{}))
		mustVM(vms.Patch(ctx, "vm", types.ApplyPatchType, []byte(`{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"vm","labels":{"tier":"x"}}}`),
			metav1.PatchOptions{FieldManager: "test"}))
		list := must[*kubevirtv1.VirtualMachineList](t)(vms.List(ctx, metav1.ListOptions{LabelSelector: "team=b,tier=x"}))
		if len(list.Items) != 1 {
			t.Fatalf("%d VMs have the labels", len(list.Items))
		}

		stream := must[watch.Interface](t)(vms.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion}))
		noError := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			settle()
		}
		phase := func(want kubevirtv1.VirtualMachinePrintableStatus) {
			t.Helper()
			if got := mustVM(vms.Get(ctx, "vm", metav1.GetOptions{})).Status.PrintableStatus; got != want {
				t.Fatalf("the VM is %s, want %s", got, want)
			}
		}
		noError("start", vms.Start(ctx, "vm", &kubevirtv1.StartOptions{}))
		phase(kubevirtv1.VirtualMachineStatusRunning)
		noError("pause", instances.Pause(ctx, "vm", &kubevirtv1.PauseOptions{}))
		phase(kubevirtv1.VirtualMachineStatusPaused)
		if err := instances.Pause(ctx, "vm", &kubevirtv1.PauseOptions{}); !apierrors.IsConflict(err) {
			t.Errorf("a second pause: %v", err)
		}
		noError("unpause", instances.Unpause(ctx, "vm", &kubevirtv1.UnpauseOptions{}))

		moves := client.KubevirtV1().VirtualMachineInstanceMigrations("default")
		move := &kubevirtv1.VirtualMachineInstanceMigration{ObjectMeta: metav1.ObjectMeta{GenerateName: "move-"}, Spec: kubevirtv1.VirtualMachineInstanceMigrationSpec{VMIName: "vm"}}
		begun := must[*kubevirtv1.VirtualMachineInstanceMigration](t)(moves.Create(ctx, move, metav1.CreateOptions{}))
		settle()
		if ended := must[*kubevirtv1.VirtualMachineInstanceMigration](t)(moves.Get(ctx, begun.Name, metav1.GetOptions{})); ended.Status.Phase != kubevirtv1.MigrationSucceeded {
			t.Errorf("the migration is %s", ended.Status.Phase)
		}

		noError("restart", vms.Restart(ctx, "vm", &kubevirtv1.RestartOptions{}))
		noError("stop", vms.Stop(ctx, "vm", &kubevirtv1.StopOptions{}))
		phase(kubevirtv1.VirtualMachineStatusStopped)
		noError("delete", vms.Delete(ctx, "vm", metav1.DeleteOptions{}))
		if _, err := vms.Get(ctx, "vm", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("a VM that is gone: %v", err)
		}
		last := watch.Event{}
		for len(stream.ResultChan()) > 0 || last.Type != watch.Deleted {
			last = <-stream.ResultChan()
		}
		stream.Stop()

		kinds := client.InstancetypeV1beta1().VirtualMachineClusterInstancetypes()
		kind := &instancetypev1.VirtualMachineClusterInstancetype{ObjectMeta: metav1.ObjectMeta{Name: "small"}}
		kind.Spec.CPU.Guest, kind.Spec.Memory.Guest = 1, resource.MustParse("1Gi")
		must[*instancetypev1.VirtualMachineClusterInstancetype](t)(kinds.Create(ctx, kind, metav1.CreateOptions{}))
		if kinds := must[*instancetypev1.VirtualMachineClusterInstancetypeList](t)(kinds.List(ctx, metav1.ListOptions{})); len(kinds.Items) != 1 {
			t.Errorf("%d instance types", len(kinds.Items))
		}
	})
}

// TestInformer: an informer of client-go follows fifty VMs through a storm, in which history is compacted and watches
// break in all ways, until it knows what a list knows.
func TestInformer(t *testing.T) {
	// Its complaints are slowed down by the time of the last one, which lies outside the bubble: it would wait for years.
	handlers := utilruntime.ErrorHandlers
	utilruntime.ErrorHandlers = nil
	t.Cleanup(func() { utilruntime.ErrorHandlers = handlers })
	for form, name := range map[kubevirtsim.ExpiredForm]string{
		kubevirtsim.ExpiredInStream: "expired in the stream", kubevirtsim.ExpiredAsStatus: "expired as a status", kubevirtsim.ExpiredMidStream: "expired in the midst",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { storm(t, uint64(form), form) })
		})
	}
}

func storm(t *testing.T, seed uint64, form kubevirtsim.ExpiredForm) {
	const crowd, turns = 50, 200
	sim, client := connect(t, kubevirtsim.Options{Seed: seed, History: 50})
	sim.SetExpiredForm(form)
	vms := client.KubevirtV1().VirtualMachines("default")
	random := rand.New(rand.NewPCG(seed, 0))
	follower, err := kubevirt.NewForConfig(&rest.Config{Host: "http://kubevirtsim", Dial: sim.Dial, QPS: -1, UserAgent: "informer"})
	if err != nil {
		t.Fatal(err)
	}
	source := cache.NewListWatchFromClient(follower.KubevirtV1().RESTClient(), "virtualmachines", "default", fields.Everything())
	store, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: source, ObjectType: &kubevirtv1.VirtualMachine{}, Handler: cache.ResourceEventHandlerFuncs{},
		ResyncPeriod: 24 * time.Hour, // without one it waits for a channel from outside the bubble, and no time passes
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		informer.RunWithContext(ctx)
		close(ended)
	}()
	faults := []kubevirtsim.Fault{
		{Do: kubevirtsim.Reset, After: 3}, {Do: kubevirtsim.Reset, Into: 40}, {Do: kubevirtsim.Truncate, After: 1}, {Do: kubevirtsim.Truncate, Into: 60},
		{Do: kubevirtsim.Garbage, After: 2, Body: "<html>\n"}, {Do: kubevirtsim.Answer, Status: 503}, {Do: kubevirtsim.Answer, Status: 410, Reason: metav1.StatusReasonExpired, After: 2},
	}
	for n := range turns {
		name := fmt.Sprint("vm-", random.IntN(crowd))
		switch vm, err := vms.Get(ctx, name, metav1.GetOptions{}); {
		case apierrors.IsNotFound(err):
			_, err = vms.Create(ctx, newVM(name, kubevirtv1.RunStrategyAlways), metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
		case err != nil:
			t.Fatal(err)
		case random.IntN(3) == 0 && vm.DeletionTimestamp == nil:
			if err := vms.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
		default:
			patch := fmt.Appendf(nil, `{"metadata":{"annotations":{"turn":"%d"}}}`, n)
			if _, err := vms.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		switch random.IntN(8) {
		case 0:
			sim.Compact()
		case 1:
			sim.EndWatches()
		case 2:
			f := faults[random.IntN(len(faults))]
			f.Client, f.Count = "informer", 1+random.IntN(2)
			sim.SetFaults(f)
			sim.EndWatches()
		case 3:
			sim.BreakConnections()
		}
		time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
	}
	sim.SetFaults()
	time.Sleep(2 * time.Minute) // an informer's patience with a broken server grows to about half a minute
	list := must[*kubevirtv1.VirtualMachineList](t)(vms.List(ctx, metav1.ListOptions{}))
	want, got := map[string]string{}, map[string]string{}
	for i := range list.Items {
		want[list.Items[i].Name] = list.Items[i].ResourceVersion
	}
	for _, o := range store.List() {
		vm := o.(runtime.Object).(*kubevirtv1.VirtualMachine) //nolint:forcetypeassert // it holds no others
		got[vm.Name] = vm.ResourceVersion
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("of %d VMs the informer knows (-want +got):\n%s", len(want), diff)
	}
	cancel()
	<-ended
}
