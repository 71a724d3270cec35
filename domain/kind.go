package domain

// Kind is the coarse class of a [Code]: what went wrong, whoever answers. It decides the HTTP status a host shows.
type Kind string

// The kinds. Each comment names the HTTP status that [Kind.HTTPStatus] answers.
const (
	KindNotFound           Kind = "NOT_FOUND"           // 404: the named thing does not exist
	KindAlreadyExists      Kind = "ALREADY_EXISTS"      // 409: the name is taken
	KindInvalidArgument    Kind = "INVALID_ARGUMENT"    // 400: the caller must change the call
	KindFailedPrecondition Kind = "FAILED_PRECONDITION" // 409: the object's state forbids the verb
	KindConflict           Kind = "CONFLICT"            // 409: somebody else changed or owns what the call changes
	KindPermissionDenied   Kind = "PERMISSION_DENIED"   // 403: known, but not allowed
	KindUnauthenticated    Kind = "UNAUTHENTICATED"     // 401: the credential was not accepted
	KindUnsupported        Kind = "UNSUPPORTED"         // 501: this cluster or provider cannot do it
	KindUnavailable        Kind = "UNAVAILABLE"         // 503: cannot be asked now
	KindResourceExhausted  Kind = "RESOURCE_EXHAUSTED"  // 429: a limit was hit
	KindExpired            Kind = "EXPIRED"             // 410: a token or revision is too old; start anew
	KindCanceled           Kind = "CANCELED"            // 499: the caller gave up
	KindDeadlineExceeded   Kind = "DEADLINE_EXCEEDED"   // 504: time ran out
	KindIncompatibleSchema Kind = "INCOMPATIBLE_SCHEMA" // 502: the answer is not what the API promises
	KindInternal           Kind = "INTERNAL"            // 500: a fault of the server or of this library
)

var kindStatus = map[Kind]int{
	KindNotFound:           404,
	KindAlreadyExists:      409,
	KindInvalidArgument:    400,
	KindFailedPrecondition: 409,
	KindConflict:           409,
	KindPermissionDenied:   403,
	KindUnauthenticated:    401,
	KindUnsupported:        501,
	KindUnavailable:        503,
	KindResourceExhausted:  429,
	KindExpired:            410,
	KindCanceled:           499,
	KindDeadlineExceeded:   504,
	KindIncompatibleSchema: 502,
	KindInternal:           500,
}

// HTTPStatus returns the HTTP status of the kind; 500 for a kind this version does not know.
func (k Kind) HTTPStatus() int {
	if status, ok := kindStatus[k]; ok {
		return status
	}
	return 500
}

// Retry says what a program may do with the same request after an error.
type Retry string

const (
	// RetryNever means that the same call fails again until somebody changes something.
	RetryNever Retry = "never"
	// RetrySameCall means that the same call may succeed later; wait [Error.RetryAfter], or back off.
	RetrySameCall Retry = "same call"
	// RetryAfterRead means that the object must be read again before the call is repeated.
	RetryAfterRead Retry = "after re-read"
)

// Breaker says how a circuit breaker accounts for an error.
type Breaker string

const (
	// BreakerFailure counts as one failure of the cluster.
	BreakerFailure Breaker = "failure"
	// BreakerExcluded is neither a failure nor a success: the cluster answered, or was not asked.
	BreakerExcluded Breaker = "excluded"
)
