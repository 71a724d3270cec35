package domain

// lifecycle is the table. Sources: pkg/virt-api/rest/lifecycle.go and pkg/storage/admitters/vm-storage-status.go of
// KubeVirt v1.9.0 (the same answers in every minor since 1.0 unless a rule says otherwise), and its
// migration-create-admitter.go. KubeVirt's HTTP codes do not tell these cases apart; the table does.
var lifecycle = []Rule{
	{Verb: VerbStart, Is: []Flag{FlagDeleting}, Code: CodeVMDeleting, Why: "a VM that is being deleted takes no verb but delete"},
	{Verb: VerbStart, Strategy: receiver, Code: CodeReceiverStrategy, Why: "KubeVirt answers 202 and does nothing"},
	{Verb: VerbStart, Strategy: halted, Instance: unfinished, Code: CodeTransitionInProgress, Why: "the last instance is still shutting down"},
	{Verb: VerbStart, Instance: unfinished, Is: []Flag{FlagStopPending}, Code: CodeTransitionInProgress, Why: "the last instance is still shutting down"},
	{Verb: VerbStart, Strategy: onRequest, Instance: []InstanceState{InstanceLive}, Is: []Flag{FlagChangeQueued}, Code: CodeTransitionInProgress, Why: "a stop or restart was requested and comes first"},
	{Verb: VerbStart, Instance: unfinished, Code: CodeVMAlreadyRunning, Why: "409 for every strategy"},
	{Verb: VerbStart, Is: []Flag{FlagManualRecovery}, Code: CodeManualRecoveryRequired, Why: "409 since 1.4"},
	{Verb: VerbStart, Is: []Flag{FlagRestoring}, Code: CodeRestoreInProgress, Why: "its disks are being replaced; the webhook refuses a change of run strategy"},
	{Verb: VerbStart, Strategy: automatic, Code: CodeStartNotSupported, Why: "409: the controller starts it by itself, or its one instance has ended"},
	{Verb: VerbStart, Strategy: rerun, Instance: []InstanceState{InstanceFailed}, Code: CodeInstanceFailed, Why: "409: the controller replaces a failed instance"},
	{Verb: VerbStart, Strategy: onRequest, Is: []Flag{FlagChangeQueued}, Code: CodeTransitionInProgress, Why: "500, stop/start already underway"},
	{Verb: VerbStart, Strategy: halted, Is: []Flag{FlagSnapshotting}, Code: CodeSnapshotInProgress, Why: "the webhook refuses a change of run strategy"},
	{Verb: VerbStart, Why: "Halted becomes Always; Manual and RerunOnFailure queue a request"},

	{Verb: VerbStop, Is: []Flag{FlagDeleting}, Code: CodeVMDeleting, Why: "a VM that is being deleted takes no verb but delete"},
	{Verb: VerbStop, Strategy: receiver, Code: CodeReceiverStrategy, Why: "KubeVirt answers 202 and does nothing"},
	{Verb: VerbStop, Strategy: stopNeedsInstance, Instance: finished, Code: CodeVMNotRunning, Why: "409: nothing to stop"},
	{Verb: VerbStop, Strategy: halted, Code: CodeTransitionInProgress, Why: "409: already stopping; only a shorter grace period is taken"},
	{Verb: VerbStop, Strategy: automatic, Is: []Flag{FlagSnapshotting}, Code: CodeSnapshotInProgress, Why: "the webhook refuses a change of run strategy"},
	{Verb: VerbStop, Strategy: automatic, Is: []Flag{FlagRestoring}, Code: CodeRestoreInProgress, Why: "the webhook refuses a change of run strategy"},
	{Verb: VerbStop, Strategy: always, Is: []Flag{FlagChangeQueued}, Code: CodeTransitionInProgress, Why: "a restart is under way: KubeVirt takes the stop, and the start that is queued makes the VM Always again (vm.go:1119, v1.9.0)"},
	{Verb: VerbStop, Why: "Always and Once become Halted, instance or not; Manual and RerunOnFailure queue a request and keep their strategy"},

	{Verb: VerbRestart, Is: []Flag{FlagDeleting}, Code: CodeVMDeleting, Why: "a VM that is being deleted takes no verb but delete"},
	{Verb: VerbRestart, Strategy: receiver, Code: CodeReceiverStrategy, Why: "the requests are written and never acted on"},
	{Verb: VerbRestart, Instance: finished, Code: CodeVMNotRunning, Why: "409 without an instance; a finished one is not running either"},
	{Verb: VerbRestart, Is: []Flag{FlagManualRecovery}, Code: CodeManualRecoveryRequired, Why: "409 since 1.4"},
	{Verb: VerbRestart, Strategy: halted, Code: CodeTransitionInProgress, Why: "the instance is shutting down for good"},
	{Verb: VerbRestart, Strategy: once, Code: CodeStrategyForbids, Why: "409: the strategy's one instance would end"},
	{Verb: VerbRestart, Is: []Flag{FlagChangeQueued}, Code: CodeTransitionInProgress, Why: "500, stop/start already underway"},
	{Verb: VerbRestart, Why: "a stop and a start request are queued"},

	{Verb: VerbPause, Is: []Flag{FlagDeleting}, Code: CodeVMDeleting, Why: "a VM that is being deleted takes no verb but delete"},
	{Verb: VerbPause, Instance: notLive, Code: CodeVMNotRunning, Why: "404 for the instance, or 409"},
	{Verb: VerbPause, Is: []Flag{FlagStopPending}, Code: CodeTransitionInProgress, Why: "a paused guest would not shut down and be killed when its grace period ends"},
	{Verb: VerbPause, Is: []Flag{FlagProbeForbidsPause}, Code: CodeProbeForbidsPause, Why: "403, which is no question of permission"},
	{Verb: VerbPause, Is: []Flag{FlagPaused}, Code: CodeVMAlreadyPaused, Why: "409"},
	{Verb: VerbPause, Why: "the instance keeps its UID"},

	{Verb: VerbUnpause, Is: []Flag{FlagDeleting}, Code: CodeVMDeleting, Why: "a VM that is being deleted takes no verb but delete"},
	{Verb: VerbUnpause, Instance: notLive, Code: CodeVMNotRunning, Why: "404 for the instance, or 409"},
	{Verb: VerbUnpause, Is: []Flag{FlagSnapshotting}, Code: CodeSnapshotInProgress, Why: "409 since 1.5, before paused or not is looked at"},
	{Verb: VerbUnpause, Not: []Flag{FlagPaused}, Code: CodeVMNotPaused, Why: "409"},
	{Verb: VerbUnpause, Why: "the instance keeps its UID"},

	{Verb: VerbSoftReboot, Is: []Flag{FlagDeleting}, Code: CodeVMDeleting, Why: "a VM that is being deleted takes no verb but delete"},
	{Verb: VerbSoftReboot, Instance: notLive, Code: CodeVMNotRunning, Why: "404 for the instance, or 409"},
	{Verb: VerbSoftReboot, Is: []Flag{FlagStopPending}, Code: CodeTransitionInProgress, Why: "the instance is shutting down"},
	{Verb: VerbSoftReboot, Is: []Flag{FlagPaused}, Code: CodeVMAlreadyPaused, Why: "409: a paused guest hears nothing"},
	{Verb: VerbSoftReboot, Is: []Flag{FlagNotSoftRebootable}, Code: CodeNoGuestAgent, Why: "409: neither guest agent nor ACPI"},
	{Verb: VerbSoftReboot, Why: "the guest is asked, by agent or ACPI"},

	{Verb: VerbReset, Is: []Flag{FlagDeleting}, Code: CodeVMDeleting, Why: "a VM that is being deleted takes no verb but delete"},
	{Verb: VerbReset, Instance: notLive, Code: CodeVMNotRunning, Why: "404 for the instance, or 500"},
	{Verb: VerbReset, Is: []Flag{FlagStopPending}, Code: CodeTransitionInProgress, Why: "the instance is shutting down"},
	{Verb: VerbReset, Why: "the virtual reset button, since 1.5; the instance keeps its UID"},

	{Verb: VerbMigrate, Is: []Flag{FlagDeleting}, Code: CodeVMDeleting, Why: "a VM that is being deleted takes no verb but delete"},
	{Verb: VerbMigrate, Instance: notLive, Code: CodeVMNotRunning, Why: "404 for the instance though the VM exists, or 400"},
	{Verb: VerbMigrate, Is: []Flag{FlagStopPending}, Code: CodeTransitionInProgress, Why: "the instance is shutting down"},
	{Verb: VerbMigrate, Is: []Flag{FlagNotLiveMigratable}, Code: CodeNotMigratable, Why: "400 with an empty reason; only an explicit no refuses"},
	{Verb: VerbMigrate, Is: []Flag{FlagMigrating}, Code: CodeMigrationInProgress, Why: "400 with an empty reason: one unfinished migration per instance"},
	{Verb: VerbMigrate, Is: []Flag{FlagMigrationInFlight}, Code: CodeMigrationInProgress, Why: "400 with an empty reason: one unfinished migration per instance"},
	{Verb: VerbMigrate, Why: "a migration object is created under a name we choose"},

	{Verb: VerbUpdate, Is: []Flag{FlagDeleting}, Code: CodeVMDeleting, Why: "the server would take it, and nothing would come of it"},
	{Verb: VerbUpdate, Why: "in every power state, and never changes it"},

	{Verb: VerbDelete, Why: "always, and again while it is being deleted"},
}

var (
	halted            = []RunStrategy{RunStrategyHalted}
	always            = []RunStrategy{RunStrategyAlways}
	once              = []RunStrategy{RunStrategyOnce}
	rerun             = []RunStrategy{RunStrategyRerunOnFailure}
	receiver          = []RunStrategy{RunStrategyWaitAsReceiver}
	automatic         = []RunStrategy{RunStrategyAlways, RunStrategyOnce}
	onRequest         = []RunStrategy{RunStrategyManual, RunStrategyRerunOnFailure}
	stopNeedsInstance = []RunStrategy{RunStrategyHalted, RunStrategyManual, RunStrategyRerunOnFailure}

	unfinished = []InstanceState{InstanceStarting, InstanceLive}
	finished   = []InstanceState{InstanceNone, InstanceFinal, InstanceFailed}
	notLive    = []InstanceState{InstanceNone, InstanceStarting, InstanceFinal, InstanceFailed}
)
