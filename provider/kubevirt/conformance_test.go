package kubevirt_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	clientset "kubevirt.io/client-go/kubevirt"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
	"github.com/kv-shepherd/shepherd-go/providertest"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// TestConformance holds the provider against every contract over the simulator, in virtual time: from the call down to
// bytes on a connection, and back.
func TestConformance(t *testing.T) { providertest.Run(t, simHarness()) }

// TestConformanceFollowed holds the streams against their contracts once more, told from the caches of a fleet.
func TestConformanceFollowed(t *testing.T) {
	h := simHarness()
	h.Only = []string{"WAT-01", "WAT-02", "WAT-04", "WAT-05", "WAT-09", "WAT-10", "WAT-12", "WAT-14", "WAT-15", "WAT-16"}
	h.New = func(tb testing.TB) providertest.Backend { return newFleet(tb).followed() }
	providertest.Run(t, h)
}

var simClusters = []string{"east-1", "west-1"}

func simHarness() providertest.Harness {
	return providertest.Harness{
		Clusters: simClusters,
		Virtual:  true,
		New:      func(tb testing.TB) providertest.Backend { return newFleet(tb).backend() },
		Missing: map[providertest.Need]string{
			"Knobs.Unmappable": "neither KubeVirt's schemas nor its webhooks let such an object in",
		},
	}
}

// simSecret is the credential of every cluster.
const simSecret = "hunter2-of-the-simulator" //nolint:gosec // it opens nothing

// fleet is two simulated clusters and the provider over them.
type fleet struct {
	tb       testing.TB
	sims     map[string]*kubevirtsim.Server
	others   map[string]clientset.Interface // of other clients of the clusters
	clusters *kubevirt.Clusters
	maker    provider.Provider

	mu      sync.Mutex
	sent    providertest.Requests
	faults  []kubevirtsim.Fault            // of the suite, for one cluster
	faulty  string                         // that one
	cut     string                         // the cluster whose watches fail
	expired int                            // times that streams were expired
	veils   map[string][]kubevirtsim.Fault // of instances that cannot be read, by cluster
	knobs   map[domain.Ref]providertest.Knobs
}

func newFleet(tb testing.TB) *fleet {
	tb.Helper()
	f := &fleet{tb: tb, sims: map[string]*kubevirtsim.Server{}, others: map[string]clientset.Interface{}, clusters: kubevirt.NewClusters(),
		veils: map[string][]kubevirtsim.Fault{}, knobs: map[domain.Ref]providertest.Knobs{}}
	makers := kubevirt.NewClusters()
	for _, name := range simClusters {
		sim, err := kubevirtsim.New(kubevirtsim.Options{AnyNamespace: true, FeatureGates: []string{"DecentralizedLiveMigration"}})
		must(tb, err)
		tb.Cleanup(sim.Close)
		f.sims[name] = sim
		config := &rest.Config{Host: "http://" + name, Dial: sim.Dial, BearerToken: simSecret}
		other := rest.CopyConfig(config)
		other.UserAgent = otherClient
		f.others[name], err = clientset.NewForConfig(other)
		must(tb, err)
		must(tb, makers.Add(name, other, kubevirt.ClusterOptions{QPS: -1}))
		config.Wrap(f.count)
		must(tb, f.clusters.Add(name, config, kubevirt.ClusterOptions{QPS: -1}))
	}
	var err error
	f.maker, err = kubevirt.New(makers, kubevirt.Options{})
	must(tb, err)
	tb.Cleanup(func() {
		ctx := context.WithoutCancel(tb.Context())
		_, _ = makers.Close(ctx), f.clusters.Close(ctx)
	})
	return f
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// otherClient is the user agent of requests that are not the provider's: they meet no fault.
const otherClient = "other"

func (f *fleet) backend() providertest.Backend {
	p, err := kubevirt.New(f.clusters, kubevirt.Options{})
	must(f.tb, err)
	return providertest.Backend{
		Provider: p, Put: f.put, Turn: f.turn, Edit: f.edit, Happen: f.happen, FailNext: f.failNext, Requests: f.requests,
		MakeInstanceType: f.makeInstanceType, MakePreference: f.makePreference,
		ExpireCursors: func(_ context.Context, cluster string) error {
			f.sims[cluster].Compact()
			return nil
		},
		ExpireStreams: f.expireStreams,
		Secret:        simSecret,
		Close:         f.clusters.Close,
	}
}

// followed is the backend whose clusters are followed.
func (f *fleet) followed() providertest.Backend {
	f.tb.Helper()
	caches, err := kubevirt.NewFleet(f.clusters, kubevirt.FleetOptions{})
	must(f.tb, err)
	ctx, cancel := context.WithCancel(f.tb.Context())
	var run sync.WaitGroup
	run.Go(func() { _ = caches.Run(ctx) }) // a fleet that runs once ends with its context, and without an error
	f.tb.Cleanup(run.Wait)
	f.tb.Cleanup(cancel)
	must(f.tb, caches.WaitSynced(ctx))
	b := f.backend()
	b.Provider, err = kubevirt.New(f.clusters, kubevirt.Options{Fleet: caches})
	must(f.tb, err)
	return b
}

// count is the transport's own count of what the provider sends.
func (f *fleet) count(next http.RoundTripper) http.RoundTripper { return counting{f, next} }

type counting struct {
	*fleet
	next http.RoundTripper
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	if r.Method == http.MethodGet {
		c.sent.Reads++
	} else {
		c.sent.Writes++
	}
	c.mu.Unlock()
	return c.next.RoundTrip(r)
}

// WrappedRoundTripper lets apimachinery reach the transport, to close idle connections.
func (c counting) WrappedRoundTripper() http.RoundTripper { return c.next }

func (f *fleet) requests() providertest.Requests {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sent
}

func (f *fleet) put(ctx context.Context, cluster, namespace string, spec domain.VMSpec, knobs providertest.Knobs) error {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: spec.Name}
	if knobs.LivenessProbe || knobs.NoACPI {
		spec.Manifest = manifest(knobs)
	}
	if err := f.turn(ctx, ref, knobs); err != nil {
		return err
	}
	_, err := f.maker.CreateVM(ctx, cluster, namespace, spec, provider.CreateOptions{})
	return err
}

