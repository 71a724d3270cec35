package providertest

import (
	"reflect"
	"slices"
)

// Need is what a check needs of the provider or of the harness. What is missing is declared in [Harness.Missing].
//
// Besides the constants, every field of [Knobs] is a need, as "Knobs.CrashLoop", and every [FaultKind], as
// "fault: throttled".
type Need string

// Capabilities of a provider. Where one is declared missing, its verbs are asserted to answer CAPABILITY_UNSUPPORTED and
// to change nothing. To read, list, create and delete VMs of run strategies Halted and Always is no capability: every
// provider does.
const (
	NeedPower         Need = "power"          // StartVM, StopVM, RestartVM
	NeedPause         Need = "pause"          // PauseVM, UnpauseVM, StartOptions.Paused
	NeedReboot        Need = "reboot"         // SoftRebootVM, ResetVM
	NeedUpdate        Need = "update"         // UpdateVM
	NeedApply         Need = "apply"          // ApplyVM
	NeedValidate      Need = "validate"       // ValidateVM
	NeedDryRun        Need = "dry run"        // DryRun of the options of every verb that has it
	NeedIdempotency   Need = "idempotency"    // CreateOptions.IdempotencyKey
	NeedMigration     Need = "migration"      // the role Migrator
	NeedInstanceTypes Need = "instance types" // the role InstanceTypes
	NeedWatch         Need = "watch"          // the role VMWatcher
	// The run strategies that a provider may lack. A create with one is asserted to be refused.
	NeedManual   Need = "run strategy Manual"
	NeedRerun    Need = "run strategy RerunOnFailure"
	NeedOnce     Need = "run strategy Once"
	NeedReceiver Need = "run strategy WaitAsReceiver"
)

// Hands and traits. Where one is missing, the checks that need it are skipped with the reason.
const (
	NeedTwoClusters Need = "two clusters"
	// NeedOwnership: fields have owners, and a change of another's field is FIELD_CONFLICT without force.
	NeedOwnership Need = "field ownership"
	// NeedPlacement: VMs run on named nodes.
	NeedPlacement Need = "placement"
	// NeedUnobserved: a controller looks at a new VM some time after it was made, and nothing is known of it before.
	NeedUnobserved Need = "unobserved VMs"

	NeedPut           Need = "Backend.Put"
	NeedTurn          Need = "Backend.Turn"
	NeedEdit          Need = "Backend.Edit"
	NeedHappen        Need = "Backend.Happen"
	NeedSituate       Need = "Backend.Situate"
	NeedCatalogue     Need = "Backend.MakeInstanceType and MakePreference"
	NeedFaults        Need = "Backend.FailNext"
	NeedExpireCursors Need = "Backend.ExpireCursors"
	NeedExpireStreams Need = "Backend.ExpireStreams"
	NeedRequests      Need = "Backend.Requests"
	NeedClose         Need = "Backend.Close"
)

// hands are the needs that a nil field of a Backend leaves open.
func (b Backend) hands() map[Need]bool {
	return map[Need]bool{
		NeedPut: b.Put != nil, NeedTurn: b.Turn != nil, NeedEdit: b.Edit != nil, NeedHappen: b.Happen != nil,
		NeedSituate: b.Situate != nil, NeedCatalogue: b.MakeInstanceType != nil && b.MakePreference != nil,
		NeedFaults: b.FailNext != nil, NeedExpireCursors: b.ExpireCursors != nil, NeedExpireStreams: b.ExpireStreams != nil,
		NeedRequests: b.Requests != nil,
		NeedClose:    b.Close != nil,
	}
}

// lacking returns the first of the needs that is missing, and why. A knob and a fault need their hand as well.
func (h Harness) lacking(b Backend, needs []Need) (need Need, why string) {
	hands := b.hands()
	for _, need := range needs {
		if why, missing := h.Missing[need]; missing {
			return need, why
		}
		if there, isHand := hands[need]; isHand && !there {
			return need, "the harness has none"
		}
		if need == NeedTwoClusters && len(h.Clusters) < 2 {
			return need, "the harness has one"
		}
	}
	return "", ""
}

// has says whether none of the needs is missing: for the part of a check that can be left out. The report tells what was.
func (e *env) has(needs ...Need) bool {
	lacking, why := e.h.lacking(e.Backend, needs)
	if lacking == "" {
		return true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if part := string(lacking) + ": " + why; !slices.Contains(e.without, part) {
		e.without = append(e.without, part)
	}
	return false
}

// known are all needs that there are.
func known() map[Need]bool {
	needs := map[Need]bool{}
	for _, c := range checks() {
		for _, need := range c.needs {
			needs[need] = true
		}
	}
	for need := range refusals {
		needs[need] = true
	}
	for need := range (Backend{}).hands() {
		needs[need] = true
	}
	for field := range reflect.TypeFor[Knobs]().Fields() {
		needs[Need("Knobs."+field.Name)] = true
	}
	return needs
}
