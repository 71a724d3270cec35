package kubevirt_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

const madeHere = "setup.test/made"

func TestInstanceTypes(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for _, scope := range []string{site.Namespace, provider.ClusterScope} {
		prefix := "own-"
		if scope == provider.ClusterScope {
			prefix = site.Namespace + "-" // the cluster is shared
		}
		var want []string
		for n := range 5 {
			name := fmt.Sprint(prefix, n)
			setup.InstanceType(t, scope, name, uint32(n+1), int64(n+1)<<28)
			want = append(want, name)
		}
		var got []string
		for opts, more := (provider.ListOptions{Limit: 2, LabelSelector: madeHere}), true; more; {
			page, err := site.ListInstanceTypes(t.Context(), setup.Cluster, scope, opts)
			setup.Must(t, "list", err)
			if len(page.Items) > 2 || len(page.ItemErrors) > 0 {
				t.Errorf("a page of %d items and %d errors", len(page.Items), len(page.ItemErrors))
			}
			for _, item := range page.Items {
				got = append(got, item.Name)
			}
			opts.Continue, more = page.Continue, page.Continue != ""
		}
		if scope == provider.ClusterScope {
			got = withPrefix(got, prefix)
		}
		setup.Diff(t, "instance types of "+scope, want, got)

		one, err := site.GetInstanceType(t.Context(), setup.Cluster, scope, want[3])
		setup.Must(t, "get", err)
		namespace := scope
		if scope == provider.ClusterScope {
			namespace = ""
		}
		setup.Diff(t, "instance type", &domain.InstanceType{
			Cluster: setup.Cluster, Namespace: namespace, Name: want[3], VCPUs: 4, MemoryBytes: 4 << 28, Labels: map[string]string{madeHere: "yes"},
		}, one, cmpopts.IgnoreFields(domain.InstanceType{}, "UID", "Revision"))
		_, err = site.GetInstanceType(t.Context(), setup.Cluster, scope, "unknown")
		setup.Code(t, "get an unknown one of "+scope, domain.CodeInstanceTypeNotFound, err)
	}
	_, err := site.GetInstanceType(t.Context(), setup.Cluster, provider.ClusterScope, "own-1")
	setup.Code(t, "one of a namespace, as the cluster's", domain.CodeInstanceTypeNotFound, err)
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for _, scope := range []string{site.Namespace, provider.ClusterScope} {
		var want []string
		for n := range 3 {
			name := fmt.Sprint(site.Namespace, "-", n)
			setup.Preference(t, scope, name)
			want = append(want, name)
		}
		var got []string
		for opts, more := (provider.ListOptions{Limit: 2, LabelSelector: madeHere}), true; more; {
			page, err := site.ListPreferences(t.Context(), setup.Cluster, scope, opts)
			setup.Must(t, "list", err)
			for _, item := range page.Items {
				got = append(got, item.Name)
			}
			opts.Continue, more = page.Continue, page.Continue != ""
		}
		setup.Diff(t, "preferences of "+scope, want, withPrefix(got, site.Namespace+"-"))
		one, err := site.GetPreference(t.Context(), setup.Cluster, scope, want[1])
		setup.Must(t, "get", err)
		namespace := scope
		if scope == provider.ClusterScope {
			namespace = ""
		}
		setup.Diff(t, "preference", &domain.Preference{
			Cluster: setup.Cluster, Namespace: namespace, Name: want[1], CPUTopology: "cores", DiskBus: "scsi", InterfaceModel: "e1000e",
			Labels: map[string]string{madeHere: "yes"},
		}, one, cmpopts.IgnoreFields(domain.Preference{}, "UID", "Revision"))
		_, err = site.GetPreference(t.Context(), setup.Cluster, scope, "unknown")
		setup.Code(t, "get an unknown one of "+scope, domain.CodePreferenceNotFound, err)
	}
}

