package kubevirt

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// answered puts a handler in the place of the simulator.
func answered(t *testing.T, p protocol, handler http.HandlerFunc) func(*wire) {
	return func(w *wire) {
		pipes := newPipes()
		server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
		t.Cleanup(func() { _ = server.Close() })
		w.dial = pipes.dial
		if p == http2 {
			server.TLSConfig = serverTLS()
			go func() { _ = server.ServeTLS(pipes, "", "") }()
			return
		}
		go func() { _ = server.Serve(pipes) }()
	}
}

// overHandler runs a test against a handler, of each protocol.
func overHandler(t *testing.T, name string, handler http.HandlerFunc, test func(w *wired)) {
	t.Helper()
	for _, p := range protocols {
		t.Run(name+" "+string(p), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { onWire(t, p, kubevirtsim.Options{}, test, answered(t, p, handler)) })
		})
	}
}

// bomb answers with a few bytes that become many.
func bomb(status int, begin string, blanks int64) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
		_, _ = io.WriteString(z, begin)
		blank := []byte(strings.Repeat(" ", 64<<10))
		for range blanks / int64(len(blank)) {
			if _, err := z.Write(blank); err != nil {
				return // the client has seen enough
			}
		}
		_ = z.Close()
	}
}

// TestBombs: row 49, and 18: what a small answer becomes is bounded, wherever it is read.
func TestBombs(t *testing.T) {
	const limit, far = 1 << 20, 64 << 20
	tight := func(w *wired, test func(c *cluster)) {
		member, err := newCluster("tight", w.config(), ClusterOptions{QPS: -1, MaxAnswer: limit})
		if err != nil {
			w.Fatal(err)
		}
		test(member)
		if err := member.close(w.Context()); err != nil {
			w.Error(err)
		}
	}
	overHandler(t, "row 49 a list", bomb(200, `{"kind":"VirtualMachineList","items":[`, far), func(w *wired) {
		tight(w, func(c *cluster) {
			_, err := vmSource(c, w.p.mapper(clusterName), "").List(w.Context(), watcher.ListOptions{Limit: 500})
			if domain.CodeOf(err) != domain.CodeResponseTooLarge {
				w.Errorf("a list: %v", err)
			}
		})
	})
	overHandler(t, "row 49 one object", bomb(200, `{"kind":"VirtualMachine"`, far), func(w *wired) {
		tight(w, func(c *cluster) {
			_, err := c.getVM(w.Context(), domain.Ref{Cluster: "tight", Namespace: "default", Name: "a"})
			if domain.CodeOf(err) != domain.CodeResponseTooLarge {
				w.Errorf("an object: %v", err)
			}
		})
	})
	overHandler(t, "row 49 an error", bomb(500, `{"kind":"Status","code":500`, far), func(w *wired) {
		_, err := w.list(w.Context())
		if domain.CodeOf(err) != domain.CodeInternal {
			w.Errorf("an error: %v", err)
		}
	})
	overHandler(t, "row 49 a frame", bomb(200, `{"type":"ADDED","object":{`, far), func(w *wired) {
		_, err := w.watch(w.Context(), "1")
		if domain.CodeOf(err) != domain.CodeResponseTooLarge {
			w.Errorf("a frame: %v", err)
		}
	})
}

// TestRetryAfter: row 8 and P11: every form of the header, one request at the server, and the wish reaches the caller.
func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		name, header string
		want         time.Duration
	}{
		{"seconds", "30", 30 * time.Second},
		{"none", "", 0},
		{"zero", "0", 0},
		{"an hour", "3600", time.Hour},
		{"for ever", "1000000000", time.Hour},
		{"beyond a duration", "10000000000", time.Hour},
		{"beyond a number", "100000000000000000000", time.Hour},
		{"negative", "-5", 0},
		{"far negative", "-100000000000000000000", 0},
		{"text", "soon", 0},
		{"a date", "in a minute", time.Minute},
		{"a date of the past", "a minute ago", 0},
		{"a date without a clock", "no clock", 0},
	} {
		requests := 0
		handler := func(w http.ResponseWriter, _ *http.Request) {
			requests++
			header, clock := c.header, time.Now().UTC().Add(time.Hour) // the server's is wrong
			w.Header().Set("Date", clock.Format(http.TimeFormat))
			switch header {
			case "in a minute":
				header = clock.Add(time.Minute).Format(http.TimeFormat)
			case "a minute ago":
				header = clock.Add(-time.Minute).Format(http.TimeFormat)
			case "no clock":
				header = clock.Add(time.Minute).Format(http.TimeFormat)
				w.Header()["Date"] = nil
			}
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(http.StatusTooManyRequests)
		}
		overHandler(t, "row 8 "+c.name, handler, func(w *wired) {
			requests = 0
			_, err := w.list(w.Context())
			e, ok := errors.AsType[*domain.Error](err)
			if !ok || e.Code != domain.CodeThrottled || e.RetryAfter != c.want {
				w.Errorf("%+v, want %v", err, c.want)
			}
			if _, err := w.watch(w.Context(), "1"); domain.CodeOf(err) != domain.CodeThrottled {
				w.Errorf("a watch: %v", err)
			}
			if _, err := w.source().Identity(w.Context()); domain.CodeOf(err) != domain.CodeThrottled {
				w.Errorf("an identity: %v", err)
			}
			if requests != 3 {
				w.Errorf("three calls were %d requests", requests)
			}
		})
	}
}

