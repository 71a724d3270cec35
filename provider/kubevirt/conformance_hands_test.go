package kubevirt_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strconv"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// volume is a request to plug in a claim, as virtctl sends it.
func volume(name string) *kubevirtv1.AddVolumeOptions {
	return &kubevirtv1.AddVolumeOptions{
		Name: name,
		Disk: &kubevirtv1.Disk{DiskDevice: kubevirtv1.DiskDevice{Disk: &kubevirtv1.DiskTarget{Bus: kubevirtv1.DiskBusSCSI}}},
		VolumeSource: &kubevirtv1.HotplugVolumeSource{PersistentVolumeClaim: &kubevirtv1.PersistentVolumeClaimVolumeSource{
			PersistentVolumeClaimVolumeSource: corev1.PersistentVolumeClaimVolumeSource{ClaimName: name}, Hotpluggable: true,
		}},
	}
}

// editPatch is a change of another manager's as a merge patch; nil when nothing but disks is in it.
func editPatch(change domain.VMChange) ([]byte, error) {
	metadata, guest := map[string]any{}, map[string]any{}
	if change.Labels != nil {
		metadata["labels"] = change.Labels
	}
	if change.Annotations != nil {
		metadata["annotations"] = change.Annotations
	}
	if cpu := change.CPU; cpu != nil {
		guest["cpu"] = kubevirtv1.CPU{Sockets: uint32(cpu.Sockets), Cores: uint32(cpu.Cores), Threads: uint32(cpu.Threads)} //nolint:gosec // small and positive
	}
	if change.MemoryBytes != nil {
		guest["memory"] = map[string]any{"guest": resource.NewQuantity(*change.MemoryBytes, resource.BinarySI)}
	}
	change.SetDisks = nil
	if reflect.ValueOf(change).IsZero() {
		return nil, nil
	}
	patch := map[string]any{}
	if len(metadata) > 0 {
		patch["metadata"] = metadata
	}
	if len(guest) > 0 {
		patch["spec"] = map[string]any{"template": map[string]any{"spec": map[string]any{"domain": guest}}}
	}
	return json.Marshal(patch)
}

func (f *fleet) makeInstanceType(ctx context.Context, t domain.InstanceType) error {
	api := f.others[t.Cluster].InstancetypeV1beta1()
	meta := metav1.ObjectMeta{Name: t.Name, Labels: t.Labels, Annotations: t.Annotations}
	spec := instancetypev1.VirtualMachineInstancetypeSpec{
		CPU:    instancetypev1.CPUInstancetype{Guest: uint32(t.VCPUs)}, //nolint:gosec // small and positive
		Memory: instancetypev1.MemoryInstancetype{Guest: *resource.NewQuantity(t.MemoryBytes, resource.BinarySI)},
	}
	var err error
	if t.Namespace == "" {
		_, err = api.VirtualMachineClusterInstancetypes().Create(ctx, &instancetypev1.VirtualMachineClusterInstancetype{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
	} else {
		_, err = api.VirtualMachineInstancetypes(t.Namespace).Create(ctx, &instancetypev1.VirtualMachineInstancetype{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
	}
	return err
}

func (f *fleet) makePreference(ctx context.Context, p domain.Preference) error {
	api := f.others[p.Cluster].InstancetypeV1beta1()
	meta := metav1.ObjectMeta{Name: p.Name, Labels: p.Labels, Annotations: p.Annotations}
	spec := instancetypev1.VirtualMachinePreferenceSpec{
		Devices: &instancetypev1.DevicePreferences{PreferredDiskBus: kubevirtv1.DiskBus(p.DiskBus), PreferredInterfaceModel: p.InterfaceModel},
	}
	var err error
	if p.Namespace == "" {
		_, err = api.VirtualMachineClusterPreferences().Create(ctx, &instancetypev1.VirtualMachineClusterPreference{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
	} else {
		_, err = api.VirtualMachinePreferences(p.Namespace).Create(ctx, &instancetypev1.VirtualMachinePreference{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
	}
	return err
}

// expireStreams ends the provider's watches and breaks off new ones until what they have missed is in the past.
func (f *fleet) expireStreams(ctx context.Context, cluster string, meanwhile func()) error {
	synctest.Wait() // no watch is on its way
	f.cutOff(cluster, true)
	f.sims[cluster].EndWatches()
	synctest.Wait()
	meanwhile()
	// Nobody's place is the present, not even that of a watch which has missed nothing.
	if err := f.makeInstanceType(ctx, domain.InstanceType{Cluster: cluster, Name: "passing-time-" + strconv.Itoa(f.expired), VCPUs: 1, MemoryBytes: 1 << 30}); err != nil {
		return err
	}
	f.expired++
	f.sims[cluster].Compact()
	f.cutOff(cluster, false)
	return nil
}

// cutOff has the provider's watches of a cluster fail, or lets them begin again.
func (f *fleet) cutOff(cluster string, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cut = ""; on {
		f.cut = cluster
	}
	f.setFaults(cluster)
}