// manifest is what knobs say that a VM is made with.
func manifest(k providertest.Knobs) []byte {
	switch {
	case k.LivenessProbe:
		return []byte(`{"spec":{"template":{"spec":{"livenessProbe":{"tcpSocket":{"port":80}}}}}}`)
	default:
		return []byte(`{"spec":{"template":{"spec":{"domain":{"devices":{},"features":{"acpi":{"enabled":false}}}}}}}`)
	}
}

func (f *fleet) turn(ctx context.Context, ref domain.Ref, k providertest.Knobs) error {
	ref.UID = ""
	was := f.knobs[ref]
	f.knobs[ref] = k
	f.sims[ref.Cluster].SetKnobs(ref.Namespace, ref.Name, kubevirtsim.Knobs{
		Unschedulable: k.Unschedulable, ImagePullFailure: k.ImagePullFailure, CrashLoop: k.CrashLoop, CreateFails: k.CreateFails,
		MissingClaim: k.MissingClaim, VolumesUnbound: k.VolumesUnbound, Provisioning: k.Provisioning, DataVolumeError: k.DataVolumeError,
		ManualRecovery: k.ManualRecovery, Snapshotting: k.Snapshotting, NoGuestAgent: k.NoGuestAgent, IgnoresShutdown: k.IgnoresShutdown,
		NotMigratable: k.NotMigratable, MigrationPending: k.MigrationPending, MigrationNeverEnds: k.MigrationNeverEnds,
		MigrationFails: k.MigrationFails, Printable: k.Printable,
	})
	if was.InstanceUnreadable != k.InstanceUnreadable {
		f.veil(ref, k.InstanceUnreadable)
	}
	if was.ForeignInstance != k.ForeignInstance {
		return f.foreign(ctx, ref, k.ForeignInstance)
	}
	return nil
}

// veil has the provider lack the right to read instances.
func (f *fleet) veil(ref domain.Ref, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.veils[ref.Cluster] = nil
	if on {
		denied := kubevirtsim.Fault{Client: "!" + otherClient, Do: kubevirtsim.Answer, Status: http.StatusForbidden, Reason: metav1.StatusReasonForbidden,
			Message: "virtualmachineinstances.kubevirt.io is forbidden", Method: http.MethodGet}
		for _, path := range []string{"/apis/kubevirt.io/v1/virtualmachineinstances", "/apis/kubevirt.io/v1/namespaces/*/virtualmachineinstances",
			"/apis/kubevirt.io/v1/namespaces/*/virtualmachineinstances/*"} {
			denied.Path = path
			f.veils[ref.Cluster] = append(f.veils[ref.Cluster], denied)
		}
	}
	f.setFaults(ref.Cluster)
}

