package kubevirtsim

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestNetwork: what new connections meet, and what those that are open.
func TestNetwork(t *testing.T) {
	cases := map[string]struct {
		why  string
		to   Network
		dial string // what a new client sees of a request
		open string // and one that is connected
	}{
		"up":          {"all is well", NetworkUp, "200 ends", "200 ends"},
		"refused":     {"those that are open live on", NetworkRefused, "broken", "200 ends"},
		"silent":      {"connecting works, and no handshake or request is ever answered", NetworkSilent, "silence", "silence"},
		"unreachable": {"nothing works", NetworkUnreachable, "silence", "silence"},
	}
	onWires(t, func(t *testing.T, w wire) {
		for name, c := range cases {
			if got := w.ask(http.MethodGet, versionPath, "", "200 ends"); got.word() != "200 ends" {
				t.Fatalf("%s: the network is up: %s %v", name, got.word(), got.err)
			}
			w.sim.SetNetwork(c.to)
			if got := w.ask(http.MethodGet, versionPath, "", c.open); got.word() != c.open {
				t.Errorf("%s: %s\nan open connection: %s, want %s (%v)", name, c.why, got.word(), c.open, got.err)
			}
			w.client.CloseIdleConnections()
			w.fresh()
			if got := w.ask(http.MethodGet, versionPath, "", c.dial); got.word() != c.dial {
				t.Errorf("%s: %s\na new connection: %s, want %s (%v)", name, c.why, got.word(), c.dial, got.err)
			}
			w.fresh()
			w.sim.SetNetwork(NetworkUp)
			if got := w.ask(http.MethodGet, versionPath, "", "200 ends"); got.word() != "200 ends" {
				t.Errorf("after %s: %s %v", name, got.word(), got.err)
			}
		}
	})
}

// fresh has the next request make a connection.
func (w wire) fresh() {
	old := w.client.Transport.(*http.Transport) //nolint:forcetypeassert // the wires make no other
	w.client.Transport = old.Clone()
	old.CloseIdleConnections()
	w.Cleanup(w.client.CloseIdleConnections)
}

func TestRefusedDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := start(t, Options{})
		sim.SetNetwork(NetworkRefused)
		if _, err := sim.Dial(t.Context(), "tcp", "any:80"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dialling a host on which nobody listens: %v", err)
		}
		sim.SetNetwork(NetworkUnreachable)
		time.AfterFunc(time.Hour, func() { sim.SetNetwork(NetworkUp) })
		began := time.Now()
		conn, err := sim.Dial(t.Context(), "tcp", "any:80")
		if err != nil || time.Since(began) != time.Hour {
			t.Fatalf("connecting lasts until the network comes back: %v after %v", err, time.Since(began))
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		sim.SetNetwork(NetworkUnreachable)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := sim.Dial(ctx, "tcp", "any:80"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("or until the client gives up: %v", err)
		}
		time.AfterFunc(time.Second, sim.Close)
		if _, err := sim.Dial(t.Context(), "tcp", "any:80"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("or until the server closes: %v", err)
		}
		if _, err := sim.Dial(t.Context(), "tcp", "any:80"); err == nil {
			t.Error("a closed server takes connections")
		}
	})
}

func TestHandshakeHangs(t *testing.T) {
	sim := start(t, Options{})
	server, client := selfSigned(t)
	url, err := sim.Start(server)
	if err != nil {
		t.Fatal(err)
	}
	sim.SetNetwork(NetworkSilent)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "https://"))
	if err != nil {
		t.Fatalf("the kernel connects: %v", err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client.ServerName = "127.0.0.1"
	if err := tls.Client(conn, client).HandshakeContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the handshake ends with %v", err)
	}
}

// TestBrokenConnections: a server goes down in the midst of a watch, and comes back.
func TestBrokenConnections(t *testing.T) {
	onWires(t, func(t *testing.T, w wire) {
		w.began = func() {
			w.sim.SetNetwork(NetworkRefused)
			w.sim.BreakConnections()
		}
		if got := w.ask(http.MethodGet, namespacesPath+"?watch=true", "", "200 broken"); got.word() != "200 broken" {
			t.Errorf("the watch: %s %v", got.word(), got.err)
		}
		w.began = nil
		if got := w.ask(http.MethodGet, versionPath, "", "broken"); got.word() != "broken" {
			t.Errorf("while it is down: %s %v", got.word(), got.err)
		}
		w.sim.SetNetwork(NetworkUp)
		if got := w.ask(http.MethodGet, versionPath, "", "200 ends"); got.word() != "200 ends" {
			t.Errorf("after it is back: %s %v", got.word(), got.err)
		}
	})
}

// TestHalfOpen: over HTTP/2 a client learns by a ping that a peer is gone, over HTTP/1.1 never.
func TestHalfOpen(t *testing.T) {
	for major, want := range map[int]time.Duration{1: time.Hour, 2: 45 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w := pipe(t, major)
			transport := w.client.Transport.(*http.Transport) //nolint:forcetypeassert // pipe makes no other
			transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+namespacesPath+"?watch=true&resourceVersion=1000", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := w.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = answer.Body.Close() }()
			w.sim.SetNetwork(NetworkSilent)
			w.sim.SetNetwork(NetworkUp) // what has fallen silent stays so
			began := time.Now()
			for buffer := make([]byte, 4096); err == nil; {
				_, err = answer.Body.Read(buffer)
			}
			if got := time.Since(began); got != want {
				t.Errorf("HTTP/%d: the stream ends after %v, want %v (%v)", major, got, want, err)
			}
		})
	}
}

// TestClose: whatever is under way ends with the server, and leaves no goroutine behind, which the bubble would tell.
func TestClose(t *testing.T) {
	faults := map[string]Fault{
		"nothing":     {},
		"hang":        {Do: Hang},
		"hang midway": {Do: Hang, After: AtBody},
		"silence":     {Do: Silence, After: AtBody},
		"slow":        {Do: Slow, Pace: time.Hour},
		"late":        {Delay: time.Hour},
	}
	for name, f := range faults {
		for major := 1; major <= 2; major++ {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := pipe(t, major)
					w.sim.SetFaults(f)
					done := make(chan error)
					go func() {
						answer, err := w.client.Get(w.url + namespacesPath + "?watch=true") //nolint:noctx // nobody cancels it
						if err == nil {
							for buffer := make([]byte, 4096); err == nil; {
								_, err = answer.Body.Read(buffer)
							}
							_ = answer.Body.Close()
						}
						done <- err
					}()
					time.Sleep(time.Second)
					w.sim.Close()
					if err := <-done; err == nil {
						t.Error("the answer goes on")
					}
					if w.sim.busy.open != 0 {
						t.Errorf("%d requests are still served", w.sim.busy.open)
					}
					w.sim.Close() // once more is nothing
				})
			})
		}
	}
}

// TestCloseSilent: a connection that is silent ends as well.
func TestCloseSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := pipe(t, 1)
		if got := w.ask(http.MethodGet, versionPath, "", "200 ends"); got.word() != "200 ends" {
			t.Fatal(got)
		}
		w.sim.SetNetwork(NetworkSilent)
		conn, err := w.sim.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
			t.Errorf("a silent peer takes what is sent: %v", err)
		}
		time.Sleep(2 * time.Minute) // the server gives up on the idle one, which its client does not learn
		w.sim.Close()
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("the silent connection lives on")
		}
	})
}
