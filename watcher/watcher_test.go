package watcher

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// same holds that the sink has what the cluster has.
func (r *rig) same() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sink.mu.Lock()
	defer r.sink.mu.Unlock()
	if diff := cmp.Diff(r.set, r.sink.set); diff != "" {
		r.t.Errorf("the sink differs from the cluster (-cluster +sink):\n%s", diff)
	}
}

func expect[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func three(f *fakeSource) {
	for _, name := range []string{"ns/a", "ns/b", "ns/c"} {
		f.put(name, "u-"+name, "1")
	}
	f.forget()
}

func TestFollow(t *testing.T) {
	for name, watchList := range map[string]bool{"lists": false, "watch-list": true} {
		t.Run(name, func(t *testing.T) {
			inRig(t, Options{WatchList: watchList}, three, func(r *rig) {
				r.same()
				r.put("ns/a", "u-ns/a", "2")
				r.put("ns/b", "another", "1")
				r.remove("ns/c")
				r.after(0)
				r.same()
				expect(t, "states", []string{"SYNCING", "LIVE"}, r.sink.phases())
				expect(t, "whole sets", 1, r.sink.replaces)
			})
		})
	}
}

func TestExpired(t *testing.T) {
	for name, watchList := range map[string]bool{"lists": false, "watch-list": true} {
		t.Run(name, func(t *testing.T) {
			inRig(t, Options{WatchList: watchList}, three, func(r *rig) {
				r.bookmark()
				r.after(0)
				r.end(domain.E(domain.CodeRevisionExpired, nil, nil))
				r.remove("ns/c")
				r.put("ns/d", "d", "1")
				r.forget()
				r.after(0)
				r.same()
				expect(t, "states", []string{"SYNCING", "LIVE", "REBUILDING/Expired", "LIVE"}, r.sink.phases())
				expect(t, "counted by the breaker", int64(0), r.w.Stats().Failures)
			})
		})
	}
}

func TestBreaker(t *testing.T) {
	inRig(t, Options{}, three, func(r *rig) {
		r.bookmark()
		r.after(0)
		down := domain.E(domain.CodeClusterUnreachable, nil, nil)
		r.watchErrs = []error{down, down, down, down, down}
		r.listErrs = []error{nil}
		r.end(down)
		r.after(3 * time.Minute)
		r.put("ns/a", "u-ns/a", "2")
		r.after(0)
		r.same()
		expect(t, "states", []string{"SYNCING", "LIVE", "RETRYING/StreamBroken", "RETRYING/Unreachable", "OPEN/Unreachable", "PROBING/Unreachable",
			"RETRYING/Unreachable", "LIVE"}, r.sink.phases())
		expect(t, "requests", []string{"list", "watch 103", "watch 103", "watch 103", "watch 103", "watch 103", "watch 103", "list 1", "watch 103", "list 1"}, r.requests)
		expect(t, "whole sets", 1, r.sink.replaces)
	})
}
