package watcher

import (
	"context"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// rebuildingWish is how long a caller is asked to wait for a set that is being rebuilt.
const rebuildingWish = 5 * time.Second

// GateOptions configures a [Gate]. The zero value is ready to use.
type GateOptions struct {
	// OnExempt is told each write that passed a closed gate, because its verb is exempt or because its caller asked
	// for it ([provider.PastGate]). It is called by the goroutine of the write.
	OnExempt func(ctx context.Context, call *provider.Call, state State)
}

// Gate returns a hook for [provider.Wrap] that holds back writes to a cluster whose set cannot be trusted: what a user
// decided upon may not be so any more. state answers for one cluster; ok is false for a cluster that nobody watches,
// which has no gate.
//
// It answers CLUSTER_SYNCING, CLUSTER_REBUILDING (after 5 s again), CLUSTER_UNREACHABLE (when the breaker asks again),
// CLUSTER_CREDENTIALS, KUBEVIRT_MISSING, CLUSTER_IDENTITY_CHANGED or CLOSED. A permission that lacks, a request that is
// wrong and an answer that is too large do not close it.
//
// StopVM, PauseVM and DeleteVM pass when their options name the UID of the VM, which the provider compares: in an
// emergency a machine must be stoppable. Nothing passes to a cluster that is another one than it was.
func Gate(state func(cluster string) (s State, ok bool), opts GateOptions) provider.Hook {
	return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		if provider.IsRead(call.Op) {
			return next(ctx)
		}
		s, ok := state(call.Ref.Cluster)
		if !ok {
			return next(ctx)
		}
		err := s.Gate(time.Now())
		if err == nil {
			return next(ctx)
		}
		if err.Code == domain.CodeClusterIdentityChanged || !provider.IsPastGate(ctx) && !exempt(call) {
			err.Op, err.Params = call.Op, call.Ref.Params()
			return err
		}
		if opts.OnExempt != nil {
			opts.OnExempt(ctx, call, s)
		}
		return next(ctx)
	}
}

// Gate says whether guarded writes are held back, nil if not.
func (s State) Gate(now time.Time) *domain.Error {
	switch s.Phase {
	case domain.SyncIdle, domain.SyncSyncing:
		return refusal(domain.CodeClusterSyncing, rebuildingWish, s.Err)
	case domain.SyncRebuilding:
		return refusal(domain.CodeClusterRebuilding, rebuildingWish, s.Err)
	case domain.SyncOpen, domain.SyncProbing:
		return refusal(domain.CodeClusterUnreachable, max(s.RetryAt.Sub(now), time.Second), s.Err)
	case domain.SyncStopped:
		return refusal(domain.CodeClosed, 0, nil)
	case domain.SyncBlocked:
		return s.gateBlocked()
	default:
		return nil
	}
}

func (s State) gateBlocked() *domain.Error {
	switch s.Reason { //nolint:exhaustive // the other reasons do not close it
	case domain.ReasonUnauthorized:
		return refusal(domain.CodeClusterCredentials, 0, s.Err)
	case domain.ReasonAPIMissing:
		return refusal(domain.CodeKubeVirtMissing, 0, s.Err)
	case domain.ReasonIdentityChanged:
		return refusal(domain.CodeClusterIdentityChanged, 0, s.Err)
	}
	return nil
}

func refusal(code domain.Code, wish time.Duration, cause error) *domain.Error {
	e := domain.E(code, nil, cause)
	e.RetryAfter = wish
	return e
}

// exempt says whether a verb may pass: it takes something away, and from the very VM that is meant.
func exempt(call *provider.Call) bool {
	switch o := call.Options.(type) {
	case provider.StopOptions:
		return o.UID != ""
	case provider.PauseOptions:
		return o.UID != ""
	case provider.DeleteOptions:
		return o.UID != ""
	}
	return false
}
