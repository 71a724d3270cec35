package provider_test

import (
	"context"
	"fmt"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// An inventory is kept by laying events over each other. What it keeps besides is the revision, to go on from when the
// program begins again.
func ExampleVMWatcher() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var p provider.Provider = mock.New(mock.Options{Timing: mock.Timing{Observe: -1, Schedule: -1, Boot: -1, Agent: -1}})
	create := func(name string) {
		spec := domain.VMSpec{Name: name, RunStrategy: domain.RunStrategyHalted, MemoryBytes: 1 << 30}
		if _, err := p.CreateVM(ctx, "mock", "team-a", spec, provider.CreateOptions{}); err != nil {
			fmt.Println(err)
		}
	}
	create("db")
	create("web")

	inventory := map[string]domain.VMStatus{}
	revision := ""
	for event, err := range p.WatchVMs(ctx, "mock", "team-a", provider.WatchOptions{}) {
		if err != nil {
			fmt.Println(err)
			continue // of one VM; any other error ends the loop by itself
		}
		if event.Revision != "" {
			revision = event.Revision
		}
		switch event.Type {
		case domain.EventRebuilding:
			fmt.Println("the inventory may be out of date") // until SYNCED
		case domain.EventSynced:
			fmt.Println("the inventory is whole:", inventory)
		case domain.EventDeleted:
			delete(inventory, event.Value.Name)
		case domain.EventAdded, domain.EventModified:
			inventory[event.Value.Name] = event.Value.Status
		}
		if event.Type == domain.EventSynced {
			break
		}
	}

	// While nobody looks.
	if err := p.DeleteVM(ctx, "mock", "team-a", "db", provider.DeleteOptions{}); err != nil {
		fmt.Println(err)
	}
	for event, err := range p.WatchVMs(ctx, "mock", "team-a", provider.WatchOptions{Revision: revision}) {
		if err != nil {
			fmt.Println(err) // REVISION_EXPIRED: begin without one
			continue
		}
		if event.Type == domain.EventDeleted {
			fmt.Println(event.Value.Name, "is gone")
			break
		}
	}
	// Output:
	// the inventory is whole: map[db:STOPPED web:STOPPED]
	// db is gone
}
