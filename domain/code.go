package domain

import (
	"errors"
	"maps"
	"slices"
)

// Code names one precise cause of an error. A Code is an error itself, so that it serves as its own sentinel:
//
//	if errors.Is(err, domain.CodeVMNotFound) { ... }
//
// Codes are never renamed: they are keys in other people's translation files. Take the code out of an error with
// [CodeOf]; do not return what CodeOf answers as an error, since its empty value is a non-nil error.
type Code string

// The codes, by kind.
const (
	// NotFound.

	CodeVMNotFound           Code = "VM_NOT_FOUND"            // no VM of that name, or its UID is another one
	CodeClusterNotFound      Code = "CLUSTER_NOT_FOUND"       // the provider does not know the cluster
	CodeNamespaceNotFound    Code = "NAMESPACE_NOT_FOUND"     // the namespace does not exist on the cluster
	CodeSnapshotNotFound     Code = "SNAPSHOT_NOT_FOUND"      // no such snapshot
	CodeRestoreNotFound      Code = "RESTORE_NOT_FOUND"       // no such restore
	CodeCloneNotFound        Code = "CLONE_NOT_FOUND"         // no such clone
	CodeExportNotFound       Code = "EXPORT_NOT_FOUND"        // no such export
	CodeMigrationNotFound    Code = "MIGRATION_NOT_FOUND"     // no such migration, or it was garbage collected
	CodeInstanceTypeNotFound Code = "INSTANCE_TYPE_NOT_FOUND" // no such instance type
	CodePreferenceNotFound   Code = "PREFERENCE_NOT_FOUND"    // no such preference
	CodeVolumeNotFound       Code = "VOLUME_NOT_FOUND"        // the VM has no such volume, or a claim it names is missing
	CodeAdoptionNotFound     Code = "ADOPTION_NOT_FOUND"      // no such adoption record
	CodeOperationGone        Code = "OPERATION_GONE"          // the job object of an operation was deleted from outside

	// AlreadyExists.

	CodeVMAlreadyExists        Code = "VM_ALREADY_EXISTS"        // the name is taken by another VM
	CodeSnapshotAlreadyExists  Code = "SNAPSHOT_ALREADY_EXISTS"  // the name is taken by another snapshot
	CodeRestoreAlreadyExists   Code = "RESTORE_ALREADY_EXISTS"   // the name is taken by another restore
	CodeCloneAlreadyExists     Code = "CLONE_ALREADY_EXISTS"     // the name is taken by another clone
	CodeExportAlreadyExists    Code = "EXPORT_ALREADY_EXISTS"    // the name is taken by another export
	CodeMigrationAlreadyExists Code = "MIGRATION_ALREADY_EXISTS" // the name is taken by another migration
	CodeVolumeAlreadyExists    Code = "VOLUME_ALREADY_EXISTS"    // the VM has a volume of that name or source
	CodeClusterAlreadyExists   Code = "CLUSTER_ALREADY_EXISTS"   // a cluster of that name is registered

	// InvalidArgument.

	CodeInvalidName      Code = "INVALID_NAME"      // a cluster, namespace or object name breaks the naming rules; nothing was sent
	CodeInvalidSpec      Code = "INVALID_SPEC"      // a spec or change is refused; Fields says where (HTTP 422)
	CodeInvalidSelector  Code = "INVALID_SELECTOR"  // a label or field selector cannot be used
	CodeInvalidCursor    Code = "INVALID_CURSOR"    // a continue token was not made for this listing
	CodeInvalidLimit     Code = "INVALID_LIMIT"     // a page limit is negative
	CodeInvalidOption    Code = "INVALID_OPTION"    // an option has a value the verb does not take
	CodeKubeconfigUnsafe Code = "KUBECONFIG_UNSAFE" // an untrusted kubeconfig asks for more than the policy allows

	// FailedPrecondition.

	CodeVMAlreadyRunning       Code = "VM_ALREADY_RUNNING"       // start: an instance is live
	CodeVMNotRunning           Code = "VM_NOT_RUNNING"           // the verb needs a running instance
	CodeVMAlreadyPaused        Code = "VM_ALREADY_PAUSED"        // the verb needs a VM that is not paused
	CodeVMNotPaused            Code = "VM_NOT_PAUSED"            // unpause: the VM is not paused
	CodeStartNotSupported      Code = "START_NOT_SUPPORTED"      // start: run strategies Always and Once start by themselves
	CodeStrategyForbids        Code = "STRATEGY_FORBIDS"         // the run strategy does not take the verb
	CodeReceiverStrategy       Code = "RECEIVER_STRATEGY"        // run strategy WaitAsReceiver takes no power verbs
	CodeTransitionInProgress   Code = "TRANSITION_IN_PROGRESS"   // an earlier start, stop or restart is still under way
	CodeInstanceFailed         Code = "INSTANCE_FAILED"          // start: the failed instance is re-run by the strategy, not by hand
	CodeManualRecoveryRequired Code = "MANUAL_RECOVERY_REQUIRED" // a failed volume migration must be repaired first
	CodeProbeForbidsPause      Code = "PROBE_FORBIDS_PAUSE"      // pause: the VM has a liveness probe that a pause would fail
	CodeVMDeleting             Code = "VM_DELETING"              // the VM is being deleted
	CodeSnapshotInProgress     Code = "SNAPSHOT_IN_PROGRESS"     // a snapshot of the VM is being taken
	CodeRestoreInProgress      Code = "RESTORE_IN_PROGRESS"      // the VM is being restored
	CodeMigrationInProgress    Code = "MIGRATION_IN_PROGRESS"    // a migration of the VM is not finished
	CodeNotMigratable          Code = "NOT_MIGRATABLE"           // the instance cannot be live migrated; param reason says why
	CodeOperationNotActive     Code = "OPERATION_NOT_ACTIVE"     // cancel: the operation has ended
	CodeTargetRunning          Code = "TARGET_RUNNING"           // restore: the target must be off
	CodeSnapshotNotReady       Code = "SNAPSHOT_NOT_READY"       // restore: the snapshot failed or is not ready
	CodeVolumeNotSnapshotable  Code = "VOLUME_NOT_SNAPSHOTABLE"  // a volume's storage has no snapshots
	CodeVolumeNotHotpluggable  Code = "VOLUME_NOT_HOTPLUGGABLE"  // the volume was not attached while running
	CodeNoGuestAgent           Code = "NO_GUEST_AGENT"           // the verb needs the guest agent (or, for a soft reboot, ACPI)
	CodeNoDisplay              Code = "NO_DISPLAY"               // the VM has no graphics device
	CodeNoSerial               Code = "NO_SERIAL"                // the VM has no serial console
	CodeConsoleInUse           Code = "CONSOLE_IN_USE"           // somebody else's session is open and is to be kept
	CodeForeignOwner           Code = "FOREIGN_OWNER"            // another controller owns the object
	CodeClaimDenied            Code = "CLAIM_DENIED"             // the host does not let this namespace claim that service

	// Conflict.

	CodeRevisionConflict    Code = "REVISION_CONFLICT"    // the object changed since it was read
	CodeUIDConflict         Code = "UID_CONFLICT"         // the name now belongs to another object
	CodeFieldConflict       Code = "FIELD_CONFLICT"       // another field manager owns a field; Fields names both
	CodeIdempotencyConflict Code = "IDEMPOTENCY_CONFLICT" // the idempotency key was used with another spec
	CodeAdoptionDecided     Code = "ADOPTION_DECIDED"     // somebody decided otherwise
	CodeIdentityTaken       Code = "IDENTITY_TAKEN"       // another VM has that governance identity
	CodeClaimsChanged       Code = "CLAIMS_CHANGED"       // the labels changed since they were shown
	CodeResourceReplaced    Code = "RESOURCE_REPLACED"    // the object was deleted and made anew

	// PermissionDenied, Unauthenticated.

	CodePermissionDenied Code = "PERMISSION_DENIED" // the credential lacks a permission
	CodeUnauthenticated  Code = "UNAUTHENTICATED"   // the caller is not known

	// Unsupported.

	CodeCapabilityUnsupported Code = "CAPABILITY_UNSUPPORTED" // param cause: not_implemented, gate_off, version, api_missing, storage

	// Unavailable.

	CodeClusterUnreachable     Code = "CLUSTER_UNREACHABLE"      // no answer from the API server
	CodeClusterRebuilding      Code = "CLUSTER_REBUILDING"       // the cache is being rebuilt, guarded writes wait
	CodeClusterSyncing         Code = "CLUSTER_SYNCING"          // the cache has not been filled yet
	CodeClusterIdentityChanged Code = "CLUSTER_IDENTITY_CHANGED" // another cluster answers under that name
	CodeClusterCredentials     Code = "CLUSTER_CREDENTIALS"      // the cluster does not accept our credential
	CodeKubeVirtMissing        Code = "KUBEVIRT_MISSING"         // the cluster has no KubeVirt, or its API is not served
	CodeWebhookUnavailable     Code = "WEBHOOK_UNAVAILABLE"      // KubeVirt's admission webhook does not answer; reads still work
	CodeRedirectRefused        Code = "REDIRECT_REFUSED"         // the server answered with a redirect, which is never followed
	CodeClosed                 Code = "CLOSED"                   // the provider was closed

	// ResourceExhausted.

	CodeThrottled        Code = "THROTTLED"          // the server asks to slow down
	CodeQuotaExceeded    Code = "QUOTA_EXCEEDED"     // a resource quota forbids it
	CodeResponseTooLarge Code = "RESPONSE_TOO_LARGE" // an answer is over the configured size
	CodeTooManyObjects   Code = "TOO_MANY_OBJECTS"   // the cluster holds more objects than configured
	CodeQueueFull        Code = "QUEUE_FULL"         // too many calls wait for this cluster

	// Expired.

	CodeCursorExpired   Code = "CURSOR_EXPIRED"   // a listing took too long; list again from the start
	CodeRevisionExpired Code = "REVISION_EXPIRED" // a watch revision is too old; list again

	// Canceled, DeadlineExceeded.

	CodeCanceled         Code = "CANCELED"          // the caller's context was canceled
	CodeDeadlineExceeded Code = "DEADLINE_EXCEEDED" // the caller's deadline passed
	CodeVerbTimeout      Code = "VERB_TIMEOUT"      // the provider's own time limit for the verb passed

	// IncompatibleSchema.

	CodeIncompatibleSchema Code = "INCOMPATIBLE_SCHEMA" // an object lacks what it must have; Fields names it
	CodeUnexpectedObject   Code = "UNEXPECTED_OBJECT"   // the server answered with another object than asked for

	// Internal.

	CodeInternal      Code = "INTERNAL"       // a fault of the server
	CodeProtocolError Code = "PROTOCOL_ERROR" // the server's bytes are not the protocol
)

