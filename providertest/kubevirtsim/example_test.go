package kubevirtsim_test

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"kubevirt.io/client-go/kubevirt"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// stopExpired is somebody's controller: it stops the VMs that are labelled as expired. It knows nothing of a simulator.
func stopExpired(ctx context.Context, client kubevirt.Interface) error {
	vms, err := client.KubevirtV1().VirtualMachines(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: "expired=true"})
	if err != nil {
		return err
	}
	for _, vm := range vms.Items {
		err := client.KubevirtV1().VirtualMachines(vm.Namespace).Stop(ctx, vm.Name, &kubevirtv1.StopOptions{})
		if err != nil && !apierrors.IsConflict(err) { // a VM that does not run is a conflict
			return err
		}
	}
	return nil
}

// A controller is tested against a server that breaks off its first list.
func Example() {
	sim, _ := kubevirtsim.New(kubevirtsim.Options{})
	defer sim.Close()
	client, _ := kubevirt.NewForConfig(&rest.Config{Host: "http://sim", Dial: sim.Dial})
	vms, ctx := client.KubevirtV1().VirtualMachines("default"), context.Background()
	vm := newVM("old", kubevirtv1.RunStrategyAlways)
	vm.Labels["expired"] = "true"
	_, _ = vms.Create(ctx, vm, metav1.CreateOptions{})
	wait(ctx, client, kubevirtv1.VirtualMachineStatusRunning)

	sim.SetFaults(kubevirtsim.Fault{Path: "/apis/kubevirt.io/**", Do: kubevirtsim.Answer, Status: 500, Reason: metav1.StatusReasonInternalError, Count: 1})
	fmt.Println(apierrors.IsInternalError(stopExpired(ctx, client)))
	fmt.Println(stopExpired(ctx, client))
	wait(ctx, client, kubevirtv1.VirtualMachineStatusStopped)
	// Output:
	// Running
	// true
	// <nil>
	// Stopped
}

// wait waits for the VM to be in a state, and prints it.
func wait(ctx context.Context, client kubevirt.Interface, want kubevirtv1.VirtualMachinePrintableStatus) {
	for {
		vm, err := client.KubevirtV1().VirtualMachines("default").Get(ctx, "old", metav1.GetOptions{})
		if err != nil || vm.Status.PrintableStatus == want {
			fmt.Println(vm.Status.PrintableStatus)
			return
		}
		time.Sleep(time.Millisecond)
	}
}
