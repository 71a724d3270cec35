package kubevirtsim

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// wire is a way to reach a server.
type wire struct {
	testing.TB
	sim    *Server
	url    string
	client *http.Client
	major  int // of HTTP
	// began is called when an answer has begun, nil for nothing.
	began func()
}

// onWires runs a test over pipes in a bubble, where no time passes, and over sockets with TLS.
func onWires(t *testing.T, run func(t *testing.T, w wire)) {
	t.Helper()
	for major := 1; major <= 2; major++ {
		t.Run(fmt.Sprintf("pipe http%d", major), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { run(t, pipe(t, major)) })
		})
		t.Run(fmt.Sprintf("tls http%d", major), func(t *testing.T) {
			t.Parallel() // what is spent here is patience, which several can have at once
			run(t, overTLS(t, major))
		})
	}
}

func start(t testing.TB, opts Options) *Server {
	t.Helper()
	sim, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	return sim
}

func protocols(major int, secure bool) *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(major == 1)
	p.SetHTTP2(major == 2 && secure)
	p.SetUnencryptedHTTP2(major == 2 && !secure)
	return p
}

func pipe(t testing.TB, major int) wire {
	t.Helper()
	sim := start(t, Options{})
	transport := &http.Transport{DialContext: sim.Dial, Protocols: protocols(major, false)}
	t.Cleanup(transport.CloseIdleConnections)
	return wire{TB: t, sim: sim, url: "http://kubevirtsim", client: &http.Client{Transport: transport}, major: major}
}

func overTLS(t testing.TB, major int) wire {
	t.Helper()
	sim := start(t, Options{})
	server, client := selfSigned(t)
	url, err := sim.Start(server)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: client, Protocols: protocols(major, true)}
	t.Cleanup(transport.CloseIdleConnections)
	return wire{TB: t, sim: sim, url: url, client: &http.Client{Transport: transport}, major: major}
}

// selfSigned is a certificate for the loopback address, and a client's trust in it.
func selfSigned(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	server = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return server, &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: pool}
}

// seen is what a client gets: an error, or an answer, whose body may end in an error.
type seen struct {
	code   int
	header http.Header
	body   string
	err    error
}

// patience is how long a client waits for more; where time is real it is spent, and a machine that is busy must not use it
// up between two parts of an answer. What is expected to come may take longer.
const (
	patience     = time.Second
	longPatience = 20 * time.Second
)

// ask makes a request, and reads the answer until it ends or patience does. want is what is expected of it.
func (w wire) ask(method, path, body, want string) seen {
	w.Helper()
	ctx, cancel := context.WithCancelCause(w.Context())
	defer cancel(nil)
	first := patience
	if want != "silence" {
		first = longPatience
	}
	timer := time.AfterFunc(first, func() { cancel(context.DeadlineExceeded) })
	defer timer.Stop()
	r, err := http.NewRequestWithContext(ctx, method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", typeJSON)
	answer, err := w.client.Do(r)
	if err != nil {
		return seen{err: firstOf(context.Cause(ctx), err)}
	}
	if answer.ProtoMajor != w.major {
		w.Fatalf("HTTP/%d is spoken", answer.ProtoMajor)
	}
	defer func() { _ = answer.Body.Close() }()
	if w.began != nil {
		w.began()
	}
	got := seen{code: answer.StatusCode, header: answer.Header}
	for chunk := make([]byte, 4096); got.err == nil; {
		if strings.HasSuffix(want, "silence") {
			timer.Reset(patience)
		}
		var n int
		n, got.err = answer.Body.Read(chunk)
		got.body += string(chunk[:n])
	}
	if errors.Is(got.err, io.EOF) && !errors.Is(got.err, io.ErrUnexpectedEOF) {
		got.err = nil
	}
	got.err = firstOf(context.Cause(ctx), got.err) // the server may see first that the client goes, and end the answer
	return got
}

func firstOf(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// word puts in a word how it ended.
func (s seen) word() string {
	how := "ends"
	switch {
	case s.err == nil:
	case errors.Is(s.err, context.DeadlineExceeded):
		how = "silence"
	default:
		how = "broken"
	}
	if s.code == 0 {
		return how
	}
	return fmt.Sprint(s.code, " ", how)
}

const versionPath = "/version"

// wholeVersion is the answer that is broken in many ways.
func wholeVersion(t *testing.T) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	start(t, Options{}).ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, versionPath, http.NoBody))
	return recorder.Body.String()
}

