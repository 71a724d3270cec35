package mapper

import (
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// migrationPhases maps KubeVirt's phases (VirtualMachineInstanceMigrationPhase in core/v1 types.go, v1.9.0). A cluster's
// limit of parallel migrations leaves one Pending: that is waiting, not failure.
var migrationPhases = map[kubevirtv1.VirtualMachineInstanceMigrationPhase]domain.Phase{
	kubevirtv1.MigrationPhaseUnset:      domain.PhasePending,
	kubevirtv1.MigrationPending:         domain.PhasePending,
	kubevirtv1.MigrationScheduling:      domain.PhaseRunning,
	kubevirtv1.MigrationScheduled:       domain.PhaseRunning,
	kubevirtv1.MigrationPreparingTarget: domain.PhaseRunning,
	kubevirtv1.MigrationTargetReady:     domain.PhaseRunning,
	kubevirtv1.MigrationWaitingForSync:  domain.PhaseRunning,
	kubevirtv1.MigrationSynchronizing:   domain.PhaseRunning,
	kubevirtv1.MigrationRunning:         domain.PhaseRunning,
	kubevirtv1.MigrationSucceeded:       domain.PhaseSucceeded,
	kubevirtv1.MigrationFailed:          domain.PhaseFailed,
}

// MapMigration maps a live migration. One that failed because somebody asked for it is CANCELED; one that is merely
// cleared away after its end is not. A nil object, or one
// without name, namespace or VM, is an error of code [ErrIncompatibleSchema].
func (m *Mapper) MapMigration(object *kubevirtv1.VirtualMachineInstanceMigration) (*domain.Migration, error) {
	if object == nil {
		return nil, m.incompatible("", "", "metadata")
	}
	if err := m.identified(object.Namespace, object.Name); err != nil {
		return nil, err
	}
	if object.Spec.VMIName == "" {
		return nil, m.incompatible(object.Namespace, object.Name, "spec.vmiName")
	}
	migration := &domain.Migration{
		Cluster:   m.cluster,
		Namespace: text(object.Namespace),
		Name:      text(object.Name),
		UID:       text(string(object.UID)),
		Revision:  text(object.ResourceVersion),
		CreatedAt: utc(object.CreationTimestamp),
		VMName:    text(object.Spec.VMIName),
		Phase:     domain.PhaseUnknown,
		RawPhase:  text(string(object.Status.Phase)),
	}
	if phase, ok := migrationPhases[object.Status.Phase]; ok {
		migration.Phase = phase
	}
	// KubeVirt cancels a migration when its object is deleted.
	migration.CancelRequested = object.DeletionTimestamp != nil && !migration.Phase.Ended()
	if state := viewMigration(object.Status.MigrationState); state != nil {
		migration.State = *state
		migration.Message = state.FailureReason
	}
	for n := range object.Status.Conditions {
		condition := &object.Status.Conditions[n]
		if condition.Status != "True" {
			continue
		}
		if condition.Type == kubevirtv1.VirtualMachineInstanceMigrationAbortRequested {
			migration.CancelRequested = true
		} else if migration.Message == "" {
			migration.Message = message(first(condition.Message, condition.Reason))
		}
	}
	if migration.Phase == domain.PhaseFailed && (migration.CancelRequested || migration.State.AbortStatus == string(kubevirtv1.MigrationAbortSucceeded)) {
		migration.Phase = domain.PhaseCanceled
	}
	return migration, nil
}
