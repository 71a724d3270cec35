package watcher

import (
	"context"
	"time"
)

// sight is what a look beside the stream saw: the place of the stream when it began, the cluster's revision after
// that, and its fingerprint.
type sight struct {
	place, revision, fingerprint string
	err                          error
}

// look reads consistently, beside the stream. A server whose history went back accepts a watch from its future and
// stays silent, and another cluster behind the address may do so too: no stream tells.
func (f *follower[T]) look(ctx context.Context, place string, seen chan<- sight) {
	w := f.w
	f.tasks.Go(func() {
		s := sight{place: place}
		var page *Page[T]
		if page, s.err = w.page(ctx, w.opts.ProbeTimeout, ListOptions{Limit: 1}); s.err == nil {
			s.revision = page.Revision
			s.fingerprint, s.err = w.fingerprint(ctx)
		}
		seen <- s
	})
}

// saw judges a look. That nothing was seen means nothing: the stream tells.
func (f *follower[T]) saw(s sight) (outcome error, over bool) {
	m, now := f.w.machine, time.Now()
	m.looked(now)
	if s.err != nil {
		return nil, false
	}
	if err := f.w.recognise(s.fingerprint); err != nil {
		return m.failed(now, err), true
	}
	if m.regressed(s.place, s.revision) {
		m.revision = ""
		m.found(now, s.revision)
		m.wait(now, 0)
		return nil, true
	}
	return nil, false
}
