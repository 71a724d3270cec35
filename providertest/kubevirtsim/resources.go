package kubevirtsim

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubevirtv1 "kubevirt.io/api/core/v1"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// register tells the API server of its resources: Kubernetes' own as far as they are needed, and those of KubeVirt's
// that the simulator gives a life. What it does not have, such as snapshots, discovery does not list.
func (s *Server) register() error {
	all := append(s.ofKubernetes(), s.ofKubeVirt()...)
	all = append(all, s.ofInstancetypes()...)
	for _, r := range all {
		if err := s.api.Register(r); err != nil {
			return err
		}
	}
	s.extendReviews()
	s.extend()
	return nil
}

func (s *Server) ofKubernetes() []rest.Resource {
	v1 := []string{"v1"}
	return []rest.Resource{
		{
			Versions: v1, Kind: "Namespace", Plural: "namespaces", ShortNames: []string{"ns"}, BuiltIn: true,
			Schema: s.version.schemaOf(corev1.Namespace{}), Default: defaultNamespace, BeforeDelete: s.holdNamespace, AfterWrite: s.namespaceWritten,
			Columns: []rest.Column{textColumn("Status", "status", "phase"), ageColumn},
		},
		{
			Versions: v1, Kind: "Node", Plural: "nodes", ShortNames: []string{"no"}, BuiltIn: true, Status: true,
			Schema: s.version.schemaOf(corev1.Node{}), Columns: nodeColumns,
		},
		{
			Group: "apiextensions.k8s.io", Versions: v1, Kind: "CustomResourceDefinition", Plural: "customresourcedefinitions",
			ShortNames: []string{"crd", "crds"}, Categories: []string{"api-extensions"}, BuiltIn: true, Verbs: []string{"get", "list", "watch"},
			Columns: []rest.Column{createdColumn},
		},
	}
}

// custom completes a resource that a CRD defines.
func (s *Server) custom(r rest.Resource, object any) rest.Resource {
	r.Versions, r.Stored = s.version.served(r.Group, r.Plural)
	r.Schema = s.version.schemaOf(object)
	return r
}

func (s *Server) ofKubeVirt() []rest.Resource {
	all := []string{"all"}
	return []rest.Resource{
		s.custom(rest.Resource{
			Group: machines.Group, Kind: "VirtualMachine", Plural: machines.Resource, ShortNames: []string{"vm", "vms"}, Categories: all,
			Namespaced: true, Status: true, Columns: []rest.Column{ageColumn, described("Human Readable Status", textColumn("Status", "status", "printableStatus")), conditionColumn("Ready", 0)},
			Rules: s.version.since(9), Default: s.defaultVM, ValidateCreate: s.validateVM, ValidateUpdate: s.validateVM,
		}, kubevirtv1.VirtualMachine{}),
		s.custom(rest.Resource{
			Group: instances.Group, Kind: "VirtualMachineInstance", Plural: instances.Resource, ShortNames: []string{"vmi", "vmis"}, Categories: all,
			Namespaced: true, Columns: []rest.Column{
				ageColumn, textColumn("Phase", "status", "phase"), ipColumn, textColumn("NodeName", "status", "nodeName"),
				conditionColumn("Ready", 0), named("Live-Migratable", conditionColumn("LiveMigratable", 1)), conditionColumn("Paused", 1),
			},
			Rules: s.version.since(9), Default: s.defaultInstance, ValidateCreate: s.validateNewInstance, ValidateUpdate: s.validateInstance,
		}, kubevirtv1.VirtualMachineInstance{}),
		s.custom(rest.Resource{
			Group: migrations.Group, Kind: "VirtualMachineInstanceMigration", Plural: migrations.Resource, ShortNames: []string{"vmim", "vmims"},
			Categories: all, Namespaced: true, Status: true,
			Columns: []rest.Column{textColumn("Phase", "status", "phase"), textColumn("VMI", "spec", "vmiName")},
			Default: s.defaultMigration, ValidateCreate: s.validateNewMigration, ValidateUpdate: s.validateMigration,
		}, kubevirtv1.VirtualMachineInstanceMigration{}),
		s.custom(rest.Resource{
			Group: "kubevirt.io", Kind: "KubeVirt", Plural: "kubevirts", ShortNames: []string{"kv", "kvs"}, Categories: all,
			Namespaced: true, Status: true, Columns: []rest.Column{ageColumn, textColumn("Phase", "status", "phase")},
			ValidateUpdate: s.validateKubeVirt,
		}, kubevirtv1.KubeVirt{}),
	}
}

func (s *Server) ofInstancetypes() []rest.Resource {
	kind := func(kind, plural string, short []string, namespaced bool, validate func(*rest.Write) error, object any) rest.Resource {
		var categories []string
		if namespaced {
			categories = []string{"all"}
		}
		return s.custom(rest.Resource{
			Group: "instancetype.kubevirt.io", Kind: kind, Plural: plural, ShortNames: short, Categories: categories, Namespaced: namespaced,
			ValidateCreate: validate, ValidateUpdate: validate, AfterWrite: s.catalogueWritten,
		}, object)
	}
	return []rest.Resource{
		kind("VirtualMachineInstancetype", "virtualmachineinstancetypes", []string{"vminstancetype", "vminstancetypes", "vmf", "vmfs"}, true,
			s.validateInstancetype, instancetypev1.VirtualMachineInstancetype{}),
		kind("VirtualMachineClusterInstancetype", "virtualmachineclusterinstancetypes",
			[]string{"vmclusterinstancetype", "vmclusterinstancetypes", "vmcf", "vmcfs"}, false,
			s.validateInstancetype, instancetypev1.VirtualMachineClusterInstancetype{}),
		kind("VirtualMachinePreference", "virtualmachinepreferences", []string{"vmpref", "vmprefs", "vmp", "vmps"}, true,
			s.validatePreference, instancetypev1.VirtualMachinePreference{}),
		kind("VirtualMachineClusterPreference", "virtualmachineclusterpreferences", []string{"vmcp", "vmcps"}, false,
			s.validatePreference, instancetypev1.VirtualMachineClusterPreference{}),
	}
}

// furnish makes what is there before any client comes.
func (s *Server) furnish() error {
	namespaces := append([]string{"default", "kube-system", kubevirtNamespace}, s.options.Namespaces...)
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
		if err := s.addNode(nodeName(n)); err != nil {
			return fmt.Errorf("%s: %w", nodeName(n), err)
		}
	}
	return s.addKubeVirt()
}

// addNode makes a node that is ready and takes VMs.
func (s *Server) addNode(name string) error {
	ref := rest.Ref{Resource: schema.GroupResource{Resource: "nodes"}, Name: name}
	labels := map[string]any{
		corev1.LabelHostname: name, corev1.LabelArchStable: defaultArchitecture, corev1.LabelOSStable: "linux", kubevirtv1.NodeSchedulable: "true",
	}
	if _, err := s.api.Create(background(), ref, "kubelet", map[string]any{"metadata": map[string]any{"labels": labels}}); err != nil {
		return err
	}
	capacity := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("64"), corev1.ResourceMemory: resource.MustParse("256Gi"), corev1.ResourcePods: resource.MustParse("250"),
	}
	status := corev1.NodeStatus{
		Capacity: capacity, Allocatable: capacity,
		NodeInfo: corev1.NodeSystemInfo{Architecture: defaultArchitecture, OperatingSystem: "linux", KubeletVersion: kubernetesVersion},
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady",
			Message: "kubelet is posting ready status", LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now()}},
	}
	return s.controller.update(ref, "kubelet", "status", func(u *unstructured.Unstructured) error { return setPart(u, "status", status) })
}
