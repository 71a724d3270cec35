package mock_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// A VM is created, comes up and is stopped, without a cluster.
func Example() {
	ctx := context.Background()
	p := mock.New(mock.Options{})
	_, err := p.CreateVM(ctx, "mock", "team-a", domain.VMSpec{
		Name:        "web",
		RunStrategy: domain.RunStrategyAlways,
		MemoryBytes: 1 << 30,
	}, provider.CreateOptions{IdempotencyKey: "order-4711"})
	if err != nil {
		fmt.Println(err)
		return
	}
	vm, err := provider.WaitVM(ctx, p, "mock", "team-a", "web", provider.In(domain.StatusRunning), provider.WaitOptions{Interval: 10e6})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(vm.Status, vm.PrimaryIP, vm.Node)
	fmt.Println(domain.CodeOf(p.StartVM(ctx, "mock", "team-a", "web", provider.StartOptions{})))
	// Output:
	// RUNNING 10.0.0.1 node-2
	// VM_ALREADY_RUNNING
}

// Knobs make a VM fail for the reasons that real ones fail for.
func ExampleProvider_SetKnobs() {
	ctx := context.Background()
	p := mock.New(mock.Options{})
	web := domain.Ref{Cluster: "mock", Namespace: "team-a", Name: "web"}
	if err := p.SetKnobs(web, mock.Knobs{Unschedulable: true}); err != nil {
		fmt.Println(err)
		return
	}
	spec := domain.VMSpec{Name: "web", RunStrategy: domain.RunStrategyAlways, MemoryBytes: 1 << 50}
	if _, err := p.CreateVM(ctx, "mock", "team-a", spec, provider.CreateOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	vm, err := provider.WaitVM(ctx, p, "mock", "team-a", "web", provider.In(domain.StatusFailed), provider.WaitOptions{Interval: 10e6})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(vm.Status, vm.Reason, vm.SelfHealing)
	// Output:
	// FAILED UNSCHEDULABLE true
}

// Seeded VMs are there as if they had been there before.
func ExampleProvider_Seed() {
	p := mock.New(mock.Options{Clusters: []string{"north", "south"}})
	err := p.Seed([]*domain.VM{
		{Cluster: "north", Namespace: "team-a", Name: "web", Status: domain.StatusRunning},
		{Cluster: "south", Namespace: "team-a", Name: "db", Status: domain.StatusStopped},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, cluster := range []string{"north", "south"} {
		for vm, err := range provider.VMs(context.Background(), p, cluster, provider.AllNamespaces, provider.ListOptions{}) {
			fmt.Println(vm.Ref(), vm.Status, err)
		}
	}
	// Output:
	// north/team-a/web RUNNING <nil>
	// south/team-a/db STOPPED <nil>
}

// A cluster that does what it was asked and loses the answer: the same call with the same key finds out.
func ExampleProvider_Faults() {
	ctx := context.Background()
	p := mock.New(mock.Options{})
	err := p.Faults(mock.Fault{Op: provider.OpCreateVM, Code: domain.CodeClusterUnreachable, After: true, Count: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	spec := domain.VMSpec{Name: "web", RunStrategy: domain.RunStrategyAlways, MemoryBytes: 1 << 30}
	opts := provider.CreateOptions{IdempotencyKey: "order-4711"}
	_, err = p.CreateVM(ctx, "mock", "team-a", spec, opts)
	fmt.Println(domain.CodeOf(err))
	vm, err := p.CreateVM(ctx, "mock", "team-a", spec, opts)
	fmt.Println(vm.Name, err)
	fmt.Println(p.Requests())
	// Output:
	// CLUSTER_UNREACHABLE
	// web <nil>
	// 0 2
}

// What was recorded once, on a cluster say, can be had again without one.
func ExamplePlayer() {
	ctx := context.Background()
	var record bytes.Buffer
	recorder := mock.NewRecorder(&record)
	live := provider.Wrap(mock.New(mock.Options{}), recorder.Hook())
	fmt.Println(domain.CodeOf(live.StartVM(ctx, "mock", "team-a", "web", provider.StartOptions{})), recorder.Err())

	player, err := mock.NewPlayer(&record)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(domain.CodeOf(player.StartVM(ctx, "mock", "team-a", "web", provider.StartOptions{})))
	fmt.Println(player.StopVM(ctx, "mock", "team-a", "web", provider.StopOptions{}))
	// Output:
	// VM_NOT_FOUND <nil>
	// VM_NOT_FOUND
	// stop_vm: INTERNAL (cluster=mock name=web namespace=team-a reason=not_recorded)
}
