package kubevirtsim

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// The webhooks for migrations, by the names that refusals tell.
const (
	migrationMutator   = "migrations-mutator.kubevirt.io"
	migrationCreation  = "migration-create-validator.kubevirt.io"
	migrationValidator = "migration-update-validator.kubevirt.io"
)

// defaultMigration is the mutating webhook for new migrations (migration-create-mutator.go of KubeVirt v1.9.0). The label
// is how a migration is found by its instance.
func (s *Server) defaultMigration(w *rest.Write) error {
	if w.Operation != rest.Create {
		return nil
	}
	if err := checkTypes(migrationMutator, w, kubevirtv1.VirtualMachineInstanceMigration{}); err != nil {
		return err
	}
	migration := &kubevirtv1.VirtualMachineInstanceMigration{}
	if err := into(w.Object, migration); err != nil {
		return failed(migrationMutator, err)
	}
	if migration.Labels == nil {
		migration.Labels = map[string]string{}
	}
	migration.Labels[kubevirtv1.MigrationSelectorLabel] = migration.Spec.VMIName
	migration.Finalizers = append(migration.Finalizers, kubevirtv1.VirtualMachineInstanceMigrationFinalizer)
	return setPart(w.Object, "metadata", migration.ObjectMeta)
}

// validateNewMigration is the validating webhook for new migrations (migration-create-admitter.go). All but faults of the
// spec is told as a bad request without a reason.
func (s *Server) validateNewMigration(w *rest.Write) error {
	migration, f := &kubevirtv1.VirtualMachineInstanceMigration{}, &findings{}
	if err := into(w.Object, migration); err != nil {
		return failed(migrationCreation, err)
	}
	spec := migration.Spec
	switch {
	case spec.VMIName == "":
		f.required(field.NewPath("spec", "vmiName"), "vmiName is missing")
	case spec.Priority != nil && !ours(w):
		f.add(metav1.CauseTypeForbidden, field.NewPath("spec", "migrationPriority"),
			"Migration priority queue, only virt-controller is allowed to set priority field")
	}
	if err := f.refusal(migrationCreation); err != nil {
		return err
	}
	if err := s.whyNotMigrate(w, migration); err != nil {
		return failed(migrationCreation, err)
	}
	switch {
	case spec.SendTo == nil && spec.Receive == nil:
	case !s.version.gate("DecentralizedLiveMigration"):
		f.notSupported(nil, "DecentralizedLiveMigration feature gate is not enabled in kubevirt resource")
	case spec.SendTo != nil && spec.Receive != nil && spec.SendTo.MigrationID != spec.Receive.MigrationID:
		f.invalid(nil, "sendTo migrationID %s does not match receive migrationID %s", spec.SendTo.MigrationID, spec.Receive.MigrationID)
	}
	return f.refusal(migrationCreation)
}

// whyNotMigrate says what about the instance stands against its migration.
func (s *Server) whyNotMigrate(w *rest.Write, migration *kubevirtv1.VirtualMachineInstanceMigration) error {
	name := migration.Spec.VMIName
	u, err := s.api.Get(rest.Ref{Resource: instances, Namespace: w.Namespace, Name: name})
	if err != nil {
		return fmt.Errorf("the VMI \"%s/%s\" does not exist", w.Namespace, name)
	}
	instance := &kubevirtv1.VirtualMachineInstance{}
	if err := into(u, instance); err != nil {
		return err
	}
	if instance.IsFinal() {
		return errors.New("Cannot migrate VMI in finalized state.")
	}
	for _, c := range instance.Status.Conditions {
		if c.Type != kubevirtv1.VirtualMachineInstanceIsMigratable || c.Status != corev1.ConditionFalse ||
			c.Reason == kubevirtv1.VirtualMachineInstanceReasonDisksNotMigratable && migration.IsDecentralized() {
			continue
		}
		return fmt.Errorf("Cannot migrate VMI, Reason: %s, Message: %s", c.Reason, c.Message)
	}
	for _, other := range s.controller.migrationsOf(w.Namespace, name) {
		if !other.IsFinal() {
			return fmt.Errorf("in-flight migration detected. Active migration job (%s) is currently already in progress for VMI %s.",
				other.UID, name)
		}
	}
	return nil
}

// validateMigration is the validating webhook for changes of migrations (migration-update-admitter.go).
func (s *Server) validateMigration(w *rest.Write) error {
	migration, old, f := &kubevirtv1.VirtualMachineInstanceMigration{}, &kubevirtv1.VirtualMachineInstanceMigration{}, &findings{}
	if err := into(w.Object, migration); err != nil {
		return failed(migrationValidator, err)
	}
	if err := into(w.Old, old); err != nil {
		return failed(migrationValidator, err)
	}
	before, labelled := old.Labels[kubevirtv1.MigrationSelectorLabel]
	now, still := migration.Labels[kubevirtv1.MigrationSelectorLabel]
	switch {
	case !equality.Semantic.DeepEqual(migration.Spec, old.Spec):
		f.notSupported(nil, "update of Migration object's spec is restricted")
	case migration.IsFinal() || !labelled:
	case migration.Labels == nil:
		f.notSupported(nil, "selector label can't be removed from an in-flight migration")
	case !still || now != before:
		f.notSupported(nil, "selector label can't be modified on an in-flight migration")
	}
	return f.refusal(migrationValidator)
}
