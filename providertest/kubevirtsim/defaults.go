package kubevirtsim

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// What a KubeVirt without a configuration of its own gives a VM.
const defaultArchitecture = "amd64"

// platforms are the architectures that KubeVirt runs on, with the machine that a VM gets there and those that it may have.
var platforms = map[string]struct {
	machine string
	allowed []string
}{
	"amd64": {"q35", []string{"q35*", "pc-q35*"}},
	"arm64": {"virt", []string{"virt*"}},
	"s390x": {"s390-ccw-virtio", []string{"s390-ccw-virtio*"}},
}

// machineOf is the machine of an architecture; an unknown one is taken for the first.
func machineOf(architecture string) (machine string, allowed []string) {
	platform, ok := platforms[architecture]
	if !ok {
		platform = platforms[defaultArchitecture]
	}
	return platform.machine, platform.allowed
}

// defaultVM is the mutating webhook for VMs: mutating-webhook/mutators/vm-mutator.go of KubeVirt v1.9.0. It writes spec
// and metadata anew from KubeVirt's own types, so that quantities come out in their canonical form.
func (s *Server) defaultVM(w *rest.Write) error {
	if err := checkTypes(vmMutator, w, kubevirtv1.VirtualMachine{}); err != nil {
		return err
	}
	vm, old := &kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachine{}
	if err := into(w.Object, vm); err != nil {
		return failed(vmMutator, err)
	}
	if w.Old != nil {
		if err := into(w.Old, old); err != nil {
			return failed(vmMutator, err)
		}
	}
	if vm.DeletionTimestamp != nil {
		return nil
	}
	f := &findings{}
	if checkMatchers(f, w, vm, old); len(f.causes) > 0 {
		return f.refusal(vmMutator)
	}
	preference, err := s.controller.preferenceOf(vm)
	if err != nil {
		preference = nil
	}
	spec := &vm.Spec.Template.Spec
	if preference != nil && spec.Architecture == "" && preference.PreferredArchitecture != nil {
		spec.Architecture = *preference.PreferredArchitecture
	}
	if spec.Architecture == "" {
		spec.Architecture = defaultArchitecture
	}
	if spec.Domain.Machine == nil {
		spec.Domain.Machine = &kubevirtv1.Machine{}
	}
	if machine := spec.Domain.Machine; machine.Type == "" {
		machine.Type, _ = machineOf(spec.Architecture)
		if preference != nil && preference.Machine != nil && preference.Machine.PreferredMachineType != "" {
			machine.Type = preference.Machine.PreferredMachineType
		}
	}
	if w.Operation == rest.Create {
		s.version.defaultNewVM(vm)
	}
	if err := setPart(w.Object, "spec", vm.Spec); err != nil {
		return err
	}
	return setPart(w.Object, "metadata", vm.ObjectMeta)
}

// defaultNewVM sets what only a new VM gets: the identity of its firmware from 1.5, the layout of its bus from 1.6.
func (v version) defaultNewVM(vm *kubevirtv1.VirtualMachine) {
	spec := &vm.Spec.Template.Spec
	if v.since(5) {
		if spec.Domain.Firmware == nil {
			spec.Domain.Firmware = &kubevirtv1.Firmware{}
		}
		if spec.Domain.Firmware.UUID == "" {
			spec.Domain.Firmware.UUID = types.UID(uuid.NewUUID())
		}
		if spec.Domain.Firmware.Serial == "" {
			spec.Domain.Firmware.Serial = string(uuid.NewUUID())
		}
	}
	pci := spec.Architecture == "amd64" || spec.Architecture == "arm64"
	if machine := spec.Domain.Machine.Type; v.since(6) && pci && (strings.Contains(machine, "q35") || strings.HasPrefix(machine, "virt")) {
		meta := &vm.Spec.Template.ObjectMeta
		if _, set := meta.Annotations[kubevirtv1.PciTopologyVersionAnnotation]; !set {
			setAnnotation(meta, kubevirtv1.PciTopologyVersionAnnotation, kubevirtv1.PciTopologyVersionV3)
		}
	}
}

func setAnnotation(meta *metav1.ObjectMeta, key, value string) {
	if meta.Annotations == nil {
		meta.Annotations = map[string]string{}
	}
	meta.Annotations[key] = value
}

// checkMatchers is about what a VM says of its instance type and its preference.
func checkMatchers(f *findings, w *rest.Write, vm, old *kubevirtv1.VirtualMachine) {
	kind, preference := matcherOf(vm.Spec.Instancetype), preferenceMatcherOf(vm.Spec.Preference)
	if w.Operation == rest.Update {
		checkMatcherUpdate(f, "instancetype", kind, matcherOf(old.Spec.Instancetype))
		if len(f.causes) > 0 {
			return
		}
		checkMatcherUpdate(f, "preference", preference, preferenceMatcherOf(old.Spec.Preference))
		if len(f.causes) > 0 {
			return
		}
	}
	if checkMatcher(f, "instancetype", "InstancetypeMatcher", kind); len(f.causes) > 0 {
		return
	}
	checkMatcher(f, "preference", "PreferenceMatcher", preference)
}

// matcher is what the two references have in common; nil where there is none.
type matcher struct {
	name, kind, revision, infer string
	policy                      *kubevirtv1.InferFromVolumeFailurePolicy
}

func matcherOf(m *kubevirtv1.InstancetypeMatcher) *matcher {
	if m == nil {
		return nil
	}
	return &matcher{m.Name, m.Kind, m.RevisionName, m.InferFromVolume, m.InferFromVolumeFailurePolicy}
}

func preferenceMatcherOf(m *kubevirtv1.PreferenceMatcher) *matcher {
	if m == nil {
		return nil
	}
	return &matcher{m.Name, m.Kind, m.RevisionName, m.InferFromVolume, m.InferFromVolumeFailurePolicy}
}

// checkMatcherUpdate refuses another name with the revision of the one before.
func checkMatcherUpdate(f *findings, name string, m, old *matcher) {
	if m != nil && old != nil && m.revision != "" && m.name != old.name && m.revision == old.revision {
		f.invalid(field.NewPath("spec", name, "revisionName"), "the Matcher Name has been updated without updating the RevisionName")
	}
}

func checkMatcher(f *findings, name, what string, m *matcher) {
	if m == nil {
		return
	}
	at := field.NewPath("spec", name)
	if m.name == "" && m.infer == "" {
		f.notFound(at, "Either Name or InferFromVolume should be provided within the %s", what)
	}
	if m.infer != "" && m.name != "" {
		f.notSupported(at.Child("name"), "Name already set, should be cleared before setting inferFromVolume")
	}
	if m.infer != "" && m.kind != "" {
		f.notSupported(at.Child("kind"), "Kind already set, should be cleared before setting inferFromVolume")
	}
	if m.policy != nil && *m.policy != kubevirtv1.IgnoreInferFromVolumeFailure && *m.policy != kubevirtv1.RejectInferFromVolumeFailure {
		f.invalid(at.Child("inferFromVolumeFailurePolicy"), "Invalid value '%s' for InferFromVolumeFailurePolicy", *m.policy)
	}
}