type codeRow struct {
	kind    Kind
	retry   Retry
	breaker Breaker
}

// codeTable says how programs treat each code; docs/errors.md is printed from it and the comments above.
var codeTable = map[Code]codeRow{
	CodeVMNotFound:             {KindNotFound, RetryNever, BreakerExcluded},
	CodeClusterNotFound:        {KindNotFound, RetryNever, BreakerExcluded},
	CodeNamespaceNotFound:      {KindNotFound, RetryNever, BreakerExcluded},
	CodeSnapshotNotFound:       {KindNotFound, RetryNever, BreakerExcluded},
	CodeRestoreNotFound:        {KindNotFound, RetryNever, BreakerExcluded},
	CodeCloneNotFound:          {KindNotFound, RetryNever, BreakerExcluded},
	CodeExportNotFound:         {KindNotFound, RetryNever, BreakerExcluded},
	CodeMigrationNotFound:      {KindNotFound, RetryNever, BreakerExcluded},
	CodeInstanceTypeNotFound:   {KindNotFound, RetryNever, BreakerExcluded},
	CodePreferenceNotFound:     {KindNotFound, RetryNever, BreakerExcluded},
	CodeVolumeNotFound:         {KindNotFound, RetryNever, BreakerExcluded},
	CodeAdoptionNotFound:       {KindNotFound, RetryNever, BreakerExcluded},
	CodeOperationGone:          {KindNotFound, RetryNever, BreakerExcluded},
	CodeVMAlreadyExists:        {KindAlreadyExists, RetryNever, BreakerExcluded},
	CodeSnapshotAlreadyExists:  {KindAlreadyExists, RetryNever, BreakerExcluded},
	CodeRestoreAlreadyExists:   {KindAlreadyExists, RetryNever, BreakerExcluded},
	CodeCloneAlreadyExists:     {KindAlreadyExists, RetryNever, BreakerExcluded},
	CodeExportAlreadyExists:    {KindAlreadyExists, RetryNever, BreakerExcluded},
	CodeMigrationAlreadyExists: {KindAlreadyExists, RetryNever, BreakerExcluded},
	CodeVolumeAlreadyExists:    {KindAlreadyExists, RetryNever, BreakerExcluded},
	CodeClusterAlreadyExists:   {KindAlreadyExists, RetryNever, BreakerExcluded},
	CodeInvalidName:            {KindInvalidArgument, RetryNever, BreakerExcluded},
	CodeInvalidSpec:            {KindInvalidArgument, RetryNever, BreakerExcluded},
	CodeInvalidSelector:        {KindInvalidArgument, RetryNever, BreakerExcluded},
	CodeInvalidCursor:          {KindInvalidArgument, RetryNever, BreakerExcluded},
	CodeInvalidLimit:           {KindInvalidArgument, RetryNever, BreakerExcluded},
	CodeInvalidOption:          {KindInvalidArgument, RetryNever, BreakerExcluded},
	CodeKubeconfigUnsafe:       {KindInvalidArgument, RetryNever, BreakerExcluded},
	CodeVMAlreadyRunning:       {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeVMNotRunning:           {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeVMAlreadyPaused:        {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeVMNotPaused:            {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeStartNotSupported:      {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeStrategyForbids:        {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeReceiverStrategy:       {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeTransitionInProgress:   {KindFailedPrecondition, RetrySameCall, BreakerExcluded},
	CodeInstanceFailed:         {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeManualRecoveryRequired: {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeProbeForbidsPause:      {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeVMDeleting:             {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeSnapshotInProgress:     {KindFailedPrecondition, RetrySameCall, BreakerExcluded},
	CodeRestoreInProgress:      {KindFailedPrecondition, RetrySameCall, BreakerExcluded},
	CodeMigrationInProgress:    {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeNotMigratable:          {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeOperationNotActive:     {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeTargetRunning:          {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeSnapshotNotReady:       {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeVolumeNotSnapshotable:  {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeVolumeNotHotpluggable:  {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeNoGuestAgent:           {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeNoDisplay:              {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeNoSerial:               {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeConsoleInUse:           {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeForeignOwner:           {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeClaimDenied:            {KindFailedPrecondition, RetryNever, BreakerExcluded},
	CodeRevisionConflict:       {KindConflict, RetryAfterRead, BreakerExcluded},
	CodeUIDConflict:            {KindConflict, RetryNever, BreakerExcluded},
	CodeFieldConflict:          {KindConflict, RetryNever, BreakerExcluded},
	CodeIdempotencyConflict:    {KindConflict, RetryNever, BreakerExcluded},
	CodeAdoptionDecided:        {KindConflict, RetryNever, BreakerExcluded},
	CodeIdentityTaken:          {KindConflict, RetryNever, BreakerExcluded},
	CodeClaimsChanged:          {KindConflict, RetryAfterRead, BreakerExcluded},
	CodeResourceReplaced:       {KindConflict, RetryNever, BreakerExcluded},
	CodePermissionDenied:       {KindPermissionDenied, RetryNever, BreakerExcluded},
	CodeUnauthenticated:        {KindUnauthenticated, RetryNever, BreakerExcluded},
	CodeCapabilityUnsupported:  {KindUnsupported, RetryNever, BreakerExcluded},
	CodeClusterUnreachable:     {KindUnavailable, RetrySameCall, BreakerFailure},
	CodeClusterRebuilding:      {KindUnavailable, RetrySameCall, BreakerExcluded},
	CodeClusterSyncing:         {KindUnavailable, RetrySameCall, BreakerExcluded},
	CodeClusterIdentityChanged: {KindUnavailable, RetryNever, BreakerExcluded},
	CodeClusterCredentials:     {KindUnavailable, RetryNever, BreakerExcluded},
	CodeKubeVirtMissing:        {KindUnavailable, RetryNever, BreakerExcluded},
	CodeWebhookUnavailable:     {KindUnavailable, RetrySameCall, BreakerExcluded},
	CodeRedirectRefused:        {KindUnavailable, RetryNever, BreakerFailure},
	CodeClosed:                 {KindUnavailable, RetryNever, BreakerExcluded},
	CodeThrottled:              {KindResourceExhausted, RetrySameCall, BreakerExcluded},
	CodeQuotaExceeded:          {KindResourceExhausted, RetryNever, BreakerExcluded},
	CodeResponseTooLarge:       {KindResourceExhausted, RetryNever, BreakerExcluded},
	CodeTooManyObjects:         {KindResourceExhausted, RetryNever, BreakerExcluded},
	CodeQueueFull:              {KindResourceExhausted, RetrySameCall, BreakerExcluded},
	CodeCursorExpired:          {KindExpired, RetryNever, BreakerExcluded},
	CodeRevisionExpired:        {KindExpired, RetryNever, BreakerExcluded},
	CodeCanceled:               {KindCanceled, RetryNever, BreakerExcluded},
	CodeDeadlineExceeded:       {KindDeadlineExceeded, RetryNever, BreakerExcluded},
	CodeVerbTimeout:            {KindDeadlineExceeded, RetrySameCall, BreakerFailure},
	CodeIncompatibleSchema:     {KindIncompatibleSchema, RetryNever, BreakerExcluded},
	CodeUnexpectedObject:       {KindIncompatibleSchema, RetryNever, BreakerExcluded},
	CodeInternal:               {KindInternal, RetryNever, BreakerFailure},
	CodeProtocolError:          {KindInternal, RetryNever, BreakerFailure},
}

// Codes returns all codes in alphabetical order.
func Codes() []Code { return slices.Sorted(maps.Keys(codeTable)) }

// Error returns the code itself.
func (c Code) Error() string { return string(c) }

// Kind returns the class of the code. A code of a newer version is KindInternal.
func (c Code) Kind() Kind {
	if row, ok := codeTable[c]; ok {
		return row.kind
	}
	return KindInternal
}

// HTTPStatus returns the status a host answers with: that of the kind, but 422 for [CodeInvalidSpec].
func (c Code) HTTPStatus() int {
	if c == CodeInvalidSpec {
		return 422
	}
	return c.Kind().HTTPStatus()
}

// Retry says whether the call that got this code may be repeated.
func (c Code) Retry() Retry {
	if row, ok := codeTable[c]; ok {
		return row.retry
	}
	return RetryNever
}

// Breaker says how a circuit breaker accounts for the code.
func (c Code) Breaker() Breaker {
	if row, ok := codeTable[c]; ok {
		return row.breaker
	}
	return BreakerFailure
}

// Is lets errors.Is(code, errors.ErrUnsupported) and the context errors hold for codes of those kinds.
func (c Code) Is(target error) bool { return standardError(c.Kind()) == target && target != nil }

// CodeOf returns the code of err: that of the first [Error] or Code in its tree, CANCELED and DEADLINE_EXCEEDED for
// the context's errors, CAPABILITY_UNSUPPORTED for errors.ErrUnsupported, INTERNAL for any other error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		if e == nil || e.Code == "" {
			return CodeInternal // an error somebody forgot to fill in
		}
		return e.Code
	}
	if c, ok := errors.AsType[Code](err); ok {
		return c
	}
	for _, code := range []Code{CodeCanceled, CodeDeadlineExceeded, CodeCapabilityUnsupported} {
		if errors.Is(err, standardError(code.Kind())) {
			return code
		}
	}
	return CodeInternal
}

// KindOf returns the kind of [CodeOf], and "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	return CodeOf(err).Kind()
}
