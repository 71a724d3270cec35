package conformance

import (
	"context"
	"errors"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// edit changes a VM as kubectl edit does under another manager's name, and plugs disks in and out as virtctl does.
func (h *hands) edit(ctx context.Context, ref domain.Ref, manager string, change domain.VMChange) error {
	for _, disk := range change.SetDisks {
		if err := h.plug(ctx, ref, disk); err != nil {
			return err
		}
	}
	for _, disk := range change.RemoveDisks {
		err := h.virt.KubevirtV1().VirtualMachines(namespaceOn(ref.Cluster, ref.Namespace)).
			RemoveVolume(ctx, ref.Name, &kubevirtv1.RemoveVolumeOptions{Name: disk})
		if err != nil {
			return err
		}
	}
	change.SetDisks, change.RemoveDisks = nil, nil
	if reflect.ValueOf(change).IsZero() {
		return nil
	}
	patch, err := patchOf(change)
	if err != nil {
		return err
	}
	return h.patchVM(ctx, ref, manager, patch)
}

// patchOf is a change as a merge patch.
func patchOf(change domain.VMChange) (map[string]any, error) {
	metadata, machine, template := map[string]any{}, map[string]any{}, map[string]any{}
	if change.Labels != nil {
		metadata["labels"] = change.Labels
	}
	if change.Annotations != nil {
		metadata["annotations"] = change.Annotations
	}
	if change.GuestLabels != nil {
		template["metadata"] = map[string]any{"labels": change.GuestLabels}
	}
	if cpu := change.CPU; cpu != nil {
		machine["cpu"] = kubevirtv1.CPU{Sockets: uint32(cpu.Sockets), Cores: uint32(cpu.Cores), Threads: uint32(cpu.Threads)} //nolint:gosec // small and positive
	}
	if change.MemoryBytes != nil {
		machine["memory"] = map[string]any{"guest": resource.NewQuantity(*change.MemoryBytes, resource.BinarySI)}
	}
	change.Labels, change.Annotations, change.GuestLabels, change.CPU, change.MemoryBytes = nil, nil, nil, nil, nil
	if !reflect.ValueOf(change).IsZero() {
		return nil, errors.New("this hand edits labels, annotations, CPU, memory and disks")
	}
	if len(machine) > 0 {
		template["spec"] = map[string]any{"domain": machine}
	}
	patch := map[string]any{}
	if len(metadata) > 0 {
		patch["metadata"] = metadata
	}
	if len(template) > 0 {
		patch["spec"] = map[string]any{"template": template}
	}
	return patch, nil
}

// plug attaches a claim of the disk's name to the running instance.
func (h *hands) plug(ctx context.Context, ref domain.Ref, disk domain.Disk) error {
	if err := h.claim(ctx, ref, disk.Name, nil); err != nil {
		return err
	}
	return h.virt.KubevirtV1().VirtualMachines(namespaceOn(ref.Cluster, ref.Namespace)).AddVolume(ctx, ref.Name, &kubevirtv1.AddVolumeOptions{
		Name: disk.Name,
		Disk: &kubevirtv1.Disk{DiskDevice: kubevirtv1.DiskDevice{Disk: &kubevirtv1.DiskTarget{Bus: kubevirtv1.DiskBusSCSI}}},
		VolumeSource: &kubevirtv1.HotplugVolumeSource{PersistentVolumeClaim: &kubevirtv1.PersistentVolumeClaimVolumeSource{
			PersistentVolumeClaimVolumeSource: corev1.PersistentVolumeClaimVolumeSource{ClaimName: disk.Name},
			Hotpluggable:                      true,
		}},
	})
}
