package providertest

import (
	"context"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// TestMock holds the Mock against every contract.
func TestMock(t *testing.T) { Run(t, mockHarness()) }

// mockHarness is the Mock with every hand there is.
func mockHarness() Harness {
	clusters := []string{"east-1", "west-1"}
	return Harness{
		Clusters: clusters,
		Virtual:  true,
		New: func(testing.TB) Backend {
			return mockBackend(mock.New(mock.Options{Clusters: clusters}))
		},
	}
}

func mockBackend(p *mock.Provider) Backend {
	return Backend{
		Provider: p,
		Put: func(ctx context.Context, cluster, namespace string, spec domain.VMSpec, knobs Knobs) error {
			ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: spec.Name}
			if err := p.SetKnobs(ref, mockKnobs(knobs)); err != nil {
				return err
			}
			_, err := p.CreateVM(ctx, cluster, namespace, spec, provider.CreateOptions{})
			return err
		},
		Turn: func(_ context.Context, ref domain.Ref, knobs Knobs) error { return p.SetKnobs(ref, mockKnobs(knobs)) },
		Edit: func(_ context.Context, ref domain.Ref, manager string, change domain.VMChange) error {
			for n := range change.SetDisks {
				change.SetDisks[n].Hotpluggable = true
			}
			return p.Edit(ref, manager, change)
		},
		Happen: func(_ context.Context, ref domain.Ref, incident Incident) error {
			return p.Happen(ref, mockIncidents[incident])
		},
		Situate: func(_ context.Context, cluster, namespace, name string, at domain.Situation) error {
			return p.Situate(domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}, at)
		},
		MakeInstanceType: func(_ context.Context, t domain.InstanceType) error { return p.AddInstanceType(t) },
		MakePreference:   func(_ context.Context, t domain.Preference) error { return p.AddPreference(t) },
		FailNext:         func(f Fault) error { return p.Faults(mockFaults(f)...) },
		Requests: func() Requests {
			reads, writes := p.Requests()
			return Requests{Reads: reads, Writes: writes}
		},
		Secret: mockSecret,
		ExpireCursors: func(context.Context, string) error {
			p.ExpireCursors()
			return nil
		},
		ExpireStreams: func(_ context.Context, _ string, meanwhile func()) error {
			meanwhile() // a stream that nobody asks looks at nothing
			p.ExpireStreams()
			return nil
		},
		Close: func(context.Context) error { return nil },
	}
}

var mockIncidents = map[Incident]mock.Incident{
	GuestShutdown: mock.GuestShutdown, GuestCrash: mock.GuestCrash, IOError: mock.IOError,
}

func mockKnobs(k Knobs) mock.Knobs {
	return mock.Knobs{
		Unschedulable: k.Unschedulable, ImagePullFailure: k.ImagePullFailure, CrashLoop: k.CrashLoop, CreateFails: k.CreateFails,
		MissingClaim: k.MissingClaim, VolumesUnbound: k.VolumesUnbound, Provisioning: k.Provisioning, DataVolumeError: k.DataVolumeError,
		ManualRecovery: k.ManualRecovery, Snapshotting: k.Snapshotting, NoGuestAgent: k.NoGuestAgent, NoACPI: k.NoACPI,
		LivenessProbe: k.LivenessProbe, IgnoresShutdown: k.IgnoresShutdown, NotMigratable: k.NotMigratable,
		MigrationPending: k.MigrationPending, MigrationNeverEnds: k.MigrationNeverEnds, MigrationFails: k.MigrationFails,
		Unmappable: k.Unmappable, InstanceUnreadable: k.InstanceUnreadable, ForeignInstance: k.ForeignInstance, Printable: k.Printable,
	}
}

// mockSecret stands for a credential: the Mock has none, but a mutant prints it.
const mockSecret = "token-of-the-mock"

// mockFaults are the rules of a fault. A race and a quota are of writes only, as is what virt-api's authorizer refuses.
func mockFaults(f Fault) []mock.Fault {
	if f.Kind == "" {
		return nil
	}
	rule := mock.Fault{Cluster: f.Cluster, Writes: f.Write, RetryAfter: time.Duration(f.RetryAfter) * time.Second}
	if f.Count >= 0 { // else there is no end
		rule.Count = max(f.Count, 1)
	}
	switch f.Kind {
	case FaultHang:
		rule.Delay = mock.Never
	case FaultLost:
		rule.Delay, rule.After = mock.Never, true
	case FaultQuota, FaultWriteRace, FaultVerbDenied:
		rule.Writes = true
		fallthrough
	default:
		rule.Code = mockFaultCodes[f.Kind]
	}
	return []mock.Fault{rule}
}

var mockFaultCodes = map[FaultKind]domain.Code{
	FaultUnreachable: domain.CodeClusterUnreachable, FaultThrottled: domain.CodeThrottled, FaultQuota: domain.CodeQuotaExceeded,
	FaultForbidden: domain.CodePermissionDenied, FaultVerbDenied: domain.CodePermissionDenied,
	FaultWriteRace: domain.CodeRevisionConflict, FaultInternal: domain.CodeInternal,
}
