package mapper

import (
	"strings"

	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// viewVM reduces a VirtualMachine, which is not nil, to what matters and to the annotations that keep names.
func viewVM(vm *kubevirtv1.VirtualMachine, keep func(key string) bool) *vmView {
	status := &vm.Status
	v := &vmView{
		objectView:   viewMeta(&vm.ObjectMeta),
		labels:       pairsOf(vm.Labels, nil),
		annotations:  pairsOf(vm.Annotations, keep),
		printable:    string(status.PrintableStatus),
		created:      status.Created,
		everRan:      status.Created || status.RunStrategy != "" || status.StartFailure != nil || status.ObservedGeneration > 0,
		changeQueued: len(status.StateChangeRequests) > 0,
		snapshotting: status.SnapshotInProgress != nil,
		restoring:    status.RestoreInProgress != nil,
		conditions:   viewVMConditions(status.Conditions),
	}
	if f := status.StartFailure; f != nil {
		v.startFailures = &domain.StartFailure{Count: int64(f.ConsecutiveFailCount), RetryAfter: utcOf(f.RetryAfterTimestamp)}
	}
	for n := range status.StateChangeRequests {
		v.startQueued = v.startQueued || status.StateChangeRequests[n].Action == kubevirtv1.StartRequest
	}
	v.runStrategy, v.legacyRunning = runStrategy(&vm.Spec)
	if it := vm.Spec.Instancetype; it != nil {
		v.instanceType = matcher(it.Name, it.Kind, revision(it.RevisionName, status.InstancetypeRef))
	}
	if p := vm.Spec.Preference; p != nil {
		v.preference = matcher(p.Name, p.Kind, revision(p.RevisionName, status.PreferenceRef))
	}
	if template := vm.Spec.Template; template != nil {
		v.guestLabels = pairsOf(template.ObjectMeta.Labels, nil)
		v.guest = viewGuest(&template.Spec)
	}
	v.templates = viewTemplates(vm.Spec.DataVolumeTemplates)
	v.conditions = reduceConditions(v.conditions)
	return v
}

// runStrategy reads either of the two fields that can hold it; true and false are Always and Halted
// (VirtualMachine.RunStrategy in kubevirt.io/api core/v1 types.go, v1.9.0).
func runStrategy(spec *kubevirtv1.VirtualMachineSpec) (strategy string, legacy bool) {
	switch {
	case spec.RunStrategy != nil:
		return string(*spec.RunStrategy), false
	case spec.Running == nil:
		return "", false
	case *spec.Running:
		return string(kubevirtv1.RunStrategyAlways), true
	default:
		return string(kubevirtv1.RunStrategyHalted), true
	}
}

// matcher reads a reference to an instance type or preference. An empty kind is the cluster-wide one, and KubeVirt
// takes kinds in any case and number (pkg/instancetype/find/spec.go, v1.9.0).
func matcher(name, kind, revision string) *domain.Matcher {
	kind = strings.ToLower(kind)
	return &domain.Matcher{
		Name:       name,
		Namespaced: strings.HasPrefix(kind, "virtualmachine") && !strings.HasPrefix(kind, "virtualmachinecluster"),
		Revision:   revision,
	}
}

// revision is the stored revision in use: in the status since KubeVirt 1.5, in the spec before.
func revision(spec string, ref *kubevirtv1.InstancetypeStatusRef) string {
	if ref != nil && ref.ControllerRevisionRef != nil && ref.ControllerRevisionRef.Name != "" {
		return ref.ControllerRevisionRef.Name
	}
	return spec
}

func viewVMConditions(in []kubevirtv1.VirtualMachineCondition) []conditionView {
	out := make([]conditionView, len(in))
	for n := range in {
		c := &in[n]
		out[n] = conditionView{string(c.Type), string(c.Status), c.Reason, c.Message, utc(c.LastTransitionTime)}
	}
	return out
}

func viewTemplates(in []kubevirtv1.DataVolumeTemplateSpec) []templateView {
	out := make([]templateView, len(in))
	for n := range in {
		spec := &in[n].Spec
		t := templateView{name: in[n].Name}
		switch {
		case spec.Storage != nil:
			t.bytes = bytesOf(spec.Storage.Resources.Requests)
			t.storageClass = deref(spec.Storage.StorageClassName)
		case spec.PVC != nil:
			t.bytes = bytesOf(spec.PVC.Resources.Requests)
			t.storageClass = deref(spec.PVC.StorageClassName)
		}
		switch source := spec.Source; {
		case source == nil:
		case source.Blank != nil:
			t.blank = true
		case source.PVC != nil:
			t.clone, t.sourceNamespace, t.sourceClaim = true, source.PVC.Namespace, source.PVC.Name
		}
		out[n] = t
	}
	return out
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
