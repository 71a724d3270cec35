package kubevirt

import (
	"context"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// call is one request to one cluster: its context carries the time limit, and notes for errors.go.
type call struct {
	cluster *cluster
	ref     domain.Ref
	// subresource is the verb for which virt-api, not the API server, answers; empty otherwise.
	subresource string
	// write is true when a lost answer leaves the outcome open.
	write bool
	// limit is the call's own; zero is the cluster's.
	limit time.Duration
	// token is true for a list that begins at a continue token, spec for a request that sends a spec: what the server
	// says 400 to.
	token, spec bool
	// secrets are those of what is sent; nil for none.
	secrets *redactor
}

// do runs one request. Whatever goes wrong comes back as a *domain.Error.
func (c call) do(ctx context.Context, request func(ctx context.Context) error) error {
	limit := c.limit
	if limit == 0 {
		limit = c.cluster.timeout
	}
	bounded, cancel := context.WithTimeoutCause(ctx, limit, domain.CodeVerbTimeout)
	defer cancel()
	bounded, stop := context.WithCancelCause(bounded)
	defer stop(nil)
	defer context.AfterFunc(c.cluster.life, func() { stop(domain.CodeClosed) })()
	bounded, seen := withExchange(bounded)

	err := request(bounded)
	if err == nil {
		return nil
	}
	return c.translate(ctx, bounded, seen, err)
}
