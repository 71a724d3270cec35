package kubevirt_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
)

// serve makes a provider with one cluster, "c1", whose API server is the handler. It counts the requests.
func serve(t *testing.T, opts kubevirt.ClusterOptions, handler http.HandlerFunc) (*kubevirt.Provider, *kubevirt.Clusters, *atomic.Int64) {
	t.Helper()
	requests := new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	clusters := kubevirt.NewClusters()
	if err := clusters.Add("c1", &rest.Config{Host: server.URL, BearerToken: "canary-token"}, opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := clusters.Close(context.Background()); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	p, err := kubevirt.New(clusters, kubevirt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p, clusters, requests
}

func status(w http.ResponseWriter, code int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	body["kind"], body["apiVersion"], body["status"], body["code"] = "Status", "v1", "Failure", code
	_ = json.NewEncoder(w).Encode(body)
}

func TestBadArgumentsSendNothing(t *testing.T) {
	p, _, requests := serve(t, kubevirt.ClusterOptions{}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	ctx := t.Context()
	spec := domain.VMSpec{Name: "web", RunStrategy: domain.RunStrategyHalted, MemoryBytes: 1 << 30}
	noStrategy, badName := spec, spec
	noStrategy.RunStrategy = ""
	badName.Name = "../web"
	minute, negative, fraction := time.Minute, -time.Second, 1500*time.Millisecond
	only := func(_ any, err error) error { return err }

	for name, c := range map[string]struct {
		err   error
		want  domain.Code
		field string
	}{
		"empty name":         {only(p.GetVM(ctx, "c1", "team", "")), domain.CodeInvalidName, "name"},
		"empty namespace":    {only(p.GetVM(ctx, "c1", "", "web")), domain.CodeInvalidName, "namespace"},
		"empty cluster":      {only(p.GetVM(ctx, "", "team", "web")), domain.CodeInvalidName, "cluster"},
		"dots in the name":   {only(p.GetVM(ctx, "c1", "team", "../web")), domain.CodeInvalidName, "name"},
		"all namespaces":     {only(p.GetVM(ctx, "c1", provider.AllNamespaces, "web")), domain.CodeInvalidName, "namespace"},
		"a slash":            {p.StartVM(ctx, "c1", "team/x", "web", provider.StartOptions{}), domain.CodeInvalidName, "namespace"},
		"a line break":       {p.DeleteVM(ctx, "c1", "team", "web\n", provider.DeleteOptions{}), domain.CodeInvalidName, "name"},
		"unknown cluster":    {only(p.GetVM(ctx, "c2", "team", "web")), domain.CodeClusterNotFound, ""},
		"negative limit":     {only(p.ListVMs(ctx, "c1", "team", provider.ListOptions{Limit: -1})), domain.CodeInvalidLimit, "limit"},
		"list of nothing":    {only(p.ListVMs(ctx, "c1", "", provider.ListOptions{})), domain.CodeInvalidName, "namespace"},
		"bad label selector": {only(p.ListVMs(ctx, "c1", "team", provider.ListOptions{LabelSelector: "a in ("})), domain.CodeInvalidSelector, ""},
		"field selector":     {only(p.ListVMs(ctx, "c1", "team", provider.ListOptions{FieldSelector: "status.phase=Running"})), domain.CodeInvalidSelector, ""},
		"foreign token":      {only(p.ListVMs(ctx, "c1", "team", provider.ListOptions{Continue: "eyJ2IjoibWV0YSJ9"})), domain.CodeInvalidCursor, "continue"},
		"no run strategy":    {only(p.CreateVM(ctx, "c1", "team", noStrategy, provider.CreateOptions{})), domain.CodeInvalidSpec, "runStrategy"},
		"bad create name":    {only(p.CreateVM(ctx, "c1", "team", badName, provider.CreateOptions{})), domain.CodeInvalidName, "name"},
		"long key":           {only(p.CreateVM(ctx, "c1", "team", spec, provider.CreateOptions{IdempotencyKey: strings.Repeat("k", 254)})), domain.CodeInvalidOption, "idempotencyKey"},
		"negative grace":     {p.StopVM(ctx, "c1", "team", "web", provider.StopOptions{GracePeriod: &negative}), domain.CodeInvalidOption, "gracePeriod"},
		"half a second":      {p.StopVM(ctx, "c1", "team", "web", provider.StopOptions{GracePeriod: &fraction}), domain.CodeInvalidOption, "gracePeriod"},
		"restart with grace": {p.RestartVM(ctx, "c1", "team", "web", provider.RestartOptions{GracePeriod: &minute}), domain.CodeInvalidOption, "gracePeriod"},
		"dry soft reboot":    {p.SoftRebootVM(ctx, "c1", "team", "web", provider.SoftRebootOptions{DryRun: true}), domain.CodeCapabilityUnsupported, "dryRun"},
		"dry reset":          {p.ResetVM(ctx, "c1", "team", "web", provider.ResetOptions{DryRun: true}), domain.CodeCapabilityUnsupported, "dryRun"},
		"type, no namespace": {only(p.GetInstanceType(ctx, "c1", "", "small")), domain.CodeInvalidName, "namespace"},
		"migration's name":   {only(p.MigrateVM(ctx, "c1", "team", "web", provider.MigrateOptions{Name: "A"})), domain.CodeInvalidOption, "name"},
	} {
		if got := domain.CodeOf(c.err); got != c.want {
			t.Errorf("%s: %v, want %s", name, c.err, c.want)
		}
		if e, ok := errors.AsType[*domain.Error](c.err); !ok || e.Op == "" || c.field != "" && e.Params[domain.ParamField] != c.field {
			t.Errorf("%s: op and field of %+v, want field %q", name, c.err, c.field)
		}
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := p.GetVM(canceled, "c1", "team", "web"); domain.CodeOf(err) != domain.CodeCanceled || !errors.Is(err, context.Canceled) {
		t.Errorf("GetVM under a canceled context = %v", err)
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestNothingIsRepeated(t *testing.T) {
	for _, code := range []int{429, 500, 503} {
		p, _, requests := serve(t, kubevirt.ClusterOptions{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			status(w, code, map[string]any{"message": "later"})
		})
		_, err := p.ListVMs(t.Context(), "c1", "team", provider.ListOptions{})
		e, ok := errors.AsType[*domain.Error](err)
		if !ok || e.RetryAfter != 7*time.Second || requests.Load() != 1 {
			t.Errorf("%d: %d requests, error %+v", code, requests.Load(), err)
		}
	}
}

func TestRedirectsAreRefused(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		p, _, _ := serve(t, kubevirt.ClusterOptions{}, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/steal", code)
		})
		_, err := p.GetVM(t.Context(), "c1", "team", "web")
		if domain.CodeOf(err) != domain.CodeRedirectRefused {
			t.Errorf("%d: %v", code, err)
		}
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed, token and all")
	}
}

func TestNoTokenInErrors(t *testing.T) {
	bodies := map[string]http.HandlerFunc{
		"plain text": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 500) },
		"garbage":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"kind":`)) },
		"other kind": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"kind":"Pod","apiVersion":"v1"}`))
		},
		"empty":        func(http.ResponseWriter, *http.Request) {},
		"unauthorized": func(w http.ResponseWriter, _ *http.Request) { status(w, 401, map[string]any{"reason": "Unauthorized"}) },
		"reset": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		},
	}
	want := map[string]domain.Code{
		"plain text": domain.CodeInternal, "garbage": domain.CodeProtocolError, "other kind": domain.CodeProtocolError,
		"empty": domain.CodeProtocolError, "unauthorized": domain.CodeClusterCredentials, "reset": domain.CodeClusterUnreachable,
	}
	for name, handler := range bodies {
		p, _, _ := serve(t, kubevirt.ClusterOptions{}, handler)
		_, err := p.GetVM(t.Context(), "c1", "team", "web")
		if got := domain.CodeOf(err); got != want[name] {
			t.Errorf("%s: %v, want %s", name, err, want[name])
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the token shows: %v", name, err)
		}
	}
}

