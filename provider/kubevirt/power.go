package kubevirt

import (
	"context"
	"encoding/json"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// StartVM implements provider.Power.
func (p *Provider) StartVM(ctx context.Context, cluster, namespace, name string, opts provider.StartOptions) error {
	return p.power(ctx, provider.OpStartVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}, verb{
		verb: domain.VerbStart, uid: opts.UID, dryRun: opts.DryRun, resource: onVM, subresource: "start",
		body: kubevirtv1.StartOptions{Paused: opts.Paused, DryRun: dryRun(opts.DryRun)},
	})
}

// StopVM implements provider.Power.
func (p *Provider) StopVM(ctx context.Context, cluster, namespace, name string, opts provider.StopOptions) error {
	return p.power(ctx, provider.OpStopVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}, verb{
		verb: domain.VerbStop, uid: opts.UID, dryRun: opts.DryRun, resource: onVM, subresource: "stop",
		invalid: args.Grace(opts.GracePeriod),
		body:    kubevirtv1.StopOptions{GracePeriod: wholeSeconds(opts.GracePeriod), DryRun: dryRun(opts.DryRun)},
		allow:   func(at live) bool { return hastensStop(at, opts.GracePeriod) },
	})
}

// RestartVM implements provider.Power.
func (p *Provider) RestartVM(ctx context.Context, cluster, namespace, name string, opts provider.RestartOptions) error {
	return p.power(ctx, provider.OpRestartVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}, verb{
		verb: domain.VerbRestart, uid: opts.UID, dryRun: opts.DryRun, resource: onVM, subresource: "restart",
		invalid: args.RestartGrace(opts.GracePeriod),
		body:    kubevirtv1.RestartOptions{GracePeriodSeconds: wholeSeconds(opts.GracePeriod), DryRun: dryRun(opts.DryRun)},
	})
}

// PauseVM implements provider.Power.
func (p *Provider) PauseVM(ctx context.Context, cluster, namespace, name string, opts provider.PauseOptions) error {
	return p.power(ctx, provider.OpPauseVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}, verb{
		verb: domain.VerbPause, uid: opts.UID, dryRun: opts.DryRun, resource: onInstance, subresource: "pause",
		body: kubevirtv1.PauseOptions{DryRun: dryRun(opts.DryRun)},
	})
}

// UnpauseVM implements provider.Power.
func (p *Provider) UnpauseVM(ctx context.Context, cluster, namespace, name string, opts provider.UnpauseOptions) error {
	return p.power(ctx, provider.OpUnpauseVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}, verb{
		verb: domain.VerbUnpause, uid: opts.UID, dryRun: opts.DryRun, resource: onInstance, subresource: "unpause",
		body: kubevirtv1.UnpauseOptions{DryRun: dryRun(opts.DryRun)},
	})
}

// SoftRebootVM implements provider.Rebooter.
func (p *Provider) SoftRebootVM(ctx context.Context, cluster, namespace, name string, opts provider.SoftRebootOptions) error {
	return p.power(ctx, provider.OpSoftRebootVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}, verb{
		verb: domain.VerbSoftReboot, uid: opts.UID, dryRun: opts.DryRun, resource: onInstance, subresource: "softreboot",
		invalid: args.NoDryRun(opts.DryRun),
	})
}

// ResetVM implements provider.Rebooter.
func (p *Provider) ResetVM(ctx context.Context, cluster, namespace, name string, opts provider.ResetOptions) error {
	return p.power(ctx, provider.OpResetVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}, verb{
		verb: domain.VerbReset, uid: opts.UID, dryRun: opts.DryRun, resource: onInstance, subresource: "reset",
		invalid: args.NoDryRun(opts.DryRun),
	})
}

// The resources whose subresources virt-api serves.
const (
	onVM       = "virtualmachines"
	onInstance = "virtualmachineinstances"
)

// verb is one power verb: how the lifecycle table knows it, and how virt-api does.
type verb struct {
	verb                  domain.Verb
	uid                   string
	resource, subresource string
	dryRun                bool
	// body is nil for the verbs that take none.
	body any
	// invalid is what is wrong with the options, if anything.
	invalid error
	// allow overrules the table where an option opens what it closes; nil never does.
	allow func(live) bool
}

// power reads the VM, asks the lifecycle table, and sends the verb. A refusal by the server is looked into again: the
// VM may have changed between the read and the verb, and the server's code does not say so.
func (p *Provider) power(ctx context.Context, op provider.Op, ref domain.Ref, v verb) error {
	_, err := onMember(ctx, p, ref, func(ctx context.Context, c *cluster, ref domain.Ref) (live, error) {
		if v.invalid != nil {
			return live{}, v.invalid
		}
		at, err := p.decide(ctx, c, ref, v)
		if err != nil {
			return at, err
		}
		return at, p.explain(ctx, c, ref, v, at, c.send(ctx, ref, v))
	})
	return args.Error(op, ref, err)
}

