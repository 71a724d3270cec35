package mock

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// StartVM implements provider.Power.
func (p *Provider) StartVM(ctx context.Context, cluster, namespace, name string, opts provider.StartOptions) error {
	return p.verb(ctx, provider.OpStartVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name, UID: opts.UID},
		verb{event: vmsim.Event{Kind: vmsim.Start, Paused: opts.Paused}, dryRun: opts.DryRun})
}

// StopVM implements provider.Power.
func (p *Provider) StopVM(ctx context.Context, cluster, namespace, name string, opts provider.StopOptions) error {
	return p.verb(ctx, provider.OpStopVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name, UID: opts.UID},
		verb{event: vmsim.Event{Kind: vmsim.Stop, Grace: opts.GracePeriod}, option: args.Grace(opts.GracePeriod), dryRun: opts.DryRun})
}

// RestartVM implements provider.Power.
func (p *Provider) RestartVM(ctx context.Context, cluster, namespace, name string, opts provider.RestartOptions) error {
	return p.verb(ctx, provider.OpRestartVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name, UID: opts.UID},
		verb{event: vmsim.Event{Kind: vmsim.Restart, Grace: opts.GracePeriod}, option: args.RestartGrace(opts.GracePeriod), dryRun: opts.DryRun})
}

// PauseVM implements provider.Power.
func (p *Provider) PauseVM(ctx context.Context, cluster, namespace, name string, opts provider.PauseOptions) error {
	return p.verb(ctx, provider.OpPauseVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name, UID: opts.UID},
		verb{event: vmsim.Event{Kind: vmsim.Pause}, dryRun: opts.DryRun})
}

// UnpauseVM implements provider.Power.
func (p *Provider) UnpauseVM(ctx context.Context, cluster, namespace, name string, opts provider.UnpauseOptions) error {
	return p.verb(ctx, provider.OpUnpauseVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name, UID: opts.UID},
		verb{event: vmsim.Event{Kind: vmsim.Unpause}, dryRun: opts.DryRun})
}

// SoftRebootVM implements provider.Rebooter.
func (p *Provider) SoftRebootVM(ctx context.Context, cluster, namespace, name string, opts provider.SoftRebootOptions) error {
	return p.verb(ctx, provider.OpSoftRebootVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name, UID: opts.UID},
		verb{event: vmsim.Event{Kind: vmsim.SoftReboot}, option: args.NoDryRun(opts.DryRun)})
}

// ResetVM implements provider.Rebooter.
func (p *Provider) ResetVM(ctx context.Context, cluster, namespace, name string, opts provider.ResetOptions) error {
	return p.verb(ctx, provider.OpResetVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name, UID: opts.UID},
		verb{event: vmsim.Event{Kind: vmsim.Reset}, option: args.NoDryRun(opts.DryRun)})
}

// verb is one power verb: what happens, what is wrong with its options, and whether it is only asked for.
type verb struct {
	event  vmsim.Event
	option error
	dryRun bool
}

func (p *Provider) verb(ctx context.Context, op provider.Op, ref domain.Ref, v verb) error {
	uid := ref.UID
	ref.UID = ""
	_, err := onVM(ctx, p, call{op: op, ref: ref, write: !v.dryRun}, v.option, func(c *site, r *record) (none nothing, err error) {
		if err := r.sameUID(uid); err != nil {
			return none, err
		}
		if err := r.refusal(v.event); err != nil {
			return none, err
		}
		c.send()
		if !v.dryRun {
			c.happen(r, v.event)
		}
		return none, nil
	})
	return args.Error(op, ref, err)
}
