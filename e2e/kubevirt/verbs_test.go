package kubevirt_test

import (
	"context"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/e2e/nodesim"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
)

// The knobs of the simulated nodes that these tests turn.
const (
	knobStopDelay     = nodesim.KnobStopDelay
	knobHoldMigration = nodesim.KnobHoldMigration
	knobNotMigratable = nodesim.KnobNotMigratable
	knobUnschedulable = nodesim.KnobUnschedulable
	knobFailMigration = nodesim.KnobFailMigration
)

// verb is a verb of the provider with its common options.
type verb struct {
	name string
	// dry says that it has a dry run.
	dry  bool
	call func(ctx context.Context, site *setup.Site, name, uid string, dryRun bool) error
}

// powerVerbs are the verbs on an existing VM that take a uid and nothing else of importance.
var powerVerbs = []verb{
	{"start", true, func(ctx context.Context, s *setup.Site, name, uid string, dryRun bool) error {
		return s.StartVM(ctx, setup.Cluster, s.Namespace, name, provider.StartOptions{UID: uid, DryRun: dryRun})
	}},
	{"stop", true, func(ctx context.Context, s *setup.Site, name, uid string, dryRun bool) error {
		return s.StopVM(ctx, setup.Cluster, s.Namespace, name, provider.StopOptions{UID: uid, DryRun: dryRun})
	}},
	{"restart", true, func(ctx context.Context, s *setup.Site, name, uid string, dryRun bool) error {
		return s.RestartVM(ctx, setup.Cluster, s.Namespace, name, provider.RestartOptions{UID: uid, DryRun: dryRun})
	}},
	{"pause", true, func(ctx context.Context, s *setup.Site, name, uid string, dryRun bool) error {
		return s.PauseVM(ctx, setup.Cluster, s.Namespace, name, provider.PauseOptions{UID: uid, DryRun: dryRun})
	}},
	{"unpause", true, func(ctx context.Context, s *setup.Site, name, uid string, dryRun bool) error {
		return s.UnpauseVM(ctx, setup.Cluster, s.Namespace, name, provider.UnpauseOptions{UID: uid, DryRun: dryRun})
	}},
	{"soft reboot", false, func(ctx context.Context, s *setup.Site, name, uid string, dryRun bool) error {
		return s.SoftRebootVM(ctx, setup.Cluster, s.Namespace, name, provider.SoftRebootOptions{UID: uid, DryRun: dryRun})
	}},
	{"reset", false, func(ctx context.Context, s *setup.Site, name, uid string, dryRun bool) error {
		return s.ResetVM(ctx, setup.Cluster, s.Namespace, name, provider.ResetOptions{UID: uid, DryRun: dryRun})
	}},
	{"migrate", true, func(ctx context.Context, s *setup.Site, name, uid string, dryRun bool) error {
		_, err := s.MigrateVM(ctx, setup.Cluster, s.Namespace, name, provider.MigrateOptions{UID: uid, DryRun: dryRun})
		return err
	}},
}

// do calls a verb by its name.
func do(ctx context.Context, vm *setup.VM, name string) error {
	for _, v := range powerVerbs {
		if v.name == name {
			return v.call(ctx, vm.Site, vm.Name, "", false)
		}
	}
	return domain.E(domain.CodeInvalidOption, nil, nil)
}

// optionsOf are those of one installation among several on a cluster.
func optionsOf(installation string) kubevirt.Options {
	return kubevirt.Options{Installation: installation}
}

// createRaw makes a VM past the provider.
func createRaw(t *testing.T, namespace, body string) {
	t.Helper()
	err := harness.Virt(t).KubevirtV1().RESTClient().Post().Namespace(namespace).Resource("virtualmachines").
		Body([]byte(body)).Do(t.Context()).Error()
	setup.Must(t, "create past the provider", err)
}