// foreign makes or deletes an instance of a VM's name that belongs to something else.
func (f *fleet) foreign(ctx context.Context, ref domain.Ref, on bool) error {
	api := f.others[ref.Cluster].KubevirtV1().VirtualMachineInstances(ref.Namespace)
	if !on {
		return api.Delete(ctx, ref.Name, metav1.DeleteOptions{})
	}
	return f.sims[ref.Cluster].Inject([]byte(`{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","metadata":{"name":` +
		strconv.Quote(ref.Name) + `,"namespace":` + strconv.Quote(ref.Namespace) + `,"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap",` +
		`"name":"x","uid":"11111111-1111-4111-8111-111111111111","controller":true}]},"spec":{"domain":{"devices":{}}},` +
		`"status":{"phase":"Running","nodeName":"node-1"}}`))
}

func (f *fleet) happen(_ context.Context, ref domain.Ref, incident providertest.Incident) error {
	return f.sims[ref.Cluster].Happen(ref.Namespace, ref.Name, map[providertest.Incident]kubevirtsim.Incident{
		providertest.GuestShutdown: kubevirtsim.GuestShutdown, providertest.GuestCrash: kubevirtsim.GuestCrash,
		providertest.IOError: kubevirtsim.IOError,
	}[incident])
}

func (f *fleet) edit(ctx context.Context, ref domain.Ref, manager string, change domain.VMChange) error {
	body, err := editPatch(change)
	if err != nil {
		return err
	}
	other := f.others[ref.Cluster].KubevirtV1()
	for _, disk := range change.SetDisks {
		if err := other.VirtualMachines(ref.Namespace).AddVolume(ctx, ref.Name, volume(disk.Name)); err != nil {
			return err
		}
	}
	if body == nil {
		return nil
	}
	_, err = other.VirtualMachines(ref.Namespace).Patch(ctx, ref.Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: manager})
	return err
}

var errFault = errors.New("the simulator has no such fault")

func (f *fleet) failNext(fault providertest.Fault) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	was := f.faulty
	f.faults, f.faulty = nil, ""
	if was != "" {
		f.setFaults(was)
	}
	if fault.Kind == "" {
		return nil
	}
	s, ok := simFaults[fault.Kind]
	if !ok {
		return errFault
	}
	s.Client, s.Writes = "!"+otherClient, fault.Write
	if s.Count = max(fault.Count, 0); fault.Count == 0 {
		s.Count = 1
	}
	if fault.RetryAfter > 0 {
		s.RetryAfter = strconv.Itoa(fault.RetryAfter)
	}
	f.faults, f.faulty = []kubevirtsim.Fault{s}, fault.Cluster
	f.setFaults(fault.Cluster)
	return nil
}

// setFaults puts the suite's fault and the veils of a cluster together. f.mu must be held.
func (f *fleet) setFaults(cluster string) {
	all := append([]kubevirtsim.Fault(nil), f.veils[cluster]...)
	if f.cut == cluster {
		all = append(all, kubevirtsim.Fault{Client: "!" + otherClient, Watch: true, Do: kubevirtsim.Reset})
	}
	if f.faulty == cluster {
		all = append(append([]kubevirtsim.Fault(nil), f.faults...), all...)
	}
	f.sims[cluster].SetFaults(all...)
}

// simFaults are the suite's faults in the simulator's words.
var simFaults = map[providertest.FaultKind]kubevirtsim.Fault{
	providertest.FaultUnreachable: {Do: kubevirtsim.Reset},
	providertest.FaultHang:        {Do: kubevirtsim.Hang},
	providertest.FaultLost:        {Do: kubevirtsim.Hang, Lost: true},
	providertest.FaultThrottled: {Do: kubevirtsim.Answer, Status: http.StatusTooManyRequests, ContentType: "text/plain",
		Body: "Too many requests, please try again later.\n"},
	providertest.FaultQuota: {Do: kubevirtsim.Answer, Status: http.StatusForbidden, Reason: metav1.StatusReasonForbidden,
		Message: "is forbidden: exceeded quota: few, requested: count/virtualmachines.kubevirt.io=1"},
	providertest.FaultForbidden: {Do: kubevirtsim.Answer, Status: http.StatusForbidden, Reason: metav1.StatusReasonForbidden,
		Message: `is forbidden: User "nobody" cannot do that`},
	providertest.FaultVerbDenied: {Do: kubevirtsim.Answer, Status: http.StatusUnauthorized, ContentType: "text/plain", Path: "/apis/subresources.kubevirt.io/**"},
	providertest.FaultWriteRace: {Do: kubevirtsim.Answer, Status: http.StatusConflict, Reason: metav1.StatusReasonConflict,
		Message: "the object has been modified; please apply your changes to the latest version and try again"},
	providertest.FaultInternal: {Do: kubevirtsim.Answer, Status: http.StatusInternalServerError, Reason: metav1.StatusReasonInternalError,
		Message: "Internal error occurred: etcdserver: leader changed"},
}
