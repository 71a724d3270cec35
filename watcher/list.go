package watcher

import (
	"context"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/backoff"
)

// triesPerPage is how often one page of a list is asked for, but the first: to lose a long list to one bad answer would
// be to begin again for ever.
const triesPerPage = 3

// list takes the whole set and feeds it. A half list is never fed.
func (w *Watcher[T]) list(ctx context.Context) error {
	release, err := w.opts.Lists.acquire(ctx)
	if err != nil {
		return excluded{err}
	}
	defer release()
	w.count(func(s *Stats) { s.Lists++ })
	items, revision, err := w.whole(ctx)
	if err == nil && w.machine.suspicious(len(items)) {
		items, revision, err = w.whole(ctx)
	}
	if err == nil {
		err = w.identify(ctx)
	}
	if err != nil {
		return w.machine.failed(time.Now(), err)
	}
	return w.replace(ctx, items, revision)
}

// replace feeds a whole set. What a sink does not take is no fault of the cluster's.
func (w *Watcher[T]) replace(ctx context.Context, items []Item[T], revision string) error {
	w.machine.found(time.Now(), revision)
	w.tell(ctx)
	count, undecodable := len(items), int64(0)
	for n := range items {
		if items[n].Err != nil {
			undecodable++
		}
	}
	w.count(func(s *Stats) { s.Undecodable += undecodable })
	if err := w.feed(ctx, func() error { return w.sink.Replace(ctx, items) }); err != nil {
		w.machine.wait(time.Now(), w.machine.pause.Next())
		return nil
	}
	w.count(func(s *Stats) { s.Listed++ })
	w.machine.listed(time.Now(), revision, count)
	w.tell(ctx)
	return nil
}

// whole takes all pages.
func (w *Watcher[T]) whole(ctx context.Context) (items []Item[T], revision string, err error) {
	opts := ListOptions{Limit: w.machine.pageSize}
	for {
		page, err := w.pageWithRetry(ctx, opts)
		if err != nil {
			return nil, "", err
		}
		if items == nil {
			items = page.Items
		} else {
			items = append(items, page.Items...)
		}
		revision = page.Revision
		if opts.Continue = page.Continue; opts.Continue == "" {
			return items, revision, nil
		}
	}
}

// pageWithRetry asks for a page that is not the first more than once.
func (w *Watcher[T]) pageWithRetry(ctx context.Context, opts ListOptions) (*Page[T], error) {
	pause := backoff.Backoff{First: firstPause, Max: longestPause, Jitter: 1, Rand: w.machine.random}
	for n := 1; ; n++ {
		page, err := w.page(ctx, w.opts.ListTimeout, opts)
		if err == nil {
			return page, nil
		}
		if opts.Continue == "" || n == triesPerPage || domain.CodeOf(err).Breaker() == domain.BreakerExcluded || ctx.Err() != nil {
			return nil, err
		}
		if err := backoff.Sleep(ctx, max(pause.Next(), min(wishOf(err), longestWish))); err != nil {
			return nil, err
		}
	}
}

// identify compares the cluster's fingerprint with the one that is expected, or first seen.
func (w *Watcher[T]) identify(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, w.opts.OpenTimeout, domain.CodeVerbTimeout)
	defer cancel()
	seen, err := w.source.Identity(ctx)
	switch {
	case err != nil:
		return err
	case seen == "" || seen == w.identity:
		return nil
	case w.identity == "":
		w.identity = seen
		return nil
	}
	return domain.E(domain.CodeClusterIdentityChanged, nil, nil)
}
