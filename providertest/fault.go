package providertest

// Fault is what a request of the provider meets.
type Fault struct {
	Kind FaultKind
	// Cluster is the one that fails.
	Cluster string
	// Write spares the requests that only read: a provider may read before it writes.
	Write bool
	// Count is how many requests in a row meet it. Zero is one, a negative one means all until FailNext is called with
	// Count zero and no Kind, which ends every fault.
	Count int
	// RetryAfter is the server's wish, in whole seconds, for [FaultThrottled].
	RetryAfter int
}

// FaultKind says in which way a request fails.
type FaultKind string

// The kinds of fault, each with the code that the provider owes for it.
const (
	// FaultUnreachable: no connection. CLUSTER_UNREACHABLE.
	FaultUnreachable FaultKind = "unreachable"
	// FaultHang: the request never gets an answer, and has no effect; the provider's own limit ends it. VERB_TIMEOUT.
	FaultHang FaultKind = "hang"
	// FaultLost: the request has its effect, and its answer never comes. VERB_TIMEOUT, or CANCELED, with OutcomeUnknown.
	FaultLost FaultKind = "lost reply"
	// FaultThrottled: the server asks to slow down, 429. THROTTLED with RetryAfter.
	FaultThrottled FaultKind = "throttled"
	// FaultQuota: a quota forbids a write, 403. QUOTA_EXCEEDED.
	FaultQuota FaultKind = "quota"
	// FaultForbidden: the credential lacks a permission, 403. PERMISSION_DENIED.
	FaultForbidden FaultKind = "forbidden"
	// FaultVerbDenied: the subresource's own authorizer refuses, 401 with an empty body. PERMISSION_DENIED.
	FaultVerbDenied FaultKind = "verb denied"
	// FaultWriteRace: somebody else wrote in between, 409 without a cause. REVISION_CONFLICT.
	FaultWriteRace FaultKind = "write race"
	// FaultInternal: the server fails, 500. INTERNAL.
	FaultInternal FaultKind = "internal"
)

// need is the one that a check has of this kind of fault.
func (k FaultKind) need() Need { return Need("fault: " + string(k)) }
