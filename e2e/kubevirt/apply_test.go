package kubevirt_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

func diskNames(vm *domain.VM) []string {
	var names []string
	for _, disk := range vm.Disks {
		names = append(names, disk.Name)
	}
	return names
}

// TestApplyTwice: the spec is the whole set of what we own. What the first apply set and the second leaves out goes,
// what others set stays.
func TestApplyTwice(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	spec := setup.Spec("vm", domain.RunStrategyHalted)
	spec.Labels = map[string]string{"keep": "1", "drop": "1"}
	spec.Annotations = map[string]string{"example.test/keep": "1", "example.test/drop": "1"}
	spec.GuestLabels = map[string]string{"guest": "1"}
	spec.NodeSelector = map[string]string{"zone": "a"}
	spec.CPU = domain.CPU{Cores: 2}
	spec.Disks = append(spec.Disks, domain.Disk{Name: "extra", Kind: domain.DiskImage, Image: "registry.example/extra:1"})
	spec.Networks = []domain.Network{{Name: "default"}, {Name: "lan", Attachment: "lan"}}
	made, err := site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.ApplyOptions{})
	setup.Must(t, "apply that makes the VM", err)
	vm := &setup.VM{Site: site, Name: "vm", UID: made.UID}
	vm.WaitStopped(t)
	vm.Patch(t, "somebody", types.MergePatchType, `{"metadata":{"labels":{"foreign":"1"},"annotations":{"foreign":"1"}},
		"spec":{"template":{"spec":{"nodeSelector":{"foreign":"1"}}}}}`)
	vm.Patch(t, "somebody", types.JSONPatchType, `[
		{"op":"add","path":"/spec/template/spec/volumes/-","value":{"name":"theirs","containerDisk":{"image":"registry.example/theirs:1"}}},
		{"op":"add","path":"/spec/template/spec/domain/devices/disks/-","value":{"name":"theirs","disk":{"bus":"virtio"}}}]`)

	second := setup.Spec("vm", domain.RunStrategyAlways)
	second.Labels = map[string]string{"keep": "2"}
	second.Annotations = map[string]string{"example.test/keep": "2"}
	_, err = site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, second, provider.ApplyOptions{})
	setup.Code(t, "apply while somebody has written our lists", domain.CodeFieldConflict, err)
	after, err := site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, second, provider.ApplyOptions{Force: true})
	setup.Must(t, "second apply", err)

	setup.Diff(t, "uid", made.UID, after.UID)
	setup.Diff(t, "strategy: counts only when the VM is made", domain.RunStrategyHalted, after.RunStrategy)
	setup.Diff(t, "disks", []string{"root", "theirs"}, diskNames(after))
	setup.Diff(t, "networks", []domain.Network{{Name: "default", Binding: "masquerade"}}, after.Networks)
	setup.Diff(t, "node selector", map[string]string{"foreign": "1"}, after.NodeSelector)
	setup.Diff(t, "guest labels", 0, len(after.GuestLabels))
	labels := map[string]string{"keep": "2", "foreign": "1", "drop": ""}
	for key, want := range labels {
		setup.Diff(t, "label "+key, want, after.Labels[key])
	}
	for key, want := range map[string]string{"example.test/keep": "2", "foreign": "1", "example.test/drop": ""} {
		setup.Diff(t, "annotation "+key, want, after.Annotations[key])
	}
	if cpu := vm.Object(t).Spec.Template.Spec.Domain.CPU; cpu != nil && cpu.Cores != 0 {
		t.Errorf("cores left out of the second apply are still %d", cpu.Cores)
	}
	vm.Settled(t)
	before := string(vm.Raw(t))
	_, err = site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, second, provider.ApplyOptions{})
	setup.Must(t, "the same apply again", err)
	setup.Diff(t, "the VM after an apply that changes nothing", before, string(vm.Raw(t)))
}

func TestFieldConflict(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	spec := setup.Spec("vm", domain.RunStrategyHalted)
	spec.Labels = map[string]string{"tier": "ours"}
	vm := site.Stopped(t, spec)
	vm.Patch(t, "somebody", types.MergePatchType, `{"metadata":{"labels":{"tier":"theirs"}},"spec":{"template":{"spec":{"domain":{"memory":{"guest":"256Mi"}}}}}}`)
	vm.Settled(t)
	before := string(vm.Raw(t))

	conflict := func(what string, err error, fields ...string) {
		t.Helper()
		setup.Code(t, what, domain.CodeFieldConflict, err)
		e := setup.Error(err)
		var got []string
		for _, f := range e.Fields {
			got = append(got, f.Field)
			setup.Diff(t, what+": manager of "+f.Field, "somebody", f.Manager)
			setup.Diff(t, what+": reason of "+f.Field, domain.FieldOwned, f.Reason)
		}
		setup.Diff(t, what+": fields", fields, got)
		setup.Diff(t, what+": param manager", "somebody", e.Params[domain.ParamManager])
		setup.Diff(t, what+": the VM", before, string(vm.Raw(t)))
	}
	change := domain.VMChange{Labels: map[string]*string{"tier": new("changed")}, MemoryBytes: new(int64(512 << 20))}
	_, _, err := update(t, vm, change)
	conflict("update", err, "metadata.labels.tier", "spec.template.spec.domain.memory.guest")
	_, err = site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.ApplyOptions{})
	conflict("apply", err, "metadata.labels.tier", "spec.template.spec.domain.memory.guest")
	_, _, err = update(t, vm, label("tier", "changed"))
	conflict("update of the label alone", err, "metadata.labels.tier")

	after, _, err := site.UpdateVM(t.Context(), setup.Cluster, site.Namespace, "vm", change, provider.UpdateOptions{Force: true})
	setup.Must(t, "update with force", err)
	setup.Diff(t, "label", "changed", after.Labels["tier"])
	setup.Diff(t, "memory", int64(512<<20), after.Memory.Bytes)
	vm.Patch(t, "somebody", types.MergePatchType, `{"metadata":{"labels":{"tier":"theirs"}}}`)
	after, err = site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.ApplyOptions{Force: true})
	setup.Must(t, "apply with force", err)
	setup.Diff(t, "label", "ours", after.Labels["tier"])
	setup.Diff(t, "memory", spec.MemoryBytes, after.Memory.Bytes)

	// What somebody else wrote and we do not touch is no conflict.
	vm.Patch(t, "somebody", types.MergePatchType, `{"metadata":{"labels":{"tier":"theirs"}}}`)
	after, _, err = update(t, vm, label("other", "1"))
	setup.Must(t, "update beside it", err)
	setup.Diff(t, "their label", "theirs", after.Labels["tier"])
}

