package watcher

import (
	"context"
	"errors"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/backoff"
)

// triesPerPage is how often one page of a list is asked for, but the first: to lose a long list to one bad answer would
// be to begin again for ever.
const triesPerPage = 3

var (
	errNoRevision = errors.New("a list without a resourceVersion")
	errTornList   = errors.New("the history went back while it was listed")
)

// list takes the whole set and feeds it. A half list is never fed.
func (w *Watcher[T]) list(ctx context.Context) error {
	release, err := w.opts.Lists.acquire(ctx)
	if err != nil {
		return excluded{err}
	}
	defer release()
	w.count(func(s *Stats) { s.Lists++ })
	if err := w.identify(ctx); err != nil {
		return w.machine.failed(time.Now(), err)
	}
	items, revision, err := w.whole(ctx)
	if err == nil && w.machine.suspicious(len(items)) {
		items, revision, err = w.confirmed(ctx)
	}
	if err != nil {
		return w.machine.failed(time.Now(), err)
	}
	return w.replace(ctx, items, revision)
}

// confirmed takes the whole set once more, of a cluster that is surely the one that is meant.
func (w *Watcher[T]) confirmed(ctx context.Context) (items []Item[T], revision string, err error) {
	if items, revision, err = w.whole(ctx); err == nil {
		err = w.identify(ctx)
	}
	return items, revision, err
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

// whole takes all pages. They are of one revision; should a server tell several, the first is where nothing after it is
// missed, and an earlier one later means that its history went back between them.
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
		if err := w.samePlace(&revision, page.Revision); err != nil {
			return nil, "", err
		}
		if opts.Continue = page.Continue; opts.Continue == "" {
			return items, revision, nil
		}
	}
}

// samePlace takes the revision of the first page, and compares that of the others.
func (w *Watcher[T]) samePlace(place *string, revision string) error {
	switch {
	case revision == "":
		return domain.E(domain.CodeProtocolError, nil, errNoRevision)
	case *place == "":
		*place = revision
	case w.machine.regressed(*place, revision):
		return domain.E(domain.CodeCursorExpired, nil, errTornList)
	}
	return nil
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
	seen, err := w.fingerprint(ctx)
	if err != nil {
		return err
	}
	return w.recognise(seen)
}

// fingerprint asks the cluster who it is.
func (w *Watcher[T]) fingerprint(ctx context.Context) (seen string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, w.opts.OpenTimeout, domain.CodeVerbTimeout)
	defer cancel()
	err = guarded(func() (err error) { seen, err = w.source.Identity(ctx); return err })
	return seen, timely(ctx, err)
}

// recognise says whether a fingerprint is the expected one. The first one that is seen is, if none was given.
func (w *Watcher[T]) recognise(seen string) error {
	switch {
	case seen == "" || seen == w.identity:
		return nil
	case w.identity == "":
		w.identity = seen
		return nil
	}
	return domain.E(domain.CodeClusterIdentityChanged, nil, nil)
}
