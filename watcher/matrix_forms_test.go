package watcher

import (
	"fmt"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// TestExpiredForms: whatever the form, the spelling and the moment, an expired place is one notice, one consistent list
// and nothing to the breaker. A list and a watch-list are alike.
func TestExpiredForms(t *testing.T) {
	spellings := map[string]error{
		"REVISION_EXPIRED":   coded(domain.CodeRevisionExpired),
		"the bare code":      domain.CodeRevisionExpired,
		"wrapped, by cursor": fmt.Errorf("watch: %w", coded(domain.CodeCursorExpired)),
	}
	forms := map[string]func(r *rig, err error){
		"in the stream": func(r *rig, err error) { r.end(err) },
		"as the answer to a watch": func(r *rig, err error) {
			r.watchErrs = []error{err}
			r.end(nil)
			r.after(5 * time.Second)
		},
		"as the answer to a list": func(r *rig, err error) { // of a place that was given up for another reason
			r.listErrs, r.watchErrs = []error{err}, []error{err}
			r.w.opts.WatchList = false
			r.end(coded(domain.CodeKubeVirtMissing))
			r.watchErrs = nil
			r.after(time.Minute)
		},
	}
	moments := map[string]func(r *rig){
		"first":          func(*rig) {},
		"mid-stream":     func(r *rig) { r.put("ns/a", "u-ns/a", "2") },
		"bookmarks only": func(r *rig) { r.bookmark() },
	}
	for form, fault := range forms {
		for spelling, err := range spellings {
			for moment, before := range moments {
				for _, watchList := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/%s/%s/%v", form, spelling, moment, watchList), func(t *testing.T) {
						inRig(t, Options{WatchList: watchList}, three, func(r *rig) { expires(r, before, fault, err) })
					})
				}
			}
		}
	}
}

// expires does the fault and holds what came of it.
func expires(r *rig, before func(*rig), fault func(*rig, error), err error) {
	before(r)
	r.after(0)
	asked := r.count(isInitial)
	told := r.notices(domain.ReasonExpired)
	fault(r, err)
	r.after(0)
	expect(r.t, "notices", 1, r.notices(domain.ReasonExpired)-told)
	refused := 0
	if len(r.listErrs) == 0 && r.notices(domain.ReasonAPIMissing) > 0 {
		refused = 1
	}
	expect(r.t, "initial reads", 1, r.count(isInitial)-asked-refused)
	expect(r.t, "counted", account{Expired: 1}, accountOf(r.w.Stats()))
	r.recovered()
}

// isInitial says whether a request reads the whole set, consistently.
func isInitial(request string) bool { return request == "list" || request == "watch " }

// count counts requests.
func (r *rig) count(which func(string) bool) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, request := range r.requests {
		if which(request) {
			n++
		}
	}
	return n
}

// notices counts how often a reason was told.
func (r *rig) notices(reason domain.SyncReason) (n int) {
	r.sink.mu.Lock()
	defer r.sink.mu.Unlock()
	for _, s := range r.sink.states {
		if s.Reason == reason {
			n++
		}
	}
	return n
}
