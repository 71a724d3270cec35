package conformance

import (
	"context"
	"maps"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	clientset "kubevirt.io/client-go/kubevirt"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
	"github.com/kv-shepherd/shepherd-go/providertest"
)

// FeatureGates are those of KubeVirt that a control plane needs for every check to run.
var FeatureGates = []string{"DecentralizedLiveMigration"} // for run strategy WaitAsReceiver

// timeout ends a request that gets no answer. It is short, because checks wait for it, but longer than any answer takes
// on a busy computer.
const timeout = 10 * time.Second

// secret is a credential that every request carries. The server looks at the client certificate first, and so never
// minds that it is none of its own.
const secret = "canary-7f3a9c51e2d84b06"

// missing is what this control plane cannot show, and why.
var missing = map[providertest.Need]string{
	providertest.NeedSituate:       "a situation here is the outcome of a life, and the controllers undo any other",
	providertest.NeedExpireCursors: "this API server answers old tokens from its cache; package expired has one that does not",
	providertest.NeedExpireStreams: "this API server tells watches what was from a cache, which no compaction of its database reaches",
	"Knobs.Printable":              "virt-controller writes its own word back at once",
	"Knobs.Provisioning":           "no CDI runs here",
	"Knobs.DataVolumeError":        "no CDI runs here",
	"Knobs.Unmappable":             "neither KubeVirt's schemas nor its webhooks let such an object in",
}

// Harness is that of the shared control plane of a test binary.
func Harness(tb testing.TB) providertest.Harness {
	tb.Helper()
	p := newPlane(tb)
	return providertest.Harness{
		Clusters:  clusters,
		New:       p.backend,
		Namespace: p.namespace,
		Missing:   missing,
		Parallel:  true,
	}
}

// Expiring is a harness for what Harness cannot show because of the API server's cache: tokens that are too old. The
// control plane must run without its snapshots.
func Expiring(tb testing.TB) providertest.Harness {
	tb.Helper()
	h := Harness(tb)
	h.Only = []string{"LIST-05"}
	h.Missing = maps.Clone(missing)
	delete(h.Missing, providertest.NeedExpireCursors)
	backend := h.New
	h.New = func(tb testing.TB) providertest.Backend {
		b := backend(tb)
		b.ExpireCursors = func(ctx context.Context, _ string) error { return harness.Get(tb).Compact(ctx) }
		return b
	}
	return h
}

// plane is the control plane, seen by its administrator.
type plane struct {
	config *rest.Config
	core   kubernetes.Interface
	virt   clientset.Interface
}

func newPlane(tb testing.TB) *plane {
	tb.Helper()
	return &plane{config: harness.Get(tb).RESTConfig(), core: harness.Core(tb), virt: harness.Virt(tb)}
}

// backend is a provider of its own for one check, with its hands.
func (p *plane) backend(tb testing.TB) providertest.Backend {
	tb.Helper()
	wire := newWire()
	members := p.fleet(tb, wire)
	tested, err := kubevirt.New(members, kubevirt.Options{})
	setup.Must(tb, "make the provider", err)
	maker, err := kubevirt.New(p.fleet(tb, nil), kubevirt.Options{})
	setup.Must(tb, "make the provider that makes VMs", err)
	h := newHands(tb, p, maker, wire)
	return providertest.Backend{
		Provider:         tested,
		Put:              h.put,
		Turn:             h.turn,
		Edit:             h.edit,
		Happen:           h.happen,
		MakeInstanceType: h.makeInstanceType,
		MakePreference:   h.makePreference,
		FailNext:         wire.failNext,
		Requests:         wire.requests,
		Secret:           secret,
		Close:            members.Close,
	}
}

// fleet is the control plane as two clusters. A wire sees all requests; nil is for hands, whose requests nobody counts.
func (p *plane) fleet(tb testing.TB, w *wire) *kubevirt.Clusters {
	tb.Helper()
	members := kubevirt.NewClusters()
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*timeout) // the test's own has ended
		defer cancel()
		if err := members.Close(ctx); err != nil {
			tb.Errorf("close the clusters: %v", err)
		}
	})
	for _, cluster := range clusters {
		config := rest.CopyConfig(p.config)
		config.BearerToken = secret
		config.Wrap(partOf(cluster))
		if w != nil {
			config.Wrap(w.of(cluster))
		}
		// The client's own limit would only make checks slow.
		err := members.Add(cluster, config, kubevirt.ClusterOptions{QPS: -1, Timeout: timeout, ListTimeout: timeout})
		setup.Must(tb, "add cluster "+cluster, err)
	}
	return members
}