func TestFaults(t *testing.T) {
	whole := wholeVersion(t)
	gone := Fault{Do: Answer, Status: 503, Reason: metav1.StatusReasonServiceUnavailable, Message: "soon", RetryAfter: "7"}
	cases := map[string]struct {
		why   string
		fault Fault
		word  string
		body  string // what is read of it
	}{
		"answer": {"a status, as the server's own", gone, "503 ends",
			`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"soon","reason":"ServiceUnavailable","code":503}` + "\n"},
		"answer without a status":      {"500 is what servers say that know no better", Fault{Do: Answer, Body: "oops", ContentType: "text/plain"}, "500 ends", "oops"},
		"answer 401":                   {"authentication is refused without a body", Fault{Do: Answer, Status: 401}, "401 ends", ""},
		"answer a lost one":            {"the answer comes from a proxy, the request has passed", Fault{Do: Answer, Status: 502, Body: "bad gateway", Lost: true}, "502 ends", "bad gateway"},
		"answer after the headers":     {"what has begun with 200 cannot become an error", Fault{Do: Answer, Status: 500, After: AtBody}, "200 ends", ""},
		"answer in the midst":          {"likewise", Fault{Do: Answer, Status: 500, After: 5}, "200 ends", whole[:5]},
		"hang":                         {"nothing comes", Fault{Do: Hang}, "silence", ""},
		"hang after the headers":       {"headers come, and nothing else", Fault{Do: Hang, After: AtBody}, "200 silence", ""},
		"hang in the midst":            {"a part comes", Fault{Do: Hang, After: 5}, "200 silence", whole[:5]},
		"silence":                      {"as a hang, for all but watches", Fault{Do: Silence}, "silence", ""},
		"reset":                        {"no answer at all", Fault{Do: Reset}, "broken", ""},
		"reset a lost one":             {"likewise", Fault{Do: Reset, Lost: true}, "broken", ""},
		"reset after the headers":      {"headers come first", Fault{Do: Reset, After: AtBody}, "200 broken", ""},
		"reset in the midst":           {"a part comes", Fault{Do: Reset, After: 5}, "200 broken", whole[:5]},
		"truncate":                     {"an empty answer", Fault{Do: Truncate}, "200 ends", ""},
		"truncate after the headers":   {"likewise", Fault{Do: Truncate, After: AtBody}, "200 ends", ""},
		"truncate in the midst":        {"no length tells that it is not whole", Fault{Do: Truncate, After: 5}, "200 ends", whole[:5]},
		"truncate with both counts":    {"they add up", Fault{Do: Truncate, After: 5, Into: 2}, "200 ends", whole[:7]},
		"truncate by the second count": {"a part of the body is a part, however it is said", Fault{Do: Truncate, Into: 2}, "200 ends", whole[:2]},
		"truncate behind the end":      {"the answer is whole by then", Fault{Do: Truncate, After: 1 << 20}, "200 ends", whole},
		"garbage":                      {"it comes before the body", Fault{Do: Garbage, Body: "<html>"}, "200 ends", "<html>" + whole},
		"garbage after the headers":    {"likewise", Fault{Do: Garbage, Body: "<html>", After: AtBody}, "200 ends", "<html>" + whole},
		"garbage in the midst":         {"it comes there", Fault{Do: Garbage, Body: "\x00", After: 5}, "200 ends", whole[:5] + "\x00" + whole[5:]},
		"slow":                         {"it is whole in the end", Fault{Do: Slow, Pace: time.Microsecond}, "200 ends", whole},
		"slower than the client is":    {"patience ends before", Fault{Do: Slow, Pace: time.Hour}, "silence", ""},
		"late":                         {"and no other fault", Fault{Delay: time.Millisecond}, "200 ends", whole},
		"later than the client is":     {"a delay is over for one who has gone", Fault{Delay: time.Hour}, "silence", ""},
		"late and broken":              {"one after the other", Fault{Delay: time.Millisecond, Do: Reset}, "broken", ""},
		"nothing":                      {"the zero value lets everything pass", Fault{}, "200 ends", whole},
	}
	onWires(t, func(t *testing.T, w wire) {
		for name, c := range cases {
			c.fault.Path, c.fault.Count = versionPath, 1
			// A transport asks once more where a connection broke that had served before: it must find the fault again.
			if c.fault.Do == Reset {
				c.fault.Count = 0
			}
			w.sim.SetFaults(c.fault)
			got := w.ask(http.MethodGet, versionPath, "", c.word)
			if got.word() != c.word || got.code != 0 && got.body != c.body {
				t.Errorf("%s: %s\n%s %q, want %s %q (%v)", name, c.why, got.word(), got.body, c.word, c.body, got.err)
			}
			if after := got.header.Get("Retry-After"); after != c.fault.RetryAfter {
				t.Errorf("%s: Retry-After is %q", name, after)
			}
			w.sim.SetFaults()
			if got := w.ask(http.MethodGet, versionPath, "", "200 ends"); got.word() != "200 ends" || got.body != whole {
				t.Errorf("after %s: %s %q", name, got.word(), got.body)
			}
		}
	})
}

