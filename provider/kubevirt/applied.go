package kubevirt

import (
	"context"
	"time"

	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/backoff"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// settle is how long an update waits for the controller's verdict on a running VM. A controller that takes longer is
// not waited for: the update is done, and the VM says what became of it when it is read.
const settle = 3 * time.Second

// applied says when an update takes effect. For a VM that runs only the controller knows: it marks the VM with the
// generation it has looked at (status.desiredGeneration, written while an instance exists) and with RestartRequired.
func (p *Provider) applied(ctx context.Context, c *cluster, ref domain.Ref, before, after live, dryRun bool) (provider.UpdateResult, error) {
	if dryRun {
		vm, err := p.afterApply(ctx, c, ref, before, after, dryRun)
		return provider.UpdateResult{VM: vm, Applied: domain.AppliedLive}, err
	}
	generation := after.vm.Generation
	deadline := time.Now().Add(settle)
	pause := backoff.Backoff{First: 50 * time.Millisecond, Max: 500 * time.Millisecond}
	for {
		now, err := p.read(ctx, c, ref)
		if err != nil {
			return provider.UpdateResult{}, afterwards(err)
		}
		if !undecidedUpdate(now, before, generation) || time.Now().After(deadline) {
			return provider.UpdateResult{VM: now.vm, Applied: verdict(now, before, generation)}, nil
		}
		if err := backoff.Sleep(ctx, pause.Next()); err != nil {
			return provider.UpdateResult{}, afterwards(domain.E(domain.CodeOf(err), nil, err))
		}
	}
}

// undecidedUpdate says whether the controller still has to look at the change.
func undecidedUpdate(now, before live, generation int64) bool {
	running := now.vm.Instance == domain.InstanceLive || now.vm.Instance == domain.InstanceStarting
	return running && generation != before.vm.Generation && now.object.Status.DesiredGeneration < generation
}

// verdict reads it off the VM. A change that moved no generation is one of labels and annotations, or none at all: it
// is there at once, whatever else waits for a restart.
func verdict(now, before live, generation int64) domain.Applied {
	running := now.vm.Instance == domain.InstanceLive || now.vm.Instance == domain.InstanceStarting
	if !running || generation == before.vm.Generation {
		return domain.AppliedLive
	}
	if now.vm.RestartRequired {
		return domain.AppliedRestartRequired
	}
	if now.instance != nil {
		for _, condition := range now.instance.Status.Conditions {
			switch condition.Type {
			case kubevirtv1.VirtualMachineInstanceVCPUChange, kubevirtv1.VirtualMachineInstanceMemoryChange, kubevirtv1.VirtualMachineInstanceVolumesChange:
				if condition.Status == "True" {
					return domain.AppliedMigrating
				}
			}
		}
	}
	return domain.AppliedLive
}

// afterwards marks the error of a read that followed a write which succeeded.
func afterwards(err error) error {
	if e, ok := err.(*domain.Error); ok { //nolint:errorlint // read returns it as it is
		known := *e
		known.OutcomeUnknown = true
		return &known
	}
	return err
}
