package mapper_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

// A spec becomes the body of a server-side apply; what it has no field for comes from the manifest.
func ExampleMapper_BuildVM() {
	manifest, err := mapper.ManifestFromYAML([]byte(`
kind: VirtualMachine
spec:
  template:
    spec:
      evictionStrategy: LiveMigrate
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	body, err := mapper.New(mapper.Options{}).BuildVM("team-a", domain.VMSpec{
		Name:        "web-1",
		RunStrategy: domain.RunStrategyAlways,
		MemoryBytes: 2 << 30,
		Manifest:    manifest,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	template, _ := json.Marshal(body["spec"].(map[string]any)["template"])
	fmt.Println(string(template))
	// Output: {"spec":{"domain":{"devices":{"interfaces":[{"masquerade":{},"name":"default"}]},"memory":{"guest":"2Gi"}},"evictionStrategy":"LiveMigrate","networks":[{"name":"default","pod":{}}]}}
}

// Every field that is wrong is named, in the terms of the spec.
func ExampleMapper_BuildVM_refused() {
	_, err := mapper.New(mapper.Options{}).BuildVM("team-a", domain.VMSpec{
		Name:  "web-1",
		Disks: []domain.Disk{{Name: "data", Kind: domain.DiskBlank}},
	})
	if e, ok := errors.AsType[*domain.Error](err); ok {
		for _, field := range e.Fields {
			fmt.Println(field.Field, field.Reason)
		}
	}
	// Output:
	// runStrategy required
	// memoryBytes required
	// disks[0].bytes required
}

// A cache keeps records, which are small and comparable, and makes VMs of them when it is asked.
func ExampleMapper_Join() {
	m := mapper.New(mapper.Options{Cluster: "c1"})
	vm, err := m.DecodeVM([]byte(`{
		"metadata": {"namespace": "team-a", "name": "web-1", "uid": "u1", "resourceVersion": "7"},
		"spec": {"runStrategy": "Always"}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	instance, err := m.DecodeInstance([]byte(`{
		"metadata": {"namespace": "team-a", "name": "web-1", "ownerReferences": [{"uid": "u1", "controller": true}]},
		"status": {"phase": "Running", "nodeName": "node-1"}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(vm.Key(), instance.OwnerUID() == vm.UID(), instance.Node())
	joined := m.Join(vm, instance)
	fmt.Println(joined.Status, joined.Node)
	// Output:
	// team-a/web-1 true node-1
	// RUNNING node-1
}
