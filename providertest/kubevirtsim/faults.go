package kubevirtsim

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// faultLayer stands before the API and has requests meet faults.
type faultLayer struct {
	next http.Handler
	// closing ends what hangs.
	closing <-chan struct{}

	mu     sync.Mutex
	random *rand.Rand
	faults []*activeFault
}

// activeFault counts.
type activeFault struct {
	Fault
	seen, done int
}

func newFaultLayer(next http.Handler, seed uint64, closing <-chan struct{}) *faultLayer {
	return &faultLayer{next: next, closing: closing, random: rand.New(rand.NewPCG(seed, 1))}
}

// set replaces all faults; counts begin anew.
func (l *faultLayer) set(faults []Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = nil
	for _, f := range faults {
		l.faults = append(l.faults, &activeFault{Fault: f})
	}
}

// choose returns the fault that a request meets: the first one that is for it.
func (l *faultLayer) choose(r *http.Request) *Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.faults {
		if f.Count > 0 && f.done >= f.Count || !f.matches(r) {
			continue
		}
		if f.seen++; f.seen <= f.Skip {
			continue
		}
		if f.Probability > 0 && l.random.Float64() >= f.Probability {
			continue
		}
		f.done++
		return &f.Fault
	}
	return nil
}

// ServeHTTP implements http.Handler.
func (l *faultLayer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := l.choose(r)
	if f == nil {
		l.next.ServeHTTP(w, r)
		return
	}
	if f.Delay > 0 && !l.wait(r, f.Delay) {
		return
	}
	if f.Do == "" {
		l.next.ServeHTTP(w, r)
		return
	}
	before := f.After == 0 && f.Into <= 0 && f.Do != Garbage && f.Do != Slow
	if before && (!f.Lost || isWatch(r)) {
		l.strike(w, r, f)
		return
	}
	if before {
		l.next.ServeHTTP(discard{http.Header{}}, r)
		l.strike(w, r, f)
		return
	}
	defer func() {
		if p := recover(); p != nil {
			if _, ended := p.(endOfAnswer); !ended {
				panic(p) // a reset, or a fault of the handler's own
			}
		}
	}()
	l.next.ServeHTTP(&faultyWriter{ResponseWriter: w, layer: l, request: r, fault: f, left: max(f.After, 0), into: max(f.Into, 0), frames: isWatch(r)}, r)
}

// strike is what happens where nothing has been sent yet.
func (l *faultLayer) strike(w http.ResponseWriter, r *http.Request, f *Fault) {
	switch f.Do {
	case Answer:
		f.answer(w)
	case Hang, Silence:
		l.hang(r)
		panic(http.ErrAbortHandler) // no answer either for one who has not quite gone
	case Reset:
		panic(http.ErrAbortHandler) // net/http's way to break off: it closes the connection, or resets the stream
	default: // an answer that is empty, and ends
		w.Header().Set("Content-Type", typeJSON)
		w.WriteHeader(http.StatusOK)
	}
}

// hang waits until the client gives up or the server closes.
func (l *faultLayer) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-l.closing:
	}
}

// wait lets time pass; false when the client gave up meanwhile.
func (l *faultLayer) wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-l.closing:
	}
	return false
}

// status is the Status object of the answer.
func (f *Fault) status() metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure,
		Code:     int32(f.code()),
		Reason:   f.Reason,
		Message:  f.Message,
		Details:  f.Details,
	}
}

func (f *Fault) code() int {
	if f.Status == 0 {
		return http.StatusInternalServerError
	}
	return f.Status
}

func (f *Fault) answer(w http.ResponseWriter) {
	contentType := f.ContentType
	if contentType == "" {
		contentType = typeJSON
	}
	w.Header().Set("Content-Type", contentType)
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	body := []byte(f.Body)
	if f.Body == "" && f.code() != http.StatusUnauthorized {
		body = append(f.statusJSON(), '\n')
	}
	w.WriteHeader(f.code())
	_, _ = w.Write(body) // whether anybody reads it is no concern of a fault's
}

func (f *Fault) statusJSON() []byte {
	body, err := json.Marshal(f.status())
	if err != nil {
		panic(err) // a Status is made of texts and numbers
	}
	return body
}

// errorEvent is the answer as the last frame of a watch.
func (f *Fault) errorEvent() []byte {
	return append(append([]byte(`{"type":"ERROR","object":`), f.statusJSON()...), "}\n"...)
}

// discard takes an answer that nobody is to see.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
