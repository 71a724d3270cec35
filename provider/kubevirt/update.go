package kubevirt

import (
	"context"
	"strings"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/backoff"
	"github.com/kv-shepherd/shepherd-go/internal/jsontree"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// UpdateVM implements provider.VMWriter.
func (p *Provider) UpdateVM(ctx context.Context, clusterName, namespace, name string, change domain.VMChange, opts provider.UpdateOptions) (*domain.VM, domain.Applied, error) {
	ref := domain.Ref{Cluster: clusterName, Namespace: namespace, Name: name}
	done, err := onMember(ctx, p, ref, func(ctx context.Context, c *cluster, ref domain.Ref) (provider.UpdateResult, error) {
		if err := domain.Invalid(vmspec.ValidateChange(vmspec.Options{LabelPrefix: p.prefix}, name, change)...); err != nil {
			return provider.UpdateResult{}, err
		}
		return p.update(ctx, c, ref, change, opts)
	})
	return done.VM, done.Applied, args.Error(provider.OpUpdateVM, ref, err)
}

// attempts is how often an update or apply reads, changes and applies before it gives up with REVISION_CONFLICT. The
// controller writes a VM's status several times around a start, and each of these moves the revision; and of writers
// who begin at the same time only one wins each round, so that the last of eight needs eight.
const attempts = 12

// betweenAttempts are the pauses that keep such writers from meeting again in every round.
func betweenAttempts() backoff.Backoff {
	return backoff.Backoff{First: 10 * time.Millisecond, Max: 300 * time.Millisecond, Jitter: 1}
}

func (p *Provider) update(ctx context.Context, c *cluster, ref domain.Ref, change domain.VMChange, opts provider.UpdateOptions) (provider.UpdateResult, error) {
	pause := betweenAttempts()
	for attempt := 1; ; attempt++ {
		at, err := p.read(ctx, c, ref)
		if err != nil {
			return provider.UpdateResult{}, err
		}
		if err := p.mayUpdate(at, opts); err != nil {
			return provider.UpdateResult{}, err
		}
		opts.UID = at.vm.UID // a later attempt must not reach a VM that has taken the name over
		after, err := p.updateOnce(ctx, c, ref, at, change, opts)
		if domain.CodeOf(err) == domain.CodeRevisionConflict && opts.Revision == "" && attempt < attempts {
			if err := backoff.Sleep(ctx, pause.Next()); err != nil {
				return provider.UpdateResult{}, domain.E(domain.CodeOf(err), nil, err)
			}
			continue
		}
		if err != nil {
			return provider.UpdateResult{}, err
		}
		return p.applied(ctx, c, ref, at, after, opts.DryRun)
	}
}

// updateOnce makes one attempt on the VM as it was read.
func (p *Provider) updateOnce(ctx context.Context, c *cluster, ref domain.Ref, at live, change domain.VMChange, opts provider.UpdateOptions) (live, error) {
	object, err := at.unstructured()
	if err != nil {
		return live{}, err
	}
	body, err := p.updateBody(at, object, change)
	if err != nil {
		return live{}, err
	}
	if change.InstanceType != nil {
		if err := p.knowsNewTypes(ctx, c, at, body); err != nil {
			return live{}, err
		}
	}
	options := applyOptions{dryRun: opts.DryRun, force: opts.Force}
	removals := p.foreignRemovals(object, change)
	switch {
	case len(removals) == 0 || opts.Force && opts.DryRun:
		return p.applyOver(ctx, c, ref, at, body, options)
	case !opts.Force:
		return live{}, conflictOf(removals)
	}
	// The rest of the change is laid over the VM as the removal left it, so that nothing can come between the two.
	if at, err = p.takeAway(ctx, c, ref, at, removals); err != nil {
		return live{}, err
	}
	if object, err = at.unstructured(); err != nil {
		return live{}, err
	}
	if body, err = p.updateBody(at, object, change); err != nil {
		return live{}, err
	}
	after, err := p.applyOver(ctx, c, ref, at, body, options)
	return after, afterwards(err)
}

func (p *Provider) mayUpdate(at live, opts provider.UpdateOptions) error {
	if err := sameUID(at.vm, opts.UID); err != nil {
		return err
	}
	if opts.Revision != "" && opts.Revision != at.vm.Revision {
		return domain.E(domain.CodeRevisionConflict, domain.Params{domain.ParamUID: at.vm.UID}, nil)
	}
	if code := domain.Decide(domain.VerbUpdate, at.vm.Situation()); code != "" {
		return domain.E(code, domain.Params{domain.ParamUID: at.vm.UID}, nil)
	}
	return nil
}

// updateBody is what we own of the VM, with the change laid over it.
func (p *Provider) updateBody(at live, object map[string]any, change domain.VMChange) (map[string]any, error) {
	body := ownedBy(object, p.manager)
	metadata(body)["name"] = at.vm.Name
	if err := p.mapper(at.vm.Cluster).ChangeVM(body, object, at.vm.Name, change); err != nil {
		return nil, err
	}
	p.rememberChange(body, change)
	return body, nil
}

// applyOver applies a body to the very VM that was read, in the very state: under its revision, so that nothing that
// happened since is overwritten, and under its uid, since an apply to a VM deleted meanwhile would make it anew. The
// run strategy is sent as it is, so that power cannot change: left out of a VM that never started it is refused, as
// nobody would own it any more.
func (p *Provider) applyOver(ctx context.Context, c *cluster, ref domain.Ref, at live, body map[string]any, opts applyOptions) (live, error) {
	body["apiVersion"], body["kind"] = vmspec.ManifestAPIVersion, vmspec.ManifestKind
	meta := metadata(body)
	meta["name"], meta["namespace"] = ref.Name, ref.Namespace
	meta["uid"], meta["resourceVersion"] = at.vm.UID, at.vm.Revision
	spec := jsontree.Make(body, "spec")
	delete(spec, "running")
	delete(spec, "runStrategy")
	if strategy := at.object.Spec.RunStrategy; strategy != nil {
		spec["runStrategy"] = string(*strategy)
	}
	after, err := p.apply(ctx, c, ref, body, opts)
	if takeFromKubeVirt(err) {
		opts.force = true
		after, err = p.apply(ctx, c, ref, body, opts)
	}
	switch domain.CodeOf(err) {
	case domain.CodeUIDConflict, domain.CodeFieldConflict:
		return live{}, p.replacedMeanwhile(ctx, c, ref, at, err)
	}
	return after, err
}

// replacedMeanwhile looks whether a refusal is about another VM than the one that was read: the server compares field
// managers first, uids and revisions later.
func (p *Provider) replacedMeanwhile(ctx context.Context, c *cluster, ref domain.Ref, at live, refusal error) error {
	vm, err := p.get(ctx, c, ref)
	switch {
	case domain.CodeOf(err) == domain.CodeVMNotFound:
		return err
	case err == nil && vm.UID != at.vm.UID:
		return domain.E(domain.CodeUIDConflict, domain.Params{domain.ParamUID: vm.UID}, refusal)
	case domain.CodeOf(refusal) == domain.CodeFieldConflict:
		return refusal
	case err != nil:
		return err
	}
	return domain.E(domain.CodeRevisionConflict, nil, refusal)
}

// sharedPaths are the fields that virt-api and virt-controller write as well: the power switch, and the lists that
// hotplug adds to. What we send of them is the live value with our own change, under the live revision, so that
// taking them over loses nothing.
var sharedPaths = []string{"spec.runStrategy", "spec.dataVolumeTemplates", "spec.template.spec.volumes",
	"spec.template.spec.domain.devices.disks", "spec.template.spec.networks", "spec.template.spec.domain.devices.interfaces"}

// takeFromKubeVirt says whether a conflict is with KubeVirt's own components, on nothing but sharedPaths.
func takeFromKubeVirt(err error) bool {
	e, ok := err.(*domain.Error) //nolint:errorlint // call.do returns it as it is
	if !ok || e.Code != domain.CodeFieldConflict || len(e.Fields) == 0 {
		return false
	}
	for _, f := range e.Fields {
		shared := false
		for _, path := range sharedPaths {
			shared = shared || f.Field == path || strings.HasPrefix(f.Field, path+"[") || strings.HasPrefix(f.Field, path+".")
		}
		if !shared || f.Manager != "virt-api" && f.Manager != "virt-controller" {
			return false
		}
	}
	return true
}