// TestAttempts: P11: whatever a server answers, one call is one request.
func TestAttempts(t *testing.T) {
	for _, status := range []int{401, 403, 404, 408, 429, 500, 502, 503, 504} {
		requests := 0
		overHandler(t, "P11 "+http.StatusText(status), func(w http.ResponseWriter, _ *http.Request) {
			requests++
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(status)
		}, func(w *wired) {
			requests = 0
			began := time.Now()
			if _, err := w.list(w.Context()); err == nil {
				w.Error("no error")
			}
			if requests != 1 || time.Since(began) > time.Second {
				w.Errorf("%d requests in %v", requests, time.Since(began))
			}
		})
	}
}

// TestTLS: row 36: no reason to trust is an unreachable cluster, and the reason can be told from a refused connection.
func TestTLS(t *testing.T) {
	other := certificateFor("other")
	for _, c := range []struct {
		name string
		serv *tls.Config
		ca   []byte
		is   func(error) bool
	}{
		{"unknown CA", serverTLS(), other.ca, func(err error) bool { _, ok := errors.AsType[x509.UnknownAuthorityError](err); return ok }},
		{"wrong name", &tls.Config{Certificates: []tls.Certificate{other.certificate}, MinVersion: tls.VersionTLS12}, other.ca,
			func(err error) bool { _, ok := errors.AsType[x509.HostnameError](err); return ok }},
		{"plain HTTP on the port", nil, trust().ca, func(err error) bool {
			_, ok := errors.AsType[tls.RecordHeaderError](err)
			return ok || errors.Is(err, http.ErrSchemeMismatch)
		}},
	} {
		t.Run("row 36 "+c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				onWire(t, http2, kubevirtsim.Options{}, func(w *wired) {
					pipes := newPipes()
					w.sim.Serve(pipes, c.serv)
					w.dial = pipes.dial
					config := w.config()
					config.CAData = c.ca
					member, err := newCluster("other", config, ClusterOptions{QPS: -1})
					if err != nil {
						t.Fatal(err)
					}
					_, err = vmSource(member, w.p.mapper("other"), "").List(t.Context(), watcher.ListOptions{Limit: 1})
					if domain.CodeOf(err) != domain.CodeClusterUnreachable || !c.is(err) {
						t.Errorf("%v", err)
					}
					if err := member.close(t.Context()); err != nil {
						t.Error(err)
					}
				})
			})
		})
	}
}

// TestDial: row 37: a host that cannot be reached, or found, is dialled anew for each try.
func TestDial(t *testing.T) {
	for name, refusal := range map[string]error{
		"refused":   &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED},
		"DNS":       &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "sim", IsNotFound: true}},
		"no route":  &net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH},
		"timed out": &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ETIMEDOUT},
	} {
		overWire(t, "row 37 "+name, kubevirtsim.Options{}, func(w *wired) {
			real := w.dial
			w.dial = func(context.Context, string, string) (net.Conn, error) { return nil, refusal }
			for n := range int64(3) {
				_, err := w.list(w.Context())
				if domain.CodeOf(err) != domain.CodeClusterUnreachable || !errors.Is(err, refusal) || w.dialled.Load() != n+1 {
					w.Errorf("%v, and %d dialled", err, w.dialled.Load())
				}
			}
			w.dial = real
			if _, err := w.list(w.Context()); err != nil {
				w.Errorf("back again: %v", err)
			}
		})
	}
}

// TestHangs: P14: wherever a peer stops talking, a call ends within its budget, and says that it was time that passed.
func TestHangs(t *testing.T) {
	type fault = kubevirtsim.Fault
	hang := func(after int) func(*wired) {
		return func(w *wired) { w.sim.SetFaults(fault{Do: kubevirtsim.Hang, After: after}) }
	}
	for name, trouble := range map[string]func(*wired){
		"at accept": func(w *wired) {
			w.dial = func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
		},
		"at TLS":         func(w *wired) { w.sim.SetNetwork(kubevirtsim.NetworkSilent) },
		"at the headers": hang(0),
		"first byte":     hang(kubevirtsim.AtBody),
		"mid-body":       hang(100),
	} {
		overWire(t, "P14 "+name, kubevirtsim.Options{}, func(w *wired) {
			w.create("a")
			time.Sleep(time.Second)
			trouble(w)
			for _, c := range []struct {
				name   string
				budget time.Duration
				call   func(ctx context.Context) error
			}{
				{"GetVM", 15 * time.Second, func(ctx context.Context) error {
					_, err := w.p.GetVM(ctx, clusterName, "default", "a")
					return err
				}},
				{"ListVMs", 30 * time.Second, func(ctx context.Context) error {
					_, err := w.p.ListVMs(ctx, clusterName, provider.AllNamespaces, provider.ListOptions{})
					return err
				}},
				{"Identity", 15 * time.Second, func(ctx context.Context) error {
					_, err := w.source().Identity(ctx)
					return err
				}},
			} {
				began := time.Now()
				err := c.call(w.Context())
				if took := time.Since(began); took > c.budget+time.Second || domain.CodeOf(err) != domain.CodeVerbTimeout {
					w.Errorf("%s: %v after %v", c.name, err, took)
				}
			}
		})
	}
}
