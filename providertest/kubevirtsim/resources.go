package kubevirtsim

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// register tells the API server of its resources.
func (s *Server) register() error {
	for _, r := range s.resources() {
		if err := s.api.Register(r); err != nil {
			return err
		}
	}
	s.extend()
	return nil
}

// core are the versions of kubevirt.io's own resources; v1alpha3 is served in all minors, as deprecated.
var core = []string{"v1", "v1alpha3"}

func (s *Server) resources() []rest.Resource {
	return []rest.Resource{
		{Versions: []string{"v1"}, Kind: "Namespace", Plural: "namespaces", ShortNames: []string{"ns"}, BuiltIn: true, Status: true,
			Schema: rest.SchemaOf(corev1.Namespace{})},
		{Versions: []string{"v1"}, Kind: "Node", Plural: "nodes", ShortNames: []string{"no"}, BuiltIn: true, Status: true,
			Schema: rest.SchemaOf(corev1.Node{})},
		{
			Group: "kubevirt.io", Versions: core, Kind: "VirtualMachine", Plural: machines.Resource, Singular: "virtualmachine",
			ShortNames: []string{"vm", "vms"}, Categories: []string{"all"}, Namespaced: true, Status: true,
			Schema: rest.SchemaOf(kubevirtv1.VirtualMachine{}),
		},
		{
			Group: "kubevirt.io", Versions: core, Kind: "VirtualMachineInstance", Plural: instances.Resource, Singular: "virtualmachineinstance",
			ShortNames: []string{"vmi", "vmis"}, Categories: []string{"all"}, Namespaced: true,
			Schema: rest.SchemaOf(kubevirtv1.VirtualMachineInstance{}),
		},
		{
			Group: "kubevirt.io", Versions: core, Kind: "VirtualMachineInstanceMigration", Plural: migrations.Resource,
			Singular: "virtualmachineinstancemigration", ShortNames: []string{"vmim", "vmims"}, Categories: []string{"all"}, Namespaced: true, Status: true,
			Schema: rest.SchemaOf(kubevirtv1.VirtualMachineInstanceMigration{}),
		},
		{
			Group: "kubevirt.io", Versions: core, Kind: "KubeVirt", Plural: "kubevirts", Singular: "kubevirt", ShortNames: []string{"kv", "kvs"},
			Categories: []string{"all"}, Namespaced: true, Status: true, Schema: rest.SchemaOf(kubevirtv1.KubeVirt{}),
		},
		{Group: "instancetype.kubevirt.io", Versions: []string{"v1beta1"}, Kind: "VirtualMachineInstancetype", Plural: "virtualmachineinstancetypes",
			Namespaced: true, Schema: rest.SchemaOf(instancetypev1.VirtualMachineInstancetype{})},
		{Group: "instancetype.kubevirt.io", Versions: []string{"v1beta1"}, Kind: "VirtualMachineClusterInstancetype",
			Plural: "virtualmachineclusterinstancetypes", Schema: rest.SchemaOf(instancetypev1.VirtualMachineClusterInstancetype{})},
		{Group: "instancetype.kubevirt.io", Versions: []string{"v1beta1"}, Kind: "VirtualMachinePreference", Plural: "virtualmachinepreferences",
			Namespaced: true, Schema: rest.SchemaOf(instancetypev1.VirtualMachinePreference{})},
		{Group: "instancetype.kubevirt.io", Versions: []string{"v1beta1"}, Kind: "VirtualMachineClusterPreference",
			Plural: "virtualmachineclusterpreferences", Schema: rest.SchemaOf(instancetypev1.VirtualMachineClusterPreference{})},
	}
}

// furnish makes what is there before any client comes.
func (s *Server) furnish() error {
	namespaces := append([]string{"default", "kube-system", "kubevirt"}, s.options.Namespaces...)
	for _, name := range namespaces {
		if err := s.AddNamespace(name); err != nil {
			return err
		}
	}
	nodes := s.options.Nodes
	if nodes < 1 {
		nodes = 3
	}
	for n := 1; n <= nodes; n++ {
		object := map[string]any{"metadata": map[string]any{"labels": map[string]any{kubevirtv1.NodeSchedulable: "true"}}}
		if err := s.make("nodes", "", nodeName(n), object); err != nil {
			return fmt.Errorf("node %d: %w", n, err)
		}
	}
	return nil
}

// AddNamespace makes a namespace, as a client could.
func (s *Server) AddNamespace(name string) error {
	return s.make("namespaces", "", name, map[string]any{"status": map[string]any{"phase": "Active"}})
}

// make creates an object of the API server's own.
func (s *Server) make(resource, namespace, name string, object map[string]any) error {
	ref := rest.Ref{Namespace: namespace, Name: name}
	ref.Resource.Resource = resource
	_, err := s.api.Create(context.Background(), ref, "kubevirtsim", object)
	return err
}
