package domain

// SyncState says where a watcher stands that follows one resource of one cluster.
type SyncState string

// The sync states.
const (
	SyncIdle       SyncState = "IDLE"       // made, not run yet
	SyncSyncing    SyncState = "SYNCING"    // never had the whole set
	SyncLive       SyncState = "LIVE"       // follows
	SyncRetrying   SyncState = "RETRYING"   // lost the stream, knows its place: nothing will be missed
	SyncRebuilding SyncState = "REBUILDING" // lost its place: lists everything anew
	SyncOpen       SyncState = "OPEN"       // the circuit breaker is open: nothing is sent
	SyncProbing    SyncState = "PROBING"    // the breaker lets one request through
	SyncBlocked    SyncState = "BLOCKED"    // somebody must act: credential, permission, a missing API, an option
	SyncStopped    SyncState = "STOPPED"    // has ended
)

// SyncReason explains a [SyncState] that is not LIVE.
type SyncReason string

// The sync reasons.
const (
	ReasonExpired           SyncReason = "Expired"                  // REBUILDING: the place is older than the server's history (HTTP 410)
	ReasonRelistThrashing   SyncReason = "RelistThrashing"          // REBUILDING: the history is shorter than a list takes, again and again
	ReasonRevisionRegressed SyncReason = "ResourceVersionRegressed" // REBUILDING: the server's history went back, as after a restore
	ReasonStreamBroken      SyncReason = "StreamBroken"             // RETRYING, REBUILDING: a stream ended early, or was not the protocol
	ReasonThrottled         SyncReason = "Throttled"                // RETRYING: the server asks to slow down
	ReasonUnreachable       SyncReason = "Unreachable"              // no answer, or a server's failure
	ReasonSinkFailed        SyncReason = "SinkFailed"               // what the watcher feeds does not take it
	ReasonTooLarge          SyncReason = "TooLarge"                 // BLOCKED: answers are over the configured size
	ReasonUnauthorized      SyncReason = "Unauthorized"             // BLOCKED: the credential is not accepted
	ReasonForbidden         SyncReason = "Forbidden"                // BLOCKED: a permission is missing
	ReasonAPIMissing        SyncReason = "APIMissing"               // BLOCKED: the resource is not served
	ReasonBadConfig         SyncReason = "BadConfig"                // BLOCKED for good: the request itself is wrong
	ReasonIdentityChanged   SyncReason = "ClusterIdentityChanged"   // BLOCKED: another cluster answers
)
