package differential_test

import (
	"flag"
	"net/http"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kv-shepherd/shepherd-go/e2e/controlplane"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/conformance"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// nodes is their number on both sides.
const nodes = 2

// atOnce is how many VMs are under way at a time: most of it is waiting.
const atOnce = "8"

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err) // the flag is testing's own
	}
	harness.MainWith(m, controlplane.Options{FeatureGates: conformance.FeatureGates, Nodes: nodes})
}

// pair is the two servers that are compared.
type pair struct {
	real, simulated side
	simulator       *kubevirtsim.Server
	record          *record
}

// newPair starts both. The simulator lives as long as the test.
func newPair(t *testing.T) *pair {
	t.Helper()
	config := harness.Get(t).RESTConfig()
	config.Timeout = 0
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatalf("make a client: %v", err)
	}
	simulator, err := kubevirtsim.New(kubevirtsim.Options{
		FeatureGates: conformance.FeatureGates, Nodes: nodes,
		Timing: kubevirtsim.Timing{ImageRetry: time.Millisecond},
	})
	if err != nil {
		t.Fatalf("make the simulator: %v", err)
	}
	t.Cleanup(simulator.Close)
	url, err := simulator.Start(nil)
	if err != nil {
		t.Fatalf("start the simulator: %v", err)
	}
	p := &pair{
		real:      side{name: "real", base: config.Host, client: client},
		simulated: side{name: "simulated", base: url, client: &http.Client{}},
		simulator: simulator,
		record:    &record{},
	}
	p.allowMigrations(t)
	return p
}

// allowMigrations raises KubeVirt's own limits of migrations, which those that are held under way would reach. The
// simulator has none.
func (p *pair) allowMigrations(t *testing.T) {
	t.Helper()
	at := &place{pair: p}
	const many = `{"spec":{"configuration":{"migrations":{"parallelMigrationsPerCluster":500,"parallelOutboundMigrationsPerNode":500}}}}`
	at.mustOn(t, p.real, patch(typeMerge, "/apis/kubevirt.io/v1/namespaces/kubevirt/kubevirts/kubevirt", many))
}
