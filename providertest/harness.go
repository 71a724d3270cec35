package providertest

import (
	"context"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Harness says how the suite gets at the provider under test. New and Clusters are required.
type Harness struct {
	// New makes a provider, and the hands on what is behind it, for one check. What has to be ended is registered with
	// tb.Cleanup. With Virtual it is called inside the check's bubble.
	New func(tb testing.TB) Backend
	// Clusters are those that every provider of New knows: one, or two for the checks that compare clusters.
	Clusters []string
	// Namespace makes a namespace on every cluster, empty. Nil is for a provider on which every namespace exists and
	// that New makes empty.
	Namespace func(tb testing.TB, name string)
	// Missing says what this provider, or this harness, does not have, and why. Nil hands of a Backend need no mention.
	Missing map[Need]string
	// Virtual runs each check in a bubble of testing/synctest.
	Virtual bool
	// Settle is how long a VM may take to a state. Zero is a minute.
	Settle time.Duration
	// Parallel runs checks at the same time, as many as go test allows; with Virtual there is no need.
	Parallel bool
	// Only are the ids of the contracts to look at: for a second back end that shows what the first cannot. Empty is all.
	Only []string
}

// Backend is one provider under test, with hands on what is behind it. Only Provider is required; a hand that is nil is
// a missing need, which the suite prints.
//
// The hands act past the provider, as other clients of the cluster, its nodes and its guests do. They are not called
// concurrently with each other.
type Backend struct {
	Provider provider.Provider

	// Spec returns a small VM that the provider takes, for the suite to change. Nil: 128 MiB and one image disk named root.
	Spec func(name string, strategy domain.RunStrategy) domain.VMSpec

	// Put makes a VM, by whatever means, that lives under these knobs from its first moment on.
	Put func(ctx context.Context, cluster, namespace string, spec domain.VMSpec, knobs Knobs) error
	// Turn sets the knobs of a VM that exists.
	Turn func(ctx context.Context, ref domain.Ref, knobs Knobs) error
	// Edit changes a VM as another manager of the cluster, who then owns what it changed. A disk that is set is one that
	// was plugged into the running instance.
	Edit func(ctx context.Context, ref domain.Ref, manager string, change domain.VMChange) error
	// Happen lets something happen to a running VM.
	Happen func(ctx context.Context, ref domain.Ref, incident Incident) error
	// Situate makes a VM that is in this very situation at once and, left alone, for as long as it takes to send one verb.
	Situate func(ctx context.Context, cluster, namespace, name string, situation domain.Situation) error
	// MakeInstanceType and MakePreference add to a cluster's catalogue; Namespace empty is the whole cluster's.
	MakeInstanceType func(ctx context.Context, t domain.InstanceType) error
	MakePreference   func(ctx context.Context, p domain.Preference) error

	// FailNext has the next requests of the provider meet a fault.
	FailNext func(f Fault) error
	// ExpireCursors makes every continue token handed out so far too old.
	ExpireCursors func(ctx context.Context, cluster string) error
	// ExpireStreams has every stream of a cluster lose its place: it cuts them off, calls meanwhile, of which none of them
	// hears anything, and lets them come back when the history does not go back that far any more.
	ExpireStreams func(ctx context.Context, cluster string, meanwhile func()) error
	// Requests counts what the provider has sent to its back end so far. A call that is refused before anything is sent
	// counts nothing.
	Requests func() Requests
	// Secret is the text of a credential that the provider uses, if it has any: it must appear in no error.
	Secret string
	// Close ends the provider and waits for what it has started.
	Close func(ctx context.Context) error
}

// Requests are counts of requests to a back end.
type Requests struct{ Reads, Writes int }

// Incident is something that happens to a VM without anybody's request.
type Incident string

// The incidents.
const (
	GuestShutdown Incident = "guest shutdown" // the guest shuts itself down: the instance ends well
	GuestCrash    Incident = "guest crash"    // the guest dies: the instance ends badly
	IOError       Incident = "I/O error"      // storage fails: the instance is paused
)
