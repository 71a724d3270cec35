package kubevirtsim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// expandStored and expandGiven answer a VM with its instance type and preference written out
// (pkg/virt-api/rest/expand.go and pkg/instancetype/expand). What is wrong with a stored VM is an internal error.
func (a *virtAPI) expandStored(q *question) error {
	vm, err := a.machine(q)
	if err != nil {
		return err
	}
	vm.SetGroupVersionKind(kubevirtv1.VirtualMachineGroupVersionKind)
	expanded, err := a.expand(vm)
	if err != nil {
		return apierrors.NewInternalError(err)
	}
	q.answer(http.StatusOK, expanded)
	return nil
}

func (a *virtAPI) expandGiven(q *question) error {
	body, err := io.ReadAll(q.r.Body)
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	if err := validMachine(body); err != nil {
		return err
	}
	vm := &kubevirtv1.VirtualMachine{}
	if err := json.Unmarshal(body, vm); err != nil {
		return unreadable(err)
	}
	if vm.Namespace != "" && vm.Namespace != q.namespace {
		return apierrors.NewBadRequest("VM namespace must be empty or " + q.namespace)
	}
	vm.Namespace = q.namespace
	expanded, err := a.expand(vm)
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	q.answer(http.StatusOK, expanded)
	return nil
}

// expand leaves a VM as it is that names neither an instance type nor a preference.
func (a *virtAPI) expand(vm *kubevirtv1.VirtualMachine) (*kubevirtv1.VirtualMachine, error) {
	if vm.Spec.Instancetype == nil && vm.Spec.Preference == nil {
		return vm, nil
	}
	size, err := a.sim.controller.instancetypeOf(vm)
	if err != nil {
		return nil, err
	}
	preference, err := a.sim.controller.preferenceOf(vm)
	if err != nil {
		return nil, err
	}
	expanded := vm.DeepCopy()
	template := expanded.Spec.Template
	addDisksOfVolumes(&template.Spec)
	addPodNetwork(&template.Spec)
	if taken := giveSize(template, size, preference); len(taken) > 0 {
		return nil, fmt.Errorf("VM field(s) %s conflicts with selected instance type", strings.Join(taken, ", "))
	}
	givePreferences(template, preference)
	completeExpanded(&template.Spec)
	expanded.Spec.Instancetype, expanded.Status.InstancetypeRef = nil, nil
	expanded.Spec.Preference, expanded.Status.PreferenceRef = nil, nil
	return expanded, nil
}

// validMachine refuses what KubeVirt's schema of a VM does not admit. The causes are texts only.
func validMachine(body []byte) error {
	given := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(body, &given.Object); err != nil {
		return unreadable(err)
	}
	faults := faultsOf(&rest.Write{Object: given}, kubevirtv1.VirtualMachine{})
	if len(faults) == 0 {
		return nil
	}
	status := apierrors.NewBadRequest("Object is not a valid VirtualMachine")
	status.ErrStatus.Details = &metav1.StatusDetails{}
	for _, fault := range faults {
		status.ErrStatus.Details.Causes = append(status.ErrStatus.Details.Causes, metav1.StatusCause{Message: fault.message()})
	}
	return status
}

// addDisksOfVolumes adds a disk for each volume that has none.
func addDisksOfVolumes(spec *kubevirtv1.VirtualMachineInstanceSpec) {
	used := map[string]bool{}
	for _, d := range spec.Domain.Devices.Disks {
		used[d.Name] = true
	}
	for _, f := range spec.Domain.Devices.Filesystems {
		used[f.Name] = true
	}
	for _, v := range spec.Volumes {
		if !used[v.Name] {
			spec.Domain.Devices.Disks = append(spec.Domain.Devices.Disks, kubevirtv1.Disk{Name: v.Name})
		}
	}
}

// addPodNetwork gives a VM that says nothing of networks the pod's.
func addPodNetwork(spec *kubevirtv1.VirtualMachineInstanceSpec) {
	attach := spec.Domain.Devices.AutoattachPodInterface
	if attach != nil && !*attach || len(spec.Networks) > 0 || len(spec.Domain.Devices.Interfaces) > 0 {
		return
	}
	spec.Domain.Devices.Interfaces = []kubevirtv1.Interface{*kubevirtv1.DefaultBridgeNetworkInterface()}
	spec.Networks = []kubevirtv1.Network{*kubevirtv1.DefaultPodNetwork()}
}

// completeExpanded sets what is still open (SetDefaultVirtualMachineInstanceSpec of pkg/defaults), of an unconfigured
// KubeVirt on amd64.
func completeExpanded(spec *kubevirtv1.VirtualMachineInstanceSpec) {
	prefer(&spec.Architecture, "amd64")
	if spec.Domain.Machine == nil {
		spec.Domain.Machine = &kubevirtv1.Machine{}
	}
	prefer(&spec.Domain.Machine.Type, "q35")
	resources := &spec.Domain.Resources
	if !resources.Limits.Cpu().IsZero() && resources.Requests.Cpu().IsZero() {
		if resources.Requests == nil {
			resources.Requests = corev1.ResourceList{}
		}
		resources.Requests[corev1.ResourceCPU] = resources.Limits[corev1.ResourceCPU]
	}
	expandedMemory(&spec.Domain)
	expandedCPU(&spec.Domain)
	for _, v := range spec.Volumes {
		if v.ContainerDisk == nil || v.ContainerDisk.ImagePullPolicy != "" {
			continue
		}
		v.ContainerDisk.ImagePullPolicy = corev1.PullIfNotPresent
		if image := v.ContainerDisk.Image; strings.HasSuffix(image, ":latest") || !strings.ContainsAny(image, ":@") {
			v.ContainerDisk.ImagePullPolicy = corev1.PullAlways
		}
	}
	addPodNetwork(spec)
	addDisksOfVolumes(spec)
}

func expandedMemory(domain *kubevirtv1.DomainSpec) {
	if domain.Memory == nil {
		domain.Memory = &kubevirtv1.Memory{}
	}
	if domain.Memory.Guest != nil {
		return
	}
	switch requests, limits := domain.Resources.Requests.Memory(), domain.Resources.Limits.Memory(); {
	case !requests.IsZero():
		domain.Memory.Guest = requests
	case !limits.IsZero():
		domain.Memory.Guest = limits
	case domain.Memory.Hugepages != nil:
		if page, err := resource.ParseQuantity(domain.Memory.Hugepages.PageSize); err == nil {
			domain.Memory.Guest = &page
		}
	case domain.Memory.Hugepages != nil:
		if page, err := resource.ParseQuantity(domain.Memory.Hugepages.PageSize); err == nil {
			domain.Memory.Guest = &page
		}
	}
}

func expandedCPU(domain *kubevirtv1.DomainSpec) {
	if domain.CPU == nil {
		domain.CPU = &kubevirtv1.CPU{}
	}
	cpu := domain.CPU
	if cpu.Cores != 0 || cpu.Sockets != 0 || cpu.Threads != 0 {
		return
	}
	cpu.Cores, cpu.Sockets, cpu.Threads = 1, 1, 1
	if limit, ok := domain.Resources.Limits[corev1.ResourceCPU]; ok {
		cpu.Sockets = uint32(limit.Value()) //nolint:gosec // what KubeVirt does
	} else if request, ok := domain.Resources.Requests[corev1.ResourceCPU]; ok {
		cpu.Sockets = uint32(request.Value()) //nolint:gosec // what KubeVirt does
	}
}
