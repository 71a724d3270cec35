package customprovider_test

import (
	"context"
	"fmt"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/examples/customprovider"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// What a host does with a provider it does with this one, helpers included.
func Example() {
	ctx := context.Background()
	p := customprovider.New("attic")
	spec := domain.VMSpec{Name: "web", RunStrategy: domain.RunStrategyHalted, MemoryBytes: 1 << 30}
	if _, err := p.CreateVM(ctx, "attic", "team-a", spec, provider.CreateOptions{}); err != nil {
		fmt.Println(err)
	}
	if err := provider.EnsureRunning(ctx, p, "attic", "team-a", "web", provider.StartOptions{}); err != nil {
		fmt.Println(err)
	}
	for vm, err := range provider.VMs(ctx, p, "attic", provider.AllNamespaces, provider.ListOptions{}) {
		fmt.Println(vm.Name, vm.Status, err)
	}
	fmt.Println(p.StartVM(ctx, "attic", "team-a", "web", provider.StartOptions{}))
	fmt.Println(domain.CodeOf(p.PauseVM(ctx, "attic", "team-a", "web", provider.PauseOptions{})))
	// Output:
	// web RUNNING <nil>
	// start_vm: VM_ALREADY_RUNNING (cluster=attic name=web namespace=team-a status=RUNNING uid=attic-vm-1)
	// CAPABILITY_UNSUPPORTED
}
