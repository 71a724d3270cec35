package provider

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// VMFollower is what a provider may be besides, one that keeps the VMs of some clusters up to date in memory: [WaitVM] and
// [WaitVMGone] then read when there is something new, and not every few seconds.
type VMFollower interface {
	// AwaitVM waits until there is more to know of a VM than since, which was read before, or until ctx ends. It is
	// CAPABILITY_UNSUPPORTED, at once, where the VM's cluster is not followed now.
	AwaitVM(ctx context.Context, since *domain.VM) error
}

var _ VMFollower = (*wrapped)(nil)

// AwaitVM implements VMFollower if the wrapped provider does. It is no call of Provider: hooks do not see it.
func (w *wrapped) AwaitVM(ctx context.Context, since *domain.VM) error {
	return awaitVM(ctx, w.p, since)
}

// awaitVM asks a provider that may follow its clusters.
func awaitVM(ctx context.Context, p any, since *domain.VM) error {
	if f, ok := p.(VMFollower); ok {
		return f.AwaitVM(ctx, since)
	}
	return domain.E(domain.CodeCapabilityUnsupported, since.Ref().Params(), nil)
}
