package mock

import (
	"context"
	"iter"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// WatchVMs implements provider.VMWatcher. A VM's life goes on while a stream waits for it: what happens is told when it
// happens, and all there is between two looks of a slow consumer is one change. A [Fault] meets a stream before it has told
// anything; [Provider.ExpireStreams] is the trouble there is later. No goroutine runs for a stream.
func (p *Provider) WatchVMs(ctx context.Context, cluster, namespace string, opts provider.WatchOptions) iter.Seq2[domain.Event[*domain.VM], error] {
	return func(yield func(domain.Event[*domain.VM], error) bool) {
		ref := domain.Ref{Cluster: cluster, Namespace: namespace}
		s, err := p.follow(ctx, call{op: provider.OpWatchVMs, ref: ref}, opts)
		for err == nil {
			var t told
			if t, err = s.next(ctx); err == nil && !yield(s.event(t)) {
				return
			}
		}
		yield(domain.Event[*domain.VM]{}, args.Error(provider.OpWatchVMs, ref, err))
	}
}

func (p *Provider) follow(ctx context.Context, k call, opts provider.WatchOptions) (*stream, error) {
	asked, err := args.Watch(ctx, k.ref.Cluster, k.ref.Namespace, opts)
	if err != nil {
		return nil, err
	}
	from, err := readPlace(asked)
	if err != nil {
		return nil, err
	}
	return request(ctx, p, k, func(c *site) (*stream, error) {
		s := &stream{c: c, asked: asked}
		if !asked.All {
			s.prefix = k.ref.Namespace + "/"
		}
		return s, s.begin(from)
	})
}

// ExpireStreams has every stream lose its place, as one does whose connection was gone for longer than a server's history
// goes back: REBUILDING, what it has not told yet, SYNCED. Every revision handed out so far is REVISION_EXPIRED.
func (p *Provider) ExpireStreams() {
	for _, c := range p.clusters {
		c.mu.Lock()
		if c.chronicle != nil {
			c.chronicle.lose()
		}
		c.unlock()
	}
}
