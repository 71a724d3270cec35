// The quickstart takes one VM through its life: create, list, start, pause, unpause, stop, delete.
//
//	go run ./examples/quickstart                     # in memory, no cluster needed
//	go run ./examples/quickstart -kubeconfig FILE    # the same steps on a KubeVirt cluster
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

func main() {
	log.SetFlags(0)
	kubeconfig := flag.String("kubeconfig", "", "use the current context of this kubeconfig instead of the mock")
	namespace := flag.String("namespace", "default", "where to make the VM")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := choose(ctx, os.Stdout, *kubeconfig, *namespace); err != nil {
		stop()
		log.Fatalf("quickstart: %v", err)
	}
}

// cluster is the name by which the provider knows the one cluster of this program.
const cluster = "demo"

// choose runs the tour on the mock, or on the cluster of a kubeconfig.
func choose(ctx context.Context, out io.Writer, kubeconfig, namespace string) (err error) {
	if kubeconfig == "" {
		return tour(ctx, out, mock.New(mock.Options{Clusters: []string{cluster}}), namespace)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	clusters := kubevirt.NewClusters()
	defer func() { err = errors.Join(err, clusters.Close(context.WithoutCancel(ctx))) }()
	if err := clusters.Add(cluster, config, kubevirt.ClusterOptions{}); err != nil {
		return err
	}
	p, err := kubevirt.New(clusters, kubevirt.Options{})
	if err != nil {
		return err
	}
	return tour(ctx, out, p, namespace)
}

// tour is the whole program: it needs no more of a provider than these roles, and does not know which one it has.
func tour(ctx context.Context, out io.Writer, p provider.Provider, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	const name = "quickstart"

	vm, err := p.CreateVM(ctx, cluster, namespace, domain.VMSpec{
		Name:        name,
		RunStrategy: domain.RunStrategyHalted,
		CPU:         domain.CPU{Cores: 1},
		MemoryBytes: 128 << 20,
		Disks:       []domain.Disk{{Name: "root", Kind: domain.DiskImage, Image: "quay.io/kubevirt/cirros-container-disk-demo"}},
		Identity:    domain.Identity{System: "demo", Service: "quickstart"},
	}, provider.CreateOptions{IdempotencyKey: "quickstart-1"})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "create   %s/%s\n", vm.Namespace, vm.Name)
	wait := provider.WaitOptions{Interval: 20 * time.Millisecond, MaxInterval: time.Second, UID: vm.UID}

	steps := []struct {
		verb string
		do   func() error
		want domain.VMStatus
	}{
		{"observe", func() error { return nil }, domain.StatusStopped},
		{"start", func() error { return p.StartVM(ctx, cluster, namespace, name, provider.StartOptions{}) }, domain.StatusRunning},
		{"pause", func() error { return p.PauseVM(ctx, cluster, namespace, name, provider.PauseOptions{}) }, domain.StatusPaused},
		{"unpause", func() error { return p.UnpauseVM(ctx, cluster, namespace, name, provider.UnpauseOptions{}) }, domain.StatusRunning},
		{"stop", func() error { return p.StopVM(ctx, cluster, namespace, name, provider.StopOptions{}) }, domain.StatusStopped},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return err
		}
		vm, err := provider.WaitVM(ctx, p, cluster, namespace, name, provider.In(step.want), wait)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-8s %s\n", step.verb, vm.Status)
	}

	// A verb that the state forbids says so by code, whatever the back end's words are.
	err = p.PauseVM(ctx, cluster, namespace, name, provider.PauseOptions{})
	fmt.Fprintf(out, "pause    %s\n", domain.CodeOf(err))

	for vm, err := range provider.VMs(ctx, p, cluster, namespace, provider.ListOptions{LabelSelector: "kubevirt-shepherd.io/service=quickstart"}) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "list     %s %s\n", vm.Name, vm.Status)
	}

	if err := p.DeleteVM(ctx, cluster, namespace, name, provider.DeleteOptions{UID: vm.UID}); err != nil {
		return err
	}
	if err := provider.WaitVMGone(ctx, p, cluster, namespace, name, wait); err != nil {
		return err
	}
	fmt.Fprintln(out, "delete   gone")
	return nil
}
