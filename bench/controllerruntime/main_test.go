// Package controllerruntime has tests in which controller-runtime works against the simulator: its client, its cache and a
// controller, in virtual time.
package controllerruntime

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/rest"
	kubevirtv1 "kubevirt.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	// client-go slows its complaints down by the time of the last one, which lies outside the bubble: it would wait for years.
	utilruntime.ErrorHandlers = nil
	os.Exit(m.Run())
}

// site is a simulated cluster, and a client that reads and writes it directly.
type site struct {
	*kubevirtsim.Server
	client.WithWatch
	scheme *runtime.Scheme
}

func newSite(t *testing.T, opts kubevirtsim.Options) *site {
	t.Helper()
	sim, err := kubevirtsim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	s := &site{Server: sim, scheme: runtime.NewScheme()}
	if err := kubevirtv1.AddToScheme(s.scheme); err != nil {
		t.Fatal(err)
	}
	if s.WithWatch, err = client.NewWithWatch(s.config("writer"), client.Options{Scheme: s.scheme}); err != nil {
		t.Fatal(err)
	}
	return s
}

// config connects a client of the name to the cluster.
func (s *site) config(name string) *rest.Config {
	return &rest.Config{Host: "http://kubevirtsim", Dial: s.Dial, QPS: -1, UserAgent: name}
}

func newVM(name string, labels map[string]string) *kubevirtv1.VirtualMachine {
	vm := &kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Labels: labels}}
	vm.Spec.RunStrategy = new(kubevirtv1.RunStrategyAlways)
	vm.Spec.Template = &kubevirtv1.VirtualMachineInstanceTemplateSpec{}
	domain := &vm.Spec.Template.Spec.Domain
	domain.Memory = &kubevirtv1.Memory{Guest: new(resource.MustParse("128Mi"))}
	domain.Devices.Disks = []kubevirtv1.Disk{{Name: "root", DiskDevice: kubevirtv1.DiskDevice{Disk: &kubevirtv1.DiskTarget{Bus: "virtio"}}}}
	vm.Spec.Template.Spec.Volumes = []kubevirtv1.Volume{{Name: "root",
		VolumeSource: kubevirtv1.VolumeSource{ContainerDisk: &kubevirtv1.ContainerDiskSource{Image: "registry.example/disk:1"}}}}
	return vm
}

func noError(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// settle lets everything happen that is under way.
func settle() {
	time.Sleep(time.Second)
	synctest.Wait()
}
