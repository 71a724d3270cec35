package kubevirt

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// faultMaker picks faults of the wire by chance: of every kind, of every path, at every moment of an answer.
type faultMaker struct{ random *rand.Rand }

func (m faultMaker) chance(n int) bool { return m.random.IntN(n) == 0 }

func oneOf[T any](random *rand.Rand, from ...T) T { return from[random.IntN(len(from))] }

// fault is one that some of the next requests meet.
func (m faultMaker) fault() kubevirtsim.Fault {
	f := kubevirtsim.Fault{
		Client: userAgent, Path: oneOf(m.random, vmPath, vmPath, instancePath, instancePath, identityPath, ""),
		Skip: m.random.IntN(3), Count: m.random.IntN(7),
	}
	switch m.random.IntN(3) {
	case 0:
		f.Watch = true
	case 1:
		f.NoWatch = true
	}
	if m.chance(4) {
		f.Probability = m.random.Float64()
	}
	m.moment(&f)
	m.deed(&f)
	return f
}

// moment is when it happens: before the headers, behind them, after some of the body, in the midst of a frame.
func (m faultMaker) moment(f *kubevirtsim.Fault) {
	switch m.random.IntN(5) {
	case 0, 1:
	case 2:
		f.After = kubevirtsim.AtBody
	case 3:
		f.After = 1 + m.random.IntN(5)
	case 4:
		f.After, f.Into = m.random.IntN(3), 1+m.random.IntN(300)
	}
}

// deed is what happens.
func (m faultMaker) deed(f *kubevirtsim.Fault) {
	switch m.random.IntN(12) {
	case 0, 1, 2, 3:
		f.Do = kubevirtsim.Answer
		m.answer(f)
	case 4:
		f.Do = kubevirtsim.Hang
	case 5:
		f.Do = kubevirtsim.Silence
	case 6, 7:
		f.Do = kubevirtsim.Reset
	case 8:
		f.Do = kubevirtsim.Truncate
	case 9:
		f.Do = kubevirtsim.Garbage
		f.Body = "\x00"  // in the midst of a text: what nobody can find out is no concern of ours
		if m.chance(2) { // a frame of its own
			f.Watch, f.NoWatch, f.Into, f.After = true, false, 0, max(f.After, 0)
			f.Body = oneOf(m.random, garbage...)
		}
	case 10:
		f.Do, f.Pace = kubevirtsim.Slow, oneOf(m.random, time.Millisecond, 20*time.Millisecond, time.Second)
	default:
		f.Delay = oneOf(m.random, time.Second, 14*time.Second, 16*time.Second, 40*time.Second)
	}
}

// garbage is what may stand in an answer, and says nothing of an object.
var garbage = []string{
	"\xff\xfe", "<html><body>502 Bad Gateway</body></html>", "{", "}\n", "\n", "null\n", `{"type":"ERROR"}` + "\n",
	`{"type":"ERROR","object":null}` + "\n", `{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}` + "\n",
	`{"type":"ERROR","object":{"kind":"Status","reason":"Gone"}}` + "\n", `{"type":"ERROR","object":{"kind":"Status","code":410}}` + "\n",
	`{"type":"DELETED","object":{"kind":"Status","apiVersion":"v1","code":500}}` + "\n",
	`{"type":"NEWER","object":{"metadata":{"namespace":"default","name":"w0-00","resourceVersion":"999999999"}}}` + "\n",
	`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"1"}}}` + "\n", `{"type":"BOOKMARK","object":{"metadata":{}}}` + "\n",
}

// answer is an error of the server's, of a proxy's, or of nobody's. Those that end everything for good are left out.
func (m faultMaker) answer(f *kubevirtsim.Fault) {
	f.Status = oneOf(m.random, 200, 302, 307, 400, 401, 403, 404, 410, 410, 410, 410, 413, 429, 429, 429, 500, 502, 503, 504, 504)
	f.RetryAfter = oneOf(m.random, "", "", "1", "30", "3600", "0", "-5", "10000000000", "soon", time.Now().Add(20*time.Second).UTC().Format(http.TimeFormat))
	switch f.Status {
	case http.StatusOK:
		f.Body, f.ContentType = oneOf(m.random, "<html>please log in</html>", "{}", "[]", "null"), oneOf(m.random, "text/html", "application/json")
	case http.StatusNotFound:
		f.Body, f.ContentType = "404 page not found\n", "text/plain"
	case http.StatusGone:
		f.Reason = oneOf(m.random, metav1.StatusReasonExpired, metav1.StatusReasonGone, "")
	case http.StatusTooManyRequests:
		f.Reason = metav1.StatusReasonTooManyRequests
		f.Details = &metav1.StatusDetails{RetryAfterSeconds: int32(m.random.IntN(60))} //nolint:gosec // less than 60
	case http.StatusGatewayTimeout:
		f.Reason = metav1.StatusReasonTimeout
		if m.chance(2) {
			f.Details = &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge}}}
		}
	default:
		if m.chance(3) {
			f.Body, f.ContentType = fmt.Sprintf("<html>%d</html>", f.Status), "text/html"
		}
	}
}
