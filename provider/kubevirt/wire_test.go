package kubevirt

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// protocol is what is spoken on a wire.
type protocol string

const (
	http1 protocol = "HTTP-1.1" // in the clear
	http2 protocol = "HTTP-2"   // over TLS, as it is nowhere without
)

var protocols = []protocol{http1, http2}

// wire is a way to a simulated cluster through pipes in memory, on which time passes in a bubble while everybody waits. It
// counts what is dialled and sent.
type wire struct {
	sim      *kubevirtsim.Server
	protocol protocol
	// dial connects; a test may put another one in its place.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	wrap func(http.RoundTripper) http.RoundTripper // before the transport; nil is nothing

	dialled, open atomic.Int64 // connections, and those that this side has not closed yet

	mu   sync.Mutex
	sent []sentRequest
}

// sentRequest is a request as it left.
type sentRequest struct {
	at      time.Time
	path    string
	query   url.Values
	proto   string // of the answer; empty when there was none
	outcome int
	prints  bool // whether client-go prints of it
}

// newWire makes a wire. A simulator serves it until it is closed.
func newWire(sim *kubevirtsim.Server, p protocol) *wire {
	w := &wire{sim: sim, protocol: p, dial: sim.Dial}
	if p == http2 {
		pipes := newPipes()
		sim.Serve(pipes, serverTLS())
		w.dial = pipes.dial
	}
	return w
}

// config is what a cluster is added with.
func (w *wire) config() *rest.Config {
	config := &rest.Config{
		Host:  "http://sim",
		Dial:  w.connect,
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil }, //nolint:nilnil // as net/http wants it: no proxy
	}
	if w.protocol == http2 {
		config.Host = "https://sim"
		config.TLSClientConfig = rest.TLSClientConfig{CAData: trust().ca}
	}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return recording{w, next} })
	if w.wrap != nil {
		config.Wrap(w.wrap)
	}
	return config
}

func (w *wire) connect(ctx context.Context, network, address string) (net.Conn, error) {
	w.dialled.Add(1)
	conn, err := w.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.open.Add(1)
	return &countedConn{Conn: conn, closed: sync.OnceFunc(func() { w.open.Add(-1) })}, nil
}

// countedConn tells of its end.
type countedConn struct {
	net.Conn
	closed func()
}

// Close implements net.Conn.
func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

// recording notes what is sent.
type recording struct {
	wire *wire
	next http.RoundTripper
}

// WrappedRoundTripper lets apimachinery reach the transport, to close idle connections.
func (r recording) WrappedRoundTripper() http.RoundTripper { return r.next }

// RoundTrip implements http.RoundTripper.
func (r recording) RoundTrip(request *http.Request) (*http.Response, error) {
	note := sentRequest{at: time.Now(), path: request.URL.Path, query: request.URL.Query(), prints: klog.FromContext(request.Context()).Enabled()}
	response, err := r.next.RoundTrip(request)
	if err == nil {
		note.proto, note.outcome = response.Proto, response.StatusCode
	}
	r.wire.mu.Lock()
	defer r.wire.mu.Unlock()
	r.wire.sent = append(r.wire.sent, note)
	return response, err
}

// requests are those that have been answered, or have failed.
func (w *wire) requests() []sentRequest {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent[:len(w.sent):len(w.sent)]
}

// pipes is a listener whose connections are pipes in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return pipeAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr{}, Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr{}, Err: ctx.Err()}
	}
}

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "sim" }

// trusted is a certificate for the host sim, and what is to be trusted for it.
type trusted struct {
	certificate tls.Certificate
	ca          []byte
}

var trust = sync.OnceValue(func() trusted { return certificateFor("sim") })

func serverTLS() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{trust().certificate}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}
}

// certificateFor signs itself. It is valid in this century, in which bubbles begin as well.
func certificateFor(host string) trusted {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	var der []byte
	if err == nil {
		der, err = x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	}
	if err != nil {
		panic(err) // of numbers and names that are right
	}
	return trusted{
		tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}
}

// wired is a provider over one simulated cluster behind a wire.
type wired struct {
	*wire
	*testing.T
	p *Provider
	c *cluster
}

// overWire runs a test in a bubble, of each protocol.
func overWire(t *testing.T, name string, opts kubevirtsim.Options, test func(w *wired)) {
	t.Helper()
	for _, p := range protocols {
		t.Run(name+" "+string(p), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { onWire(t, p, opts, test) })
		})
	}
}

// onWire runs a test in the bubble that it is in. Afterwards no connection may be left that this side has not closed.
func onWire(t *testing.T, p protocol, opts kubevirtsim.Options, test func(w *wired), with ...func(w *wire)) {
	t.Helper()
	sim, err := kubevirtsim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	w := &wired{wire: newWire(sim, p), T: t}
	for _, change := range with {
		change(w.wire)
	}
	clusters := NewClusters()
	if err := clusters.Add(clusterName, w.config(), ClusterOptions{QPS: -1}); err != nil {
		t.Fatal(err)
	}
	if w.p, err = New(clusters, Options{}); err != nil {
		t.Fatal(err)
	}
	if w.c, err = clusters.get(clusterName); err != nil {
		t.Fatal(err)
	}
	test(w)
	w.c.release()
	if err := clusters.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	time.Sleep(2 * time.Minute) // one that was being made is idle then, and closed for that
	synctest.Wait()
	if open := w.open.Load(); open != 0 {
		t.Errorf("%d connections are left open", open)
	}
}

// TestWire: both wires carry what they are named for.
func TestWire(t *testing.T) {
	overWire(t, "speaks", kubevirtsim.Options{}, func(w *wired) {
		if _, err := w.p.ListVMs(w.Context(), clusterName, provider.AllNamespaces, provider.ListOptions{}); err != nil {
			w.Fatal(err)
		}
		want := map[protocol]string{http1: "HTTP/1.1", http2: "HTTP/2.0"}[w.protocol]
		if got := w.requests()[0]; got.proto != want {
			w.Errorf("%s is %s", w.protocol, got.proto)
		}
	})
}
