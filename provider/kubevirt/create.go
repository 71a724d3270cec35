package kubevirt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/jsontree"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// The annotations, behind the label prefix, by which a repeated create recognises the first one's VM.
const (
	annotationKey  = "idempotency-key"
	annotationHash = "spec-hash"
)

// noRevision is a resource version that no VM can have. An apply that carries it answers 201 where the object is
// missing and 409 without causes where it exists, and changes nothing then: the "must not exist" that server-side apply
// lacks (kubernetes issue 116156). It goes with force: without, other managers' fields would be compared first, and the
// answer be about them.
const noRevision = "1"

// CreateVM implements provider.VMWriter.
func (p *Provider) CreateVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts provider.CreateOptions) (*domain.VM, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: spec.Name}
	vm, err := p.create(ctx, ref, spec, opts)
	return vm, args.Error(provider.OpCreateVM, ref, err)
}

func (p *Provider) create(ctx context.Context, ref domain.Ref, spec domain.VMSpec, opts provider.CreateOptions) (*domain.VM, error) {
	spec = p.withInstallation(spec)
	if err := args.Spec(ctx, ref.Cluster, ref.Namespace, spec, p.prefix, opts.IdempotencyKey); err != nil {
		return nil, err
	}
	c, err := p.clusters.get(ref.Cluster)
	if err != nil {
		return nil, err
	}
	defer c.release()

	body, err := p.mapper(ref.Cluster).BuildVM(ref.Namespace, spec)
	if err != nil {
		return nil, err
	}
	hash, err := specHash(body)
	if err != nil {
		return nil, err
	}
	if unknown := p.knowsTypes(ctx, c, ref.Namespace, body); unknown != nil {
		// A VM that an earlier call made, or that has the name, is the better answer: its type may be gone since.
		if vm, err := p.existing(ctx, c, ref, opts.IdempotencyKey, hash); domain.CodeOf(err) != domain.CodeRevisionConflict {
			return vm, err
		}
		return nil, unknown
	}
	p.mark(body, opts.IdempotencyKey, hash)
	p.rememberElements(body)
	metadata(body)["resourceVersion"] = noRevision

	made, err := p.apply(ctx, c, ref, body, applyOptions{dryRun: opts.DryRun, force: true})
	if domain.CodeOf(err) == domain.CodeRevisionConflict {
		return p.existing(ctx, c, ref, opts.IdempotencyKey, hash)
	}
	return made.vm, err
}

func (p *Provider) withInstallation(spec domain.VMSpec) domain.VMSpec {
	if spec.Identity.Installation == "" {
		spec.Identity.Installation = p.installation
	}
	return spec
}

// existing decides about a name that is taken: ours by the same intent, or somebody else's.
func (p *Provider) existing(ctx context.Context, c *cluster, ref domain.Ref, key, hash string) (*domain.VM, error) {
	at, err := p.read(ctx, c, ref)
	switch {
	case domain.CodeOf(err) == domain.CodeVMNotFound:
		// Deleted between the two requests; the caller's next try may well succeed.
		return nil, domain.E(domain.CodeRevisionConflict, nil, err)
	case err != nil:
		return nil, err
	}
	annotation := func(name string) string { return at.object.Annotations[domain.LabelKey(p.prefix, name)] }
	params := domain.Params{domain.ParamUID: at.vm.UID}
	switch {
	case key == "" || annotation(annotationKey) != key:
		return nil, domain.E(domain.CodeVMAlreadyExists, params, nil)
	case annotation(annotationHash) != hash:
		return nil, domain.E(domain.CodeIdempotencyConflict, params, nil)
	}
	return at.vm, nil
}

// specHash is over the body as it is sent, but for the marks themselves. It covers cloud-init: who may read the
// annotation it is kept in may read the VM's spec as well.
func specHash(body map[string]any) (string, error) {
	canonical, err := json.Marshal(body) // encoding/json sorts the keys
	if err != nil {
		return "", domain.Invalid(domain.FieldError{Field: "manifest", Reason: domain.FieldInvalid})
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

// mark adds the annotations a repeated create looks for.
func (p *Provider) mark(body map[string]any, key, hash string) {
	if key == "" {
		return
	}
	annotations := jsontree.Make(metadata(body), "annotations")
	annotations[domain.LabelKey(p.prefix, annotationKey)] = key
	annotations[domain.LabelKey(p.prefix, annotationHash)] = hash
}
