package bodyserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Stats is what a site did so far, and has open.
type Stats struct {
	// Began is the moment of revision FirstChange.
	Began time.Time `json:"began"`
	// Lists that were asked for, how many at once at most, and the objects in them.
	Lists, ListsPeak, Items int64
	// Watches that were opened, those open, and the frames of changes sent.
	Watches, WatchesOpen, Frames int64
	// Connections that are open to all clusters, and the most that one cluster had.
	Connections, ConnectionsPeak int64
	// CPU that the process used.
	CPU time.Duration
}

// Moment is when a change with a revision was written; zero for an object that was never changed.
func (s Stats) Moment(revision string) time.Time {
	n, err := strconv.ParseInt(revision, 10, 64)
	if err != nil || n < firstChange {
		return time.Time{}
	}
	return s.Began.Add(time.Duration(n-firstChange) * time.Microsecond)
}

func (s *Site) stats() Stats {
	stats := Stats{
		Began: s.began, Lists: s.lists.Load(), ListsPeak: s.listsPeak.Load(), Items: s.items.Load(),
		Watches: s.watches.Load(), WatchesOpen: s.watchesNow.Load(), Frames: s.frames.Load(),
	}
	for _, c := range s.clusters {
		stats.Connections += c.connections.Load()
		stats.ConnectionsPeak = max(stats.ConnectionsPeak, c.connectionsPeak.Load())
	}
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil {
		stats.CPU = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return stats
}

// controls serves what [Control] asks.
func (s *Site) controls() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.stats()) })
	mux.HandleFunc("GET /sums", func(w http.ResponseWriter, _ *http.Request) {
		var sums []int64
		for _, c := range s.clusters {
			sums = append(sums, c.sum())
		}
		answer(w, http.StatusOK, sums)
	})
	mux.HandleFunc("POST /peaks", func(http.ResponseWriter, *http.Request) { s.listsPeak.Store(0) })
	mux.HandleFunc("POST /expire", func(http.ResponseWriter, *http.Request) {
		for _, c := range s.clusters {
			c.expire()
		}
	})
	mux.HandleFunc("POST /restart", func(http.ResponseWriter, *http.Request) {
		for _, c := range s.clusters {
			c.breakConnections()
		}
	})
	mux.HandleFunc("POST /events", func(w http.ResponseWriter, r *http.Request) {
		e, err := eventsOf(r.URL.Query())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.events(r.Context(), e)
	})
	return mux
}

// Events are changes to make.
type Events struct {
	// Count of them, and how many in a second.
	Count, Rate int
	// Mixed changes VMs too, one for two instances. Else instances alone are changed.
	Mixed bool
}

func (e Events) query() string {
	return url.Values{"count": {strconv.Itoa(e.Count)}, "rate": {strconv.Itoa(e.Rate)}, "mixed": {strconv.FormatBool(e.Mixed)}}.Encode()
}

func eventsOf(q url.Values) (e Events, err error) {
	if e.Count, err = strconv.Atoi(q.Get("count")); err != nil {
		return e, fmt.Errorf("count: %w", err)
	}
	if e.Rate, err = strconv.Atoi(q.Get("rate")); err != nil || e.Rate <= 0 {
		return e, fmt.Errorf("rate %q is none", q.Get("rate"))
	}
	e.Mixed = q.Get("mixed") == "true"
	return e, nil
}

// events makes changes at a steady rate, spread over clusters and objects.
func (s *Site) events(ctx context.Context, e Events) {
	const stride = 7919 // a prime: an object has its next turn when all others had theirs
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	for n := 0; n < e.Count; {
		for due := min(int(time.Since(began).Seconds()*float64(e.Rate)), e.Count); n < due; n++ {
			c := s.clusters[n%len(s.clusters)]
			r := Instances
			if e.Mixed && n/len(s.clusters)%3 == 0 {
				r = VMs
			}
			c.change(r, n/len(s.clusters)*stride%c.size)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Control drives a site from another process.
type Control struct{ address string }

// NewControl returns the control of a site; address is [Site.Control].
func NewControl(address string) Control { return Control{address} }

// Stats tells what the site did.
func (c Control) Stats(ctx context.Context) (stats Stats, err error) {
	return stats, c.call(ctx, http.MethodGet, "/stats", &stats)
}

// Sums are, for each cluster, the sum of the revisions of all its objects as they are now: who has the same has every change.
func (c Control) Sums(ctx context.Context) (sums []int64, err error) {
	return sums, c.call(ctx, http.MethodGet, "/sums", &sums)
}

// Peaks begins the peak of lists anew.
func (c Control) Peaks(ctx context.Context) error { return c.call(ctx, http.MethodPost, "/peaks", nil) }

// Expire has all clusters forget their history: every watch ends with 410. Nothing else changes.
func (c Control) Expire(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/expire", nil)
}

// Restart breaks every answer that is under way.
func (c Control) Restart(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/restart", nil)
}

// Events makes changes, and returns when they are written.
func (c Control) Events(ctx context.Context, e Events) error {
	return c.call(ctx, http.MethodPost, "/events?"+e.query(), nil)
}

func (c Control) call(ctx context.Context, method, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.address+path, strings.NewReader(""))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}