// TestUnknownInstanceType: KubeVirt would take the VM, and never start it.
func TestUnknownInstanceType(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	setup.InstanceType(t, site.Namespace, "own", 1, 1<<28)
	spec := setup.Spec("vm", domain.RunStrategyAlways)
	spec.MemoryBytes = 0
	for name, c := range map[string]struct {
		change func(*domain.VMSpec)
		code   domain.Code
		field  string
	}{
		"of the cluster": {func(s *domain.VMSpec) { s.InstanceType = &domain.Matcher{Name: "gone"} }, domain.CodeInstanceTypeNotFound, "instanceType.name"},
		"of the namespace": {func(s *domain.VMSpec) { s.InstanceType = &domain.Matcher{Name: "gone", Namespaced: true} },
			domain.CodeInstanceTypeNotFound, "instanceType.name"},
		"of the namespace, asked for as the cluster's": {func(s *domain.VMSpec) { s.InstanceType = &domain.Matcher{Name: "own"} },
			domain.CodeInstanceTypeNotFound, "instanceType.name"},
		"preference": {func(s *domain.VMSpec) {
			s.InstanceType = &domain.Matcher{Name: "own", Namespaced: true}
			s.Preference = &domain.Matcher{Name: "gone"}
		}, domain.CodePreferenceNotFound, "preference.name"},
		"in the manifest": {func(s *domain.VMSpec) {
			s.Manifest = []byte(`{"spec":{"instancetype":{"name":"gone"},"template":{"spec":{"domain":{"devices":{}}}}}}`)
		}, domain.CodeInstanceTypeNotFound, "instanceType.name"},
		"in the manifest, of the namespace": {func(s *domain.VMSpec) {
			s.Manifest = []byte(`{"spec":{"instancetype":{"name":"gone","kind":"VirtualMachineInstancetype"}}}`)
		}, domain.CodeInstanceTypeNotFound, "instanceType.name"},
		"preference in the manifest": {func(s *domain.VMSpec) {
			s.InstanceType = &domain.Matcher{Name: "own", Namespaced: true}
			s.Manifest = []byte(`{"spec":{"preference":{"name":"gone","kind":"virtualmachinepreference"}}}`)
		}, domain.CodePreferenceNotFound, "preference.name"},
		"known": {func(s *domain.VMSpec) { s.InstanceType = &domain.Matcher{Name: "own", Namespaced: true} }, "", ""},
		"known, in the manifest": {func(s *domain.VMSpec) {
			s.Manifest = []byte(`{"spec":{"instancetype":{"name":"own","kind":"VirtualMachineInstancetype"}}}`)
		}, "", ""},
	} {
		changed := spec
		c.change(&changed)
		for what, write := range map[string]func() error{
			"create": func() error {
				_, err := site.CreateVM(t.Context(), setup.Cluster, site.Namespace, changed, provider.CreateOptions{DryRun: c.code == ""})
				return err
			},
			"apply": func() error {
				_, err := site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, changed, provider.ApplyOptions{DryRun: c.code == ""})
				return err
			},
		} {
			err := write()
			setup.Code(t, name+": "+what, c.code, err)
			if e := setup.Error(err); c.code != "" && (len(e.Fields) != 1 || e.Fields[0].Field != c.field) {
				t.Errorf("%s: %s: fields %+v; want %s", name, what, e.Fields, c.field)
			}
			_, err = site.GetVM(t.Context(), setup.Cluster, site.Namespace, "vm")
			setup.Code(t, name+": "+what+": nothing is stored", domain.CodeVMNotFound, err)
			_ = site.DeleteVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.DeleteOptions{})
		}
	}
}

func TestInstanceTypeBesideCPU(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	setup.InstanceType(t, site.Namespace, "own", 1, 1<<28)
	for name, c := range map[string]struct {
		change func(*domain.VMSpec)
		field  string
	}{
		"cpu":    {func(s *domain.VMSpec) { s.CPU.Cores = 2; s.MemoryBytes = 0 }, "cpu"},
		"memory": {func(*domain.VMSpec) {}, "memoryBytes"},
		"cpu in the manifest": {func(s *domain.VMSpec) {
			s.MemoryBytes = 0
			s.Manifest = []byte(`{"spec":{"template":{"spec":{"domain":{"cpu":{"cores":2}}}}}}`)
		}, "manifest.spec.template.spec.domain.cpu.cores"},
	} {
		spec := setup.Spec("vm", domain.RunStrategyHalted)
		spec.InstanceType = &domain.Matcher{Name: "own", Namespaced: true}
		c.change(&spec)
		_, err := site.CreateVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.CreateOptions{})
		setup.Code(t, name, domain.CodeInvalidSpec, err)
		if e := setup.Error(err); len(e.Fields) == 0 || e.Fields[0].Field != c.field {
			t.Errorf("%s: fields %+v; want %s", name, e.Fields, c.field)
		}
	}
	_, err := site.GetVM(t.Context(), setup.Cluster, site.Namespace, "vm")
	setup.Code(t, "nothing is stored", domain.CodeVMNotFound, err)
}

// TestEffectiveSize: with an instance type only the instance knows the numbers.
func TestEffectiveSize(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	setup.InstanceType(t, site.Namespace, "own", 3, 1<<28)
	setup.Preference(t, site.Namespace, "pref")
	spec := setup.Spec("vm", domain.RunStrategyHalted)
	spec.MemoryBytes = 0
	spec.InstanceType = &domain.Matcher{Name: "own", Namespaced: true}
	spec.Preference = &domain.Matcher{Name: "pref", Namespaced: true}
	vm := site.Stopped(t, spec)
	off := vm.Get(t)
	setup.Diff(t, "cpu of the stopped VM", domain.CPU{}, off.CPU)
	setup.Diff(t, "memory of the stopped VM", domain.Memory{}, off.Memory)
	started(t, vm)
	on := vm.Get(t)
	setup.Diff(t, "memory of the running VM", domain.Memory{Bytes: 1 << 28, Source: domain.SourceInstance}, on.Memory)
	setup.Diff(t, "vCPUs of the running VM", int64(3), on.CPU.VCPUs())
	setup.Diff(t, "cores of the running VM, as the preference has it", int32(3), on.CPU.Cores)
	setup.Diff(t, "source", domain.SourceInstance, on.CPU.Source)
	if on.InstanceType == nil || on.InstanceType.Name != "own" || !on.InstanceType.Namespaced || on.InstanceType.Revision == "" {
		t.Errorf("instance type of the VM: %+v; want own of the namespace, with its stored revision", on.InstanceType)
	}
	if on.Preference == nil || on.Preference.Name != "pref" || !on.Preference.Namespaced {
		t.Errorf("preference of the VM: %+v; want pref of the namespace", on.Preference)
	}
	list, err := site.ListVMs(t.Context(), setup.Cluster, site.Namespace, provider.ListOptions{})
	setup.Must(t, "list", err)
	setup.Diff(t, "memory in the list", on.Memory, list.Items[0].Memory)
}
