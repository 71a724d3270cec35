package kubevirtsim

import (
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// The webhooks for VMs, by the names that refusals tell.
const (
	vmMutator   = "virtualmachines-mutator.kubevirt.io"
	vmValidator = "virtualmachine-validator.kubevirt.io"
)

// validateVM is the validating webhook for VMs: pkg/virt-api/webhooks/validating-webhook/admitters/vms-admitter.go of
// KubeVirt v1.9.0. Each step is told alone; only within one are several faults.
func (s *Server) validateVM(w *rest.Write) error {
	vm, old := &kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachine{}
	if err := into(w.Object, vm); err != nil {
		return failed(vmValidator, err)
	}
	if w.Old != nil {
		if err := into(w.Old, old); err != nil {
			return failed(vmValidator, err)
		}
	}
	if vm.DeletionTimestamp != nil {
		return nil // what is going must not be held back
	}
	resolved, f := vm.DeepCopy(), &findings{}
	if vm.Spec.Template == nil { // what follows needs one
		s.version.checkVMSpec(f, field.NewPath("spec"), &vm.Spec, ours(w))
		return f.refusal(vmValidator)
	}
	for _, step := range []func(){
		func() { s.applyCatalogue(f, resolved, old) },
		func() { s.checkDiscontinued(f, w, resolved) },
		func() { s.version.checkVMSpec(f, field.NewPath("spec"), &resolved.Spec, ours(w)) },
		func() { checkTemplateNamespaces(f, w, vm, old) },
		func() { s.version.checkStorageJobs(f, w, vm, old) },
	} {
		if step(); len(f.causes) > 0 {
			return f.refusal(vmValidator)
		}
	}
	if vm.Spec.Running != nil {
		w.Warn("spec.running is deprecated, please use spec.runStrategy instead.")
	}
	return nil
}

// checkDiscontinued refuses new VMs on network bindings that are gone since 1.3.
func (s *Server) checkDiscontinued(f *findings, w *rest.Write, vm *kubevirtv1.VirtualMachine) {
	if w.Operation != rest.Create {
		return
	}
	for n, iface := range vm.Spec.Template.Spec.Domain.Devices.Interfaces {
		at := field.NewPath("spec", "domain", "devices", "interfaces").Index(n) // the template is left out, on a cluster too
		if iface.DeprecatedSlirp != nil {
			f.invalid(at.Child("slirp"), "Slirp interface support has been discontinued since v1.3")
		}
		if iface.DeprecatedPasst != nil {
			f.invalid(at.Child("passt"), "Passt network binding has been discontinued since v1.3")
		}
		if iface.DeprecatedMacvtap != nil {
			f.invalid(at.Child("macvtap"), "Macvtap network binding has been discontinued since v1.3")
		}
	}
}

// checkVMSpec is ValidateVirtualMachineSpec. ours says that a part of KubeVirt writes.
func (v version) checkVMSpec(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineSpec, ours bool) {
	template := at.Child("template")
	if spec.Template == nil {
		f.required(template, "missing virtual machine template.")
		return
	}
	v.checkInstanceMetadata(f, template.Child("metadata"), &spec.Template.ObjectMeta, ours)
	v.checkInstanceSpec(f, template.Child("spec"), &spec.Template.Spec)
	checkDataVolumeTemplates(f, at, spec)
	v.checkRunStrategy(f, at, spec)
	v.checkLiveUpdate(f, template.Child("spec", "domain"), &spec.Template.Spec)
}

func (v version) checkRunStrategy(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineSpec) {
	switch {
	case spec.Running != nil && spec.RunStrategy != nil:
		f.invalid(at.Child("running"),
			"Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead")
	case spec.Running == nil && spec.RunStrategy == nil:
		f.invalid(at.Child("running"), "RunStrategy must be specified")
	}
	if spec.RunStrategy == nil {
		return
	}
	switch *spec.RunStrategy {
	case kubevirtv1.RunStrategyHalted, kubevirtv1.RunStrategyManual, kubevirtv1.RunStrategyAlways,
		kubevirtv1.RunStrategyRerunOnFailure, kubevirtv1.RunStrategyOnce:
	case kubevirtv1.RunStrategyWaitAsReceiver:
		if v.since(6) && !v.gate("DecentralizedLiveMigration") {
			f.invalid(at.Child("runStrategy"), "Invalid RunStrategy (%s), %s feature gate is not enabled in kubevirt resource",
				*spec.RunStrategy, "DecentralizedLiveMigration")
			return
		}
		if v.since(6) {
			return
		}
		fallthrough
	default:
		f.invalid(at.Child("runStrategy"), "Invalid RunStrategy (%s)", *spec.RunStrategy)
	}
}

// checkLiveUpdate is what a VM must keep to because its sockets and memory can grow while it runs.
func (v version) checkLiveUpdate(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	if !v.liveUpdates() {
		return
	}
	if cpu := spec.Domain.CPU; cpu != nil && cpu.Sockets != 0 && cpu.MaxSockets != 0 && cpu.Sockets > cpu.MaxSockets {
		f.invalid(at.Child("cpu", "sockets"), "Number of sockets in CPU topology is greater than the maximum sockets allowed")
	}
	if memory := spec.Domain.Memory; memory != nil && memory.MaxGuest != nil {
		if why := whyNoMemoryHotplug(spec); why != "" {
			f.invalid(at.Child("memory", "guest"), "%s", why)
		}
	}
}

// checkTemplateNamespaces refuses data volumes of another namespace.
func checkTemplateNamespaces(f *findings, w *rest.Write, vm, old *kubevirtv1.VirtualMachine) {
	if w.Operation == rest.Update && equality.Semantic.DeepEqual(old.Spec.DataVolumeTemplates, vm.Spec.DataVolumeTemplates) {
		return
	}
	for n, template := range vm.Spec.DataVolumeTemplates {
		if template.Namespace != "" && template.Namespace != w.Namespace {
			f.invalid(field.NewPath("spec", "dataVolumeTemplates").Index(n),
				"Embedded DataVolume namespace %s differs from VM namespace %s", template.Namespace, w.Namespace)
		}
	}
}

// checkStorageJobs refuses what a snapshot or a restore under way would suffer from
// (pkg/storage/admitters/vm-storage-status.go). Up to 1.3 a snapshot held all of the spec.
func (v version) checkStorageJobs(f *findings, w *rest.Write, vm, old *kubevirtv1.VirtualMachine) {
	if w.Operation != rest.Update {
		return
	}
	at := field.NewPath("spec")
	if snapshot := vm.Status.SnapshotInProgress; snapshot != nil {
		if !v.since(4) && !equality.Semantic.DeepEqual(old.Spec, vm.Spec) {
			f.notSupported(at, "Cannot update VM spec until snapshot %q completes", *snapshot)
			return
		}
		if !equality.Semantic.DeepEqual(volumesOfTemplate(old), volumesOfTemplate(vm)) {
			f.notSupported(at, "Cannot update vm disks or volumes until snapshot %q completes", *snapshot)
			return
		}
		if !sameRunning(&old.Spec, &vm.Spec) {
			f.notSupported(at, "Cannot update vm running state until snapshot %q completes", *snapshot)
			return
		}
	}
	if restore := vm.Status.RestoreInProgress; restore != nil && !equality.Semantic.DeepEqual(old.Spec, vm.Spec) && strategyOf(old) != strategyOf(vm) {
		f.notSupported(at, "Cannot update VM runStrategy until restore %q completes", *restore)
	}
}

func volumesOfTemplate(vm *kubevirtv1.VirtualMachine) []kubevirtv1.Volume {
	if vm.Spec.Template == nil {
		return nil
	}
	return vm.Spec.Template.Spec.Volumes
}

// sameRunning compares either of the two fields; a change from one to the other counts as a change.
func sameRunning(old, spec *kubevirtv1.VirtualMachineSpec) bool {
	switch {
	case old.Running != nil && spec.Running != nil:
		return *old.Running == *spec.Running
	case old.RunStrategy != nil && spec.RunStrategy != nil:
		return *old.RunStrategy == *spec.RunStrategy
	}
	return false
}

// reservedLabels are those that only KubeVirt sets on instances.
var reservedLabels = []string{
	kubevirtv1.CreatedByLabel, kubevirtv1.MigrationJobLabel, kubevirtv1.NodeNameLabel, kubevirtv1.MigrationTargetNodeNameLabel,
	kubevirtv1.NodeSchedulable, kubevirtv1.InstallStrategyLabel,
}

func (v version) checkInstanceMetadata(f *findings, at *field.Path, meta *metav1.ObjectMeta, ours bool) {
	if !ours && len(reservedOf(meta.Labels)) > 0 {
		f.notSupported(at.Child("labels"), "creation of the following reserved kubevirt.io/ labels on a VMI object is prohibited")
	}
	const sidecars = "hooks.kubevirt.io/hookSidecars"
	if meta.Annotations[kubevirtv1.IgnitionAnnotation] != "" && !v.gate("ExperimentalIgnitionSupport") {
		f.invalid(at.Child("annotations"), "ExperimentalIgnitionSupport feature gate is not enabled in kubevirt-config, invalid entry %s",
			at.Child("annotations", kubevirtv1.IgnitionAnnotation))
	}
	if meta.Annotations[sidecars] != "" && !v.gate("Sidecar") {
		f.invalid(at.Child("annotations"), "sidecar feature gate is not enabled in kubevirt-config, invalid entry %s",
			at.Child("annotations", sidecars))
	}
}

func reservedOf(labels map[string]string) map[string]string {
	found := map[string]string{}
	for _, key := range reservedLabels {
		if value, ok := labels[key]; ok {
			found[key] = value
		}
	}
	return found
}
