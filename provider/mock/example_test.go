package mock_test

import (
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
