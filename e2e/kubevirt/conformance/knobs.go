package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/nodesim"
	"github.com/kv-shepherd/shepherd-go/providertest"
)

// annotationsOf are the knobs that the simulated nodes have; nil takes one away.
func annotationsOf(k providertest.Knobs) map[string]*string {
	set := func(on bool, value string) *string {
		if !on {
			return nil
		}
		return &value
	}
	return map[string]*string{
		nodesim.KnobUnschedulable: set(k.Unschedulable, "true"),
		nodesim.KnobImagePull:     set(k.ImagePullFailure, "ImagePullBackOff"),
		nodesim.KnobCrash:         set(k.CrashLoop, "true"),
		nodesim.KnobNoAgent:       set(k.NoGuestAgent, "true"),
		nodesim.KnobStopDelay:     set(k.IgnoresShutdown, "24h"),
		nodesim.KnobNotMigratable: set(k.NotMigratable, "true"),
		nodesim.KnobBlockTarget:   set(k.MigrationPending, "true"),
		nodesim.KnobHoldMigration: set(k.MigrationNeverEnds, "true"),
		nodesim.KnobFailMigration: set(k.MigrationFails, "true"),
	}
}

// claimOf is the claim of a VM that misses one, or waits for one.
func claimOf(vm string) string { return vm + "-claim" }

// born gives a VM what it can only be made with.
func born(spec *domain.VMSpec, k providertest.Knobs) error {
	if k.MissingClaim || k.VolumesUnbound {
		disks := append([]domain.Disk(nil), spec.Disks...)
		spec.Disks = append(disks, domain.Disk{Name: "claim", Kind: domain.DiskClaim, Claim: claimOf(spec.Name)})
	}
	var parts []string
	if k.NoACPI {
		parts = append(parts, `"domain":{"devices":{},"features":{"acpi":{"enabled":false}}}`)
	}
	if k.LivenessProbe {
		parts = append(parts, `"livenessProbe":{"tcpSocket":{"port":80}}`)
	}
	if len(parts) == 0 {
		return nil
	}
	if len(spec.Manifest) > 0 {
		return errors.New("these knobs take the place of a manifest")
	}
	spec.Manifest = json.RawMessage(`{"spec":{"template":{"spec":{` + strings.Join(parts, ",") + `}}}}`)
	return nil
}

// before turns the knobs that are not the VM's own, and must be so when it is made.
func (h *hands) before(ctx context.Context, ref domain.Ref, was, is providertest.Knobs) error {
	h.wire.veil(pathOf(ref), is.InstanceUnreadable)
	var errs []error
	if !was.VolumesUnbound && is.VolumesUnbound {
		errs = append(errs, h.claim(ctx, ref, claimOf(ref.Name), map[string]string{nodesim.KnobUnbound: "true"}))
	}
	if was.VolumesUnbound && !is.VolumesUnbound {
		errs = append(errs, h.bind(ctx, ref))
	}
	if was.MissingClaim && !is.MissingClaim {
		errs = append(errs, h.claim(ctx, ref, claimOf(ref.Name), nil))
	}
	if was.CreateFails != is.CreateFails {
		errs = append(errs, h.noInstance(ctx, ref, is.CreateFails))
	}
	if was.ForeignInstance != is.ForeignInstance {
		errs = append(errs, h.foreign(ctx, ref, is.ForeignInstance))
	}
	return errors.Join(errs...)
}

// after turns the knobs that are written into the VM's status.
func (h *hands) after(ctx context.Context, ref domain.Ref, was, is providertest.Knobs) error {
	var errs []error
	if was.ManualRecovery != is.ManualRecovery {
		errs = append(errs, h.manualRecovery(ctx, ref, is.ManualRecovery))
	}
	if was.Snapshotting != is.Snapshotting {
		var job any // null
		if is.Snapshotting {
			job = "a-snapshot" // what the snapshot controller writes while it works
		}
		errs = append(errs, h.patchVM(ctx, ref, "", map[string]any{"status": map[string]any{"snapshotInProgress": job}}, "status"))
	}
	return errors.Join(errs...)
}

// claim makes a claim that the simulated nodes bind, unless its annotations keep them from it.
func (h *hands) claim(ctx context.Context, ref domain.Ref, name string, annotations map[string]string) error {
	_, err := h.core.CoreV1().PersistentVolumeClaims(namespaceOn(ref.Cluster, ref.Namespace)).Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: gibibyte}},
		},
	}, metav1.CreateOptions{})
	return err
}

// bind lets a claim be bound.
func (h *hands) bind(ctx context.Context, ref domain.Ref) error {
	api := h.core.CoreV1().PersistentVolumeClaims(namespaceOn(ref.Cluster, ref.Namespace))
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		claim, err := api.Get(ctx, claimOf(ref.Name), metav1.GetOptions{})
		if err != nil {
			return err
		}
		delete(claim.Annotations, nodesim.KnobUnbound)
		_, err = api.Update(ctx, claim, metav1.UpdateOptions{})
		return err
	})
}

// manualRecovery writes what virt-controller writes when a volume migration has failed. It keeps the condition as long
// as there is no instance.
func (h *hands) manualRecovery(ctx context.Context, ref domain.Ref, on bool) error {
	api := h.virt.KubevirtV1().VirtualMachines(namespaceOn(ref.Cluster, ref.Namespace))
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		vm, err := api.Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		kept := vm.Status.Conditions[:0]
		for _, condition := range vm.Status.Conditions {
			if condition.Type != kubevirtv1.VirtualMachineManualRecoveryRequired {
				kept = append(kept, condition)
			}
		}
		if vm.Status.Conditions = kept; on {
			vm.Status.Conditions = append(kept, kubevirtv1.VirtualMachineCondition{
				Type: kubevirtv1.VirtualMachineManualRecoveryRequired, Status: corev1.ConditionTrue,
				Reason: "VMI was removed or was final during the volume migration", LastTransitionTime: metav1.Now(),
			})
		}
		_, err = api.UpdateStatus(ctx, vm, metav1.UpdateOptions{})
		return err
	})
}

// pathOf names an instance to the wire.
func pathOf(ref domain.Ref) string {
	return fmt.Sprintf("%s/%s/%s", ref.Cluster, ref.Namespace, ref.Name)
}

func cutPath(path string) (cluster, namespace, name string) {
	parts := strings.SplitN(path, "/", 3)
	return parts[0], parts[1], parts[2]
}