// explain turns the server's refusal of a verb into the lifecycle table's, where the VM's state is the reason, and into
// VM_NOT_FOUND where another VM has the name by now: virt-api says 500 of a VM that goes while it writes.
func (p *Provider) explain(ctx context.Context, c *cluster, ref domain.Ref, v verb, asked live, refusal error) error {
	if !undecided(refusal) {
		return refusal
	}
	now, why := p.decide(ctx, c, ref, v)
	switch {
	case now.vm != nil && now.vm.UID != asked.vm.UID:
		return because(domain.E(domain.CodeVMNotFound, domain.Params{domain.ParamUID: asked.vm.UID}, nil), refusal)
	case why != nil:
		return because(why, refusal)
	}
	return refusal
}

// decide reads the VM and returns the table's refusal, if any.
func (p *Provider) decide(ctx context.Context, c *cluster, ref domain.Ref, v verb) (live, error) {
	at, err := p.read(ctx, c, ref)
	if err != nil {
		return at, err
	}
	if err := sameUID(at.vm, v.uid); err != nil {
		return at, err
	}
	code := domain.Decide(v.verb, at.vm.Situation())
	if code == "" || v.allow != nil && v.allow(at) {
		return at, nil
	}
	params := domain.Params{domain.ParamUID: at.vm.UID, domain.ParamStatus: string(at.vm.Status)}
	if code == domain.CodeNotMigratable && at.vm.NotMigratableReason != "" {
		params[domain.ParamReason] = at.vm.NotMigratableReason
	}
	return at, domain.E(code, params, nil)
}

// sameUID refuses a verb meant for another VM of this name.
func sameUID(vm *domain.VM, want string) error {
	if want == "" || vm.UID == want {
		return nil
	}
	return domain.E(domain.CodeUIDConflict, domain.Params{domain.ParamUID: vm.UID}, nil)
}

// undecided says whether the server's refusal may mean that the VM's state forbids the verb.
func undecided(err error) bool {
	switch domain.KindOf(err) {
	case domain.KindConflict, domain.KindNotFound, domain.KindFailedPrecondition, domain.KindInvalidArgument,
		domain.KindPermissionDenied, domain.KindInternal:
		return true
	default:
		return false
	}
}

// because answers with the table's reason and keeps the server's answer as the cause. A failed second read explains
// nothing, so then the server's answer stands.
func because(why, answer error) error {
	switch domain.KindOf(why) {
	case domain.KindFailedPrecondition, domain.KindNotFound, domain.KindConflict:
		e := domain.E(domain.CodeOf(why), nil, answer)
		if own, ok := why.(*domain.Error); ok { //nolint:errorlint // decide returns it as it is
			e.Params = own.Params
		}
		return e
	default:
		return answer
	}
}

// send puts the verb to virt-api. Its dry run stands in the body: virt-api ignores the query, and the VM would start.
func (c *cluster) send(ctx context.Context, ref domain.Ref, v verb) error {
	var body []byte
	if v.body != nil {
		var err error
		if body, err = json.Marshal(v.body); err != nil {
			return err
		}
	}
	return call{cluster: c, ref: ref, subresource: v.subresource, write: !v.dryRun}.do(ctx, func(ctx context.Context) error {
		return c.set.KubevirtV1().RESTClient().Put().
			AbsPath("/apis/subresources.kubevirt.io/v1").
			Namespace(ref.Namespace).
			Resource(v.resource).
			Name(ref.Name).
			SubResource(v.subresource).
			Body(body).
			Do(ctx).
			Error()
	})
}

// dryRun is never an empty list: virt-api's handlers look at its first element.
func dryRun(on bool) []string {
	if on {
		return []string{metav1.DryRunAll}
	}
	return nil
}

func wholeSeconds(d *time.Duration) *int64 {
	if d == nil {
		return nil
	}
	seconds := int64(*d / time.Second)
	return &seconds
}

// hastensStop says whether a stop with this grace period shortens one that is under way: the one stop that KubeVirt
// takes from a Halted VM whose instance is still there.
func hastensStop(at live, grace *time.Duration) bool {
	if grace == nil || at.instance == nil || at.vm.RunStrategy != domain.RunStrategyHalted || at.vm.Deleting {
		return false
	}
	if at.vm.Instance != domain.InstanceStarting && at.vm.Instance != domain.InstanceLive {
		return false
	}
	current := kubevirtv1.DefaultGracePeriodSeconds // KubeVirt itself takes a longer one here, and prolongs the stop
	if own := at.instance.Spec.TerminationGracePeriodSeconds; own != nil {
		current = *own
	}
	return *wholeSeconds(grace) < current
}
