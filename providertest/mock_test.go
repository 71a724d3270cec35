package providertest

import (
	"context"
	"testing"

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
		ExpireCursors: func(context.Context, string) error {
			p.ExpireCursors()
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
		Printable: k.Printable,
	}
}