const namespacesPath = "/api/v1/namespaces"

// newNamespace asks for a namespace, and says whether it is there then.
func (w wire) newNamespace(name, want string) (seen, bool) {
	w.Helper()
	got := w.ask(http.MethodPost, namespacesPath, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"`+name+`"}}`, want)
	there := w.sim.api.Table(namespaces).Get(name) != nil
	return got, there
}

func TestLost(t *testing.T) {
	cases := map[string]struct {
		why    string
		fault  Fault
		word   string
		effect bool
	}{
		"answered before":   {"the server never sees it", Fault{Do: Answer, Status: 503}, "503 ends", false},
		"answer lost":       {"the write has happened, and its client is told otherwise", Fault{Do: Answer, Status: 503, Lost: true}, "503 ends", true},
		"reset before":      {"the server never sees it", Fault{Do: Reset}, "broken", false},
		"reset lost":        {"the client cannot know", Fault{Do: Reset, Lost: true}, "broken", true},
		"hung before":       {"the server never sees it", Fault{Do: Hang}, "silence", false},
		"hang lost":         {"the client cannot know", Fault{Do: Hang, Lost: true}, "silence", true},
		"reset with a part": {"an answer that has begun is that of a write that has happened", Fault{Do: Reset, After: 3}, "201 broken", true},
	}
	onWires(t, func(t *testing.T, w wire) {
		for name, c := range cases {
			c.fault.Writes = true
			w.sim.SetFaults(c.fault)
			got, there := w.newNamespace(strings.ReplaceAll(name, " ", "-"), c.word)
			if got.word() != c.word || there != c.effect {
				t.Errorf("%s: %s\n%s and it has effect: %t, want %s and %t", name, c.why, got.word(), there, c.word, c.effect)
			}
		}
	})
}

// frames opens a watch of namespaces, and reads its frames until it ends or patience does. Names of objects stand for
// them, and codes for errors.
func (w wire) frames(after uint64, want string) (frames []string, got seen) {
	w.Helper()
	got = w.ask(http.MethodGet, fmt.Sprintf("%s?watch=true&resourceVersion=%d&allowWatchBookmarks=true", namespacesPath, after), "", want)
	lines := bufio.NewScanner(strings.NewReader(got.body))
	for lines.Scan() {
		e := struct {
			Type   string
			Object struct {
				Code     int
				Reason   string
				Metadata struct{ Name string }
			}
		}{}
		switch err := json.Unmarshal(lines.Bytes(), &e); {
		case err != nil:
			frames = append(frames, "unreadable")
		case e.Type == "ERROR":
			frames = append(frames, fmt.Sprint("ERROR ", e.Object.Code, " ", e.Object.Reason))
		default:
			frames = append(frames, e.Object.Metadata.Name)
		}
	}
	return frames, got
}

func TestFaultsOfWatches(t *testing.T) {
	expired := Fault{Do: Answer, Status: 410, Reason: metav1.StatusReasonExpired}
	at := func(f Fault, after, into int) Fault {
		f.After, f.Into = after, into
		return f
	}
	cases := map[string]struct {
		why    string
		fault  Fault
		word   string
		frames []string
	}{
		"nothing":                    {"a watch goes on", Fault{}, "200 silence", []string{"a", "b", "c"}},
		"410 before":                 {"as a status", expired, "410 ends", []string{""}},
		"410 at the body":            {"as the first frame", at(expired, AtBody, 0), "200 ends", []string{"ERROR 410 Expired"}},
		"410 after two":              {"as the third", at(expired, 2, 0), "200 ends", []string{"a", "b", "ERROR 410 Expired"}},
		"429 after one":              {"any status can come so", Fault{Do: Answer, Status: 429, After: 1}, "200 ends", []string{"a", "ERROR 429 "}},
		"hang before":                {"it never opens", Fault{Do: Hang}, "silence", nil},
		"hang at the body":           {"it opens, and nothing is seen", Fault{Do: Hang, After: AtBody}, "200 silence", nil},
		"hang after one":             {"nothing more is seen", Fault{Do: Hang, After: 1}, "200 silence", []string{"a"}},
		"silence before":             {"it never opens", Fault{Do: Silence}, "silence", nil},
		"silence at the body":        {"it opens, and nothing is seen", Fault{Do: Silence, After: AtBody}, "200 silence", nil},
		"silence after two":          {"nothing more is seen", Fault{Do: Silence, After: 2}, "200 silence", []string{"a", "b"}},
		"reset before":               {"it never opens", Fault{Do: Reset}, "broken", nil},
		"reset before, though lost":  {"a watch has no effect to lose, and would not end", Fault{Do: Reset, Lost: true}, "broken", nil},
		"reset at the body":          {"it opens and breaks", Fault{Do: Reset, After: AtBody}, "200 broken", nil},
		"reset after one":            {"between two frames", Fault{Do: Reset, After: 1}, "200 broken", []string{"a"}},
		"reset within the first":     {"in the midst of a frame", Fault{Do: Reset, Into: 9}, "200 broken", []string{"unreadable"}},
		"reset within the second":    {"in the midst of a frame", Fault{Do: Reset, After: 1, Into: 9}, "200 broken", []string{"a", "unreadable"}},
		"truncate before":            {"it opens and closes", Fault{Do: Truncate}, "200 ends", nil},
		"truncate at the body":       {"likewise", Fault{Do: Truncate, After: AtBody}, "200 ends", nil},
		"truncate after two":         {"a server that closes early", Fault{Do: Truncate, After: 2}, "200 ends", []string{"a", "b"}},
		"truncate within the second": {"a frame is cut and the stream ends in good order", Fault{Do: Truncate, After: 1, Into: 20}, "200 ends", []string{"a", "unreadable"}},
		"garbage at the body":        {"it is the first frame", Fault{Do: Garbage, After: AtBody, Body: "<html>\n"}, "200 silence", []string{"unreadable", "a", "b", "c"}},
		"garbage after one":          {"it is the second", Fault{Do: Garbage, After: 1, Body: "{\n"}, "200 silence", []string{"a", "unreadable", "b", "c"}},
		"garbage in a frame":         {"a frame is spoilt", Fault{Do: Garbage, Into: 3, Body: "\x00"}, "200 silence", []string{"unreadable", "b", "c"}},
		"another kind after one":     {"a frame of a kind that nobody asked for", Fault{Do: Garbage, After: 1, Body: `{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"stranger"}}}` + "\n"}, "200 silence", []string{"a", "stranger", "b", "c"}},
		"slow":                       {"all comes in the end", Fault{Do: Slow, Pace: time.Microsecond}, "200 silence", []string{"a", "b", "c"}},
		"for all but watches":        {"this is one", Fault{Do: Reset, NoWatch: true}, "200 silence", []string{"a", "b", "c"}},
		"for writes":                 {"this is none", Fault{Do: Reset, Writes: true}, "200 silence", []string{"a", "b", "c"}},
		"for watches":                {"this is one", Fault{Do: Reset, Watch: true}, "broken", nil},
	}
	onWires(t, func(t *testing.T, w wire) {
		before := w.sim.store.Revision()
		for _, name := range []string{"a", "b", "c"} {
			if err := w.sim.AddNamespace(name); err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range cases {
			w.sim.SetFaults(c.fault)
			frames, got := w.frames(before, c.word)
			if got.word() != c.word {
				t.Errorf("%s: %s\n%s, want %s (%v)", name, c.why, got.word(), c.word, got.err)
			}
			if diff := cmp.Diff(c.frames, frames); diff != "" {
				t.Errorf("%s: %s\nframes (-want +got):\n%s", name, c.why, diff)
			}
		}
	})
}

// TestChoice is about which requests meet a fault.
func TestChoice(t *testing.T) {
	count := func(l *faultLayer, n int, method, target, agent string) (met []int) {
		for i := range n {
			r := httptest.NewRequest(method, target, http.NoBody)
			r.Header.Set("User-Agent", agent)
			if l.choose(r) != nil {
				met = append(met, i)
			}
		}
		return met
	}
	const get, agent = http.MethodGet, "client/1"
	cases := map[string]struct {
		why    string
		fault  Fault
		method string
		target string
		want   []int // of four requests
	}{
		"any":              {"the zero value is for all", Fault{}, get, "/x", []int{0, 1, 2, 3}},
		"count":            {"it ends", Fault{Count: 2}, get, "/x", []int{0, 1}},
		"skip":             {"it begins later", Fault{Skip: 3}, get, "/x", []int{3}},
		"skip and count":   {"both", Fault{Skip: 1, Count: 2}, get, "/x", []int{1, 2}},
		"method":           {"that one", Fault{Method: get, Count: 1}, get, "/x", []int{0}},
		"other method":     {"not that one", Fault{Method: "PUT"}, get, "/x", nil},
		"writes":           {"a read is none", Fault{Writes: true}, get, "/x", nil},
		"writes, patch":    {"all but GET", Fault{Writes: true, Count: 1}, "PATCH", "/x", []int{0}},
		"watch":            {"by its parameter", Fault{Watch: true, Count: 1}, get, "/x?watch=1", []int{0}},
		"no watch":         {"by its parameter", Fault{Watch: true}, get, "/x?watch=false", nil},
		"watch, unsaid":    {"the API takes it for yes", Fault{Watch: true, Count: 1}, get, "/x?watch=", []int{0}},
		"watch=0":          {"and this for no", Fault{Watch: true}, get, "/x?watch=0", nil},
		"watch by another": {"only a GET watches", Fault{Watch: true}, "DELETE", "/x?watch=true", nil},
		"not watches":      {"this is one", Fault{NoWatch: true}, get, "/x?watch=true", nil},
		"client":           {"by what its name begins with", Fault{Client: "client", Count: 1}, get, "/x", []int{0}},
		"other client":     {"another", Fault{Client: "kubectl"}, get, "/x", nil},
		"not client":       {"all but this", Fault{Client: "!client"}, get, "/x", nil},
		"not other client": {"this is not it", Fault{Client: "!kubectl", Count: 1}, get, "/x", []int{0}},
		"path":             {"another path", Fault{Path: "/y"}, get, "/x", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := newFaultLayer(nil, 0, nil)
			l.set([]Fault{c.fault})
			if got := count(l, 4, c.method, c.target, agent); !slices.Equal(got, c.want) {
				t.Errorf("%s\nmet by %v, want %v", c.why, got, c.want)
			}
		})
	}
	t.Run("chance", func(t *testing.T) {
		met := func(seed uint64) []int {
			l := newFaultLayer(nil, seed, nil)
			l.set([]Fault{{Probability: 0.1}})
			return count(l, 1000, get, "/x", agent)
		}
		one, two := met(1), met(2)
		if !slices.Equal(one, met(1)) {
			t.Error("a seed decides differently the second time")
		}
		if slices.Equal(one, two) || len(one) < 60 || len(one) > 140 {
			t.Errorf("%d of 1000 requests met a fault of one in ten", len(one))
		}
	})
	t.Run("first", func(t *testing.T) {
		l := newFaultLayer(nil, 0, nil)
		l.set([]Fault{{Path: "/y", Status: 1}, {Count: 1, Status: 2}, {Status: 3}})
		for _, want := range []int{2, 3} {
			if got := l.choose(httptest.NewRequest(get, "/x", http.NoBody)).Status; got != want {
				t.Errorf("fault %d, want %d: the first that is for a request is met", got, want)
			}
		}
	})
}

func TestPathPatterns(t *testing.T) {
	cases := []struct {
		pattern, path string
		want          bool
	}{
		{"/version", "/version", true},
		{"/version", "/version/", false},
		{"/version", "/versions", false},
		{"/apis/*/v1", "/apis/kubevirt.io/v1", true},
		{"/apis/*/v1", "/apis/kubevirt.io/v2", false},
		{"/apis/*/v1", "/apis/a/b/v1", false}, // "*" never spans a slash
		{"/apis/*", "/apis", false},
		{"/apis/*.io", "/apis/kubevirt.io", true}, // a part of a segment
		{"/apis/**", "/apis/a/b/c", true},
		{"/apis/**", "/apis/a", true},
		{"/apis/**", "/apis", true}, // any number is none as well
		{"/apis/**", "/apis/", true},
		{"/apis/**", "/api/a", false},
		{"/apis/**", "/apisx/a", false},
		{"/*/v1/**", "/apis/v1/a/b", true},
		{"/*/v1/**", "/apis/v2/a/b", false},
		{"**", "/anything/at/all", true},
		{"/**", "/", true},
		{"/a/**/b", "/a/x/y/b", false}, // only the last segment is so
		{"/[", "/[", false},            // a pattern that is none matches nothing
	}
	for _, c := range cases {
		if got := pathMatches(c.pattern, c.path); got != c.want {
			t.Errorf("%q is for %q: %t, want %t", c.pattern, c.path, got, c.want)
		}
	}
}