func TestSecretsOfASpecStayOutOfErrors(t *testing.T) {
	p, _, _ := serve(t, kubevirt.ClusterOptions{}, func(w http.ResponseWriter, _ *http.Request) {
		status(w, 422, map[string]any{"reason": "Invalid", "message": "denied: userData: Invalid value: \"#cloud-config\\npassword: hunter2\"",
			"details": map[string]any{"causes": []any{map[string]any{"reason": "FieldValueInvalid", "field": "spec.x", "message": "got password: hunter2"}}}})
	})
	spec := domain.VMSpec{Name: "web", RunStrategy: domain.RunStrategyHalted, MemoryBytes: 1 << 30,
		CloudInit: &domain.CloudInit{UserData: domain.NewSecret("#cloud-config\npassword: hunter2")}}
	_, err := p.CreateVM(t.Context(), "c1", "team", spec, provider.CreateOptions{})
	if domain.CodeOf(err) != domain.CodeInvalidSpec {
		t.Fatalf("CreateVM() = %v", err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the secret shows: %v", err)
	}
	spec.CloudInit, spec.Manifest = nil, []byte(`{"spec":{"template":{"spec":{"volumes":[{"name":"c","cloudInitNoCloud":{"userData":"password: hunter2"}}]}}}}`)
	if _, err = p.CreateVM(t.Context(), "c1", "team", spec, provider.CreateOptions{}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the manifest's secret shows: %v", err)
	}
	verdict, err := p.ValidateVM(t.Context(), "c1", "team", spec, provider.ValidateOptions{})
	if err != nil || verdict.Valid || len(verdict.Fields) != 1 || strings.Contains(verdict.Fields[0].Detail, "hunter2") {
		t.Errorf("ValidateVM() = %+v, %v", verdict, err)
	}
}

func TestTimeLimits(t *testing.T) {
	release := make(chan struct{})
	hang := func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	p, clusters, _ := serve(t, kubevirt.ClusterOptions{Timeout: 50 * time.Millisecond, ListTimeout: 50 * time.Millisecond}, hang)
	defer close(release)
	_, err := p.GetVM(t.Context(), "c1", "team", "web")
	if domain.CodeOf(err) != domain.CodeVerbTimeout {
		t.Errorf("our limit: %v", err)
	}
	_, err = p.ListVMs(t.Context(), "c1", "team", provider.ListOptions{})
	if domain.CodeOf(err) != domain.CodeVerbTimeout {
		t.Errorf("our limit of a list: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = p.GetVM(ctx, "c1", "team", "web")
	if domain.CodeOf(err) != domain.CodeDeadlineExceeded || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's deadline: %v", err)
	}
	_, err = p.CreateVM(t.Context(), "c1", "team", domain.VMSpec{Name: "web", RunStrategy: domain.RunStrategyHalted, MemoryBytes: 1 << 30}, provider.CreateOptions{})
	if e, ok := errors.AsType[*domain.Error](err); !ok || e.Code != domain.CodeVerbTimeout || !e.OutcomeUnknown {
		t.Errorf("a write without an answer: %+v", err)
	}
	if err := clusters.Remove(t.Context(), "c1"); err != nil {
		t.Errorf("Remove() = %v", err)
	}
	if _, err := p.GetVM(t.Context(), "c1", "team", "web"); domain.CodeOf(err) != domain.CodeClusterNotFound {
		t.Errorf("after Remove: %v", err)
	}
}

func TestCloseEndsCallsUnderWay(t *testing.T) {
	arrived := make(chan struct{}, 2)
	p, clusters, _ := serve(t, kubevirt.ClusterOptions{}, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	done := make(chan error, 1)
	go func() {
		_, err := p.ListVMs(t.Context(), "c1", "team", provider.ListOptions{})
		done <- err
	}()
	<-arrived
	if err := clusters.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; domain.CodeOf(err) != domain.CodeClosed {
		t.Errorf("the call under way: %v", err)
	}
	if _, err := p.GetVM(t.Context(), "c1", "team", "web"); domain.CodeOf(err) != domain.CodeClosed {
		t.Errorf("a call after Close: %v", err)
	}
	if err := clusters.Add("c2", &rest.Config{Host: "https://127.0.0.1:1"}, kubevirt.ClusterOptions{}); domain.CodeOf(err) != domain.CodeClosed {
		t.Errorf("Add after Close: %v", err)
	}
}

func TestClusters(t *testing.T) {
	clusters := kubevirt.NewClusters()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close() // nobody listens there any more
	config := &rest.Config{Host: "http://" + listener.Addr().String()}
	for _, c := range []struct {
		name   string
		config *rest.Config
		want   domain.Code
	}{
		{"b", config, ""}, {"a", config, ""}, {"a", config, domain.CodeClusterAlreadyExists},
		{"Not-a-label", config, domain.CodeInvalidName}, {"c", nil, domain.CodeInvalidOption},
		{"d", &rest.Config{Host: "https://x", TLSClientConfig: rest.TLSClientConfig{CAData: []byte("nonsense"), Insecure: true}}, domain.CodeInvalidOption},
	} {
		if got := domain.CodeOf(clusters.Add(c.name, c.config, kubevirt.ClusterOptions{})); got != c.want {
			t.Errorf("Add(%q) = %q, want %q", c.name, got, c.want)
		}
	}
	if got := strings.Join(clusters.Names(), " "); got != "a b" {
		t.Errorf("Names() = %q", got)
	}
	p, err := kubevirt.New(clusters, kubevirt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.GetVM(t.Context(), "a", "team", "web"); domain.CodeOf(err) != domain.CodeClusterUnreachable {
		t.Errorf("nobody listens: %v", err)
	}
	if err := clusters.Remove(t.Context(), "nope"); domain.CodeOf(err) != domain.CodeClusterNotFound {
		t.Errorf("Remove of an unknown one: %v", err)
	}
	if err := clusters.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if config.UserAgent != "" || config.QPS != 0 {
		t.Error("the caller's config was changed")
	}
	for _, opts := range []kubevirt.Options{{Installation: "not/a/label"}, {FieldManager: strings.Repeat("m", 129)}, {LabelPrefix: "No Prefix"}} {
		if _, err := kubevirt.New(clusters, opts); domain.CodeOf(err) != domain.CodeInvalidOption {
			t.Errorf("New(%+v) = %v", opts, err)
		}
	}
}
