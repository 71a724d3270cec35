package kubevirt

import (
	"context"
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/backoff"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// ApplyVM implements provider.VMWriter.
func (p *Provider) ApplyVM(ctx context.Context, clusterName, namespace string, spec domain.VMSpec, opts provider.ApplyOptions) (*domain.VM, error) {
	ref := domain.Ref{Cluster: clusterName, Namespace: namespace, Name: spec.Name}
	vm, err := p.upsert(ctx, ref, spec, opts)
	return vm, args.Error(provider.OpApplyVM, ref, err)
}

func (p *Provider) upsert(ctx context.Context, ref domain.Ref, spec domain.VMSpec, opts provider.ApplyOptions) (*domain.VM, error) {
	spec = p.withInstallation(spec)
	if err := args.Spec(ctx, ref.Cluster, ref.Namespace, spec, p.prefix, ""); err != nil {
		return nil, err
	}
	c, err := p.clusters.get(ref.Cluster)
	if err != nil {
		return nil, err
	}
	defer c.release()

	pause := betweenAttempts()
	for attempt := 1; ; attempt++ {
		vm, err := p.upsertOnce(ctx, c, ref, spec, opts)
		if domain.CodeOf(err) != domain.CodeRevisionConflict || attempt == attempts {
			return vm, err
		}
		if err := backoff.Sleep(ctx, pause.Next()); err != nil {
			return nil, domain.E(domain.CodeOf(err), nil, err)
		}
	}
}

// upsertOnce makes the VM or changes the one it finds. REVISION_CONFLICT says that it was made, changed or deleted
// between the two requests.
func (p *Provider) upsertOnce(ctx context.Context, c *cluster, ref domain.Ref, spec domain.VMSpec, opts provider.ApplyOptions) (*domain.VM, error) {
	body, err := p.mapper(ref.Cluster).BuildVM(ref.Namespace, spec)
	if err != nil {
		return nil, err
	}
	p.rememberElements(body)
	options := applyOptions{dryRun: opts.DryRun, force: opts.Force}

	at, err := p.read(ctx, c, ref)
	if domain.CodeOf(err) == domain.CodeVMNotFound {
		if opts.UID != "" {
			return nil, err // the VM that was to be changed is gone; another one is not wanted
		}
		if err := p.knowsTypes(ctx, c, ref.Namespace, body); err != nil {
			return nil, err
		}
		metadata(body)["resourceVersion"], options.force = noRevision, true
		made, err := p.apply(ctx, c, ref, body, options)
		return made.vm, err
	}
	if err != nil {
		return nil, err
	}
	if err := p.mayApply(at, opts); err != nil {
		return nil, err
	}
	object, err := at.unstructured()
	if err != nil {
		return nil, err
	}
	if err := p.knowsNewTypes(ctx, c, at, body); err != nil {
		return nil, err
	}
	p.keepMarks(body, object)
	p.mergeLists(body, object)
	after, err := p.applyOver(ctx, c, ref, at, body, options)
	if err != nil {
		return nil, err
	}
	return p.afterApply(ctx, c, ref, at, after, opts.DryRun)
}

// afterApply reads the VM again with its instance; of a dry run it shows what the server would have stored.
func (p *Provider) afterApply(ctx context.Context, c *cluster, ref domain.Ref, before, after live, dryRun bool) (*domain.VM, error) {
	if dryRun {
		shown, err := p.mapped(ref, live{body: after.body, instance: before.instance}, nil)
		return shown.vm, err
	}
	vm, err := p.get(ctx, c, ref)
	return vm, afterwards(err)
}

// mayApply lets a spec change a VM that is ours by its labels, or that the caller names by its uid.
func (p *Provider) mayApply(at live, opts provider.ApplyOptions) error {
	if err := sameUID(at.vm, opts.UID); err != nil {
		return err
	}
	params := domain.Params{domain.ParamUID: at.vm.UID}
	ours := at.vm.Identity.ManagedBy == domain.ManagedBy && at.vm.Identity.Installation == p.installation
	if !ours && opts.UID == "" {
		return domain.E(domain.CodeVMAlreadyExists, params, nil)
	}
	if code := domain.Decide(domain.VerbUpdate, at.vm.Situation()); code != "" {
		return domain.E(code, params, nil)
	}
	return nil
}

type applyOptions struct{ dryRun, force bool }

// apply sends a body by server-side apply under our field manager, and maps the answer with no instance.
func (p *Provider) apply(ctx context.Context, c *cluster, ref domain.Ref, body map[string]any, opts applyOptions) (live, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return live{}, domain.Invalid(domain.FieldError{Field: "manifest", Reason: domain.FieldInvalid})
	}
	patch := metav1.PatchOptions{FieldManager: p.manager, Force: &opts.force, DryRun: dryRun(opts.dryRun)}
	var after live
	err = call{cluster: c, ref: ref, write: !opts.dryRun, spec: true, secrets: redactorOf(body)}.do(ctx, func(ctx context.Context) (err error) {
		after.body, err = rawBody(c.set.KubevirtV1().RESTClient().Patch(types.ApplyPatchType).
			Namespace(ref.Namespace).Resource(onVM).Name(ref.Name).
			SpecificallyVersionedParams(&patch, metav1.ParameterCodec, metav1.SchemeGroupVersion).Body(data).Do(ctx))
		return err
	})
	if err != nil {
		return live{}, err
	}
	after, err = p.mapped(ref, after, nil)
	if opts.dryRun {
		return after, err
	}
	return after, afterwards(err)
}