// TestRemovalOfAnothersLabel: an apply that leaves the label out would leave it there and say nothing.
func TestRemovalOfAnothersLabel(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := site.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	vm.Patch(t, "somebody", types.MergePatchType, `{"metadata":{"labels":{"theirs":"1"}}}`)
	vm.Settled(t)
	before := vm.Get(t)
	change := domain.VMChange{Labels: map[string]*string{"theirs": nil, "ours": new("1")}}

	_, _, err := update(t, vm, change)
	setup.Code(t, "update", domain.CodeFieldConflict, err)
	setup.Diff(t, "fields", []domain.FieldError{{Field: "metadata.labels.theirs", Reason: domain.FieldOwned, Manager: "somebody"}}, setup.Error(err).Fields)
	setup.Diff(t, "labels", before.Labels, vm.Get(t).Labels)

	after, applied, err := site.UpdateVM(t.Context(), setup.Cluster, site.Namespace, "vm", change, provider.UpdateOptions{Force: true})
	setup.Must(t, "update with force", err)
	setup.Diff(t, "applied", domain.AppliedLive, applied)
	setup.Diff(t, "our label", "1", after.Labels["ours"])
	if _, still := after.Labels["theirs"]; still {
		t.Errorf("the label is still there: %v", after.Labels)
	}
	setup.Diff(t, "instance", before.InstanceID, after.InstanceID)
	setup.Diff(t, "run strategy", domain.RunStrategyAlways, after.RunStrategy)
}

func TestApplyForeign(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := foreign(t, site, "vm", map[string]string{"theirs": "1"})
	before := string(vm.Raw(t))
	spec := setup.Spec("vm", domain.RunStrategyAlways)
	spec.MemoryBytes = 64 << 20
	apply := func(opts provider.ApplyOptions) (*domain.VM, error) {
		return site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, spec, opts)
	}
	for name, c := range map[string]struct {
		opts provider.ApplyOptions
		code domain.Code
	}{
		"no uid":           {provider.ApplyOptions{}, domain.CodeVMAlreadyExists},
		"no uid, force":    {provider.ApplyOptions{Force: true}, domain.CodeVMAlreadyExists},
		"other uid":        {provider.ApplyOptions{UID: someUID}, domain.CodeUIDConflict},
		"other uid, force": {provider.ApplyOptions{UID: someUID, Force: true}, domain.CodeUIDConflict},
	} {
		_, err := apply(c.opts)
		setup.Code(t, name, c.code, err)
		setup.Diff(t, name+": the foreign VM", before, string(vm.Raw(t)))
	}
	after, err := apply(provider.ApplyOptions{UID: vm.UID})
	setup.Must(t, "apply with its uid", err)
	setup.Diff(t, "uid", vm.UID, after.UID)
	setup.Diff(t, "strategy", domain.RunStrategyHalted, after.RunStrategy)
	setup.Diff(t, "their label", "1", after.Labels["theirs"])
	setup.Diff(t, "managed by", domain.ManagedBy, after.Identity.ManagedBy)
	spec.MemoryBytes *= 2
	_, err = apply(provider.ApplyOptions{})
	setup.Code(t, "ours by now, but they set the memory", domain.CodeFieldConflict, err)
	_, err = apply(provider.ApplyOptions{Force: true})
	setup.Code(t, "ours by now, with force", "", err)

	// Another installation of the platform on the same cluster.
	theirs := setup.With(t, site.Namespace, harness.Get(t).RESTConfig(), optionsOf("blue"))
	_, err = theirs.ApplyVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.ApplyOptions{})
	setup.Code(t, "apply of another installation", domain.CodeVMAlreadyExists, err)
}

// TestApplyLeavesPower: the run strategy of a spec counts only when the VM is made.
func TestApplyLeavesPower(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for name, c := range powerStates {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := setup.Spec("vm-"+slug(name), c.strategy)
			spec.Annotations = c.annotate
			vm := site.Create(t, spec)
			c.bring(t, vm)
			vm.Settled(t)
			before := vm.Get(t)
			for _, strategy := range []domain.RunStrategy{domain.RunStrategyAlways, domain.RunStrategyHalted, domain.RunStrategyManual} {
				spec.RunStrategy = strategy
				spec.Labels = map[string]string{"strategy": string(strategy)}
				after, err := site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.ApplyOptions{})
				setup.Must(t, "apply", err)
				setup.Diff(t, "power as the apply says", powerStateOf(before), powerStateOf(after))
				setup.Diff(t, "label", string(strategy), after.Labels["strategy"])
			}
			vm.Settled(t)
			setup.Diff(t, "power after the applies", powerStateOf(before), powerStateOf(vm.Get(t)))
		})
	}
}
