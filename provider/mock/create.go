package mock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// The annotations, behind the label prefix, by which a repeated create recognises the first one's VM.
const (
	annotationKey  = "idempotency-key"
	annotationHash = "spec-hash"
)

// CreateVM implements provider.VMWriter.
func (p *Provider) CreateVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts provider.CreateOptions) (*domain.VM, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: spec.Name}
	vm, err := p.create(ctx, call{op: provider.OpCreateVM, ref: ref, write: !opts.DryRun}, spec, opts)
	return vm, args.Error(provider.OpCreateVM, ref, err)
}

func (p *Provider) create(ctx context.Context, k call, spec domain.VMSpec, opts provider.CreateOptions) (*domain.VM, error) {
	spec = p.withInstallation(spec)
	if err := args.Spec(ctx, k.ref.Cluster, k.ref.Namespace, spec, p.prefix, opts.IdempotencyKey); err != nil {
		return nil, err
	}
	spec = vmspec.CompleteFor(vmspec.Options{Namespace: k.ref.Namespace}, spec)
	hash := ""
	if opts.IdempotencyKey != "" {
		hash = specHash(spec)
	}
	return request(ctx, p, k, func(c *site) (*domain.VM, error) {
		at := now()
		name := key{k.ref.Namespace, spec.Name}
		if r := c.find(name, at); r != nil {
			c.send() // that the name is taken is the answer to a write
			return c.existing(p, r, at, opts.IdempotencyKey, hash)
		}
		r, err := c.make(p, name, spec, at)
		if err != nil {
			return nil, err
		}
		if hash != "" {
			r.desired.annotations = merged(r.desired.annotations, map[string]string{
				domain.LabelKey(p.prefix, annotationKey):  opts.IdempotencyKey,
				domain.LabelKey(p.prefix, annotationHash): hash,
			})
		}
		if !opts.DryRun {
			c.enter(r)
		}
		return c.view(r, at), nil
	})
}

func (p *Provider) withInstallation(spec domain.VMSpec) domain.VMSpec {
	if spec.Identity.Installation == "" {
		spec.Identity.Installation = p.installation
	}
	return spec
}

// existing decides about a name that is taken: ours by the same intent, or somebody else's.
func (c *site) existing(p *Provider, r *record, at time.Time, idempotency, hash string) (*domain.VM, error) {
	if err := r.mappable(); err != nil {
		return nil, err
	}
	annotation := func(name string) string { return r.desired.annotations[domain.LabelKey(p.prefix, name)] }
	params := domain.Params{domain.ParamUID: r.uid}
	switch {
	case idempotency == "" || annotation(annotationKey) != idempotency:
		return nil, domain.E(domain.CodeVMAlreadyExists, params, nil)
	case annotation(annotationHash) != hash:
		return nil, domain.E(domain.CodeIdempotencyConflict, params, nil)
	}
	return c.view(r, at), nil
}

// make makes the record of a spec that is complete.
func (c *site) make(p *Provider, k key, spec domain.VMSpec, at time.Time) (*record, error) {
	if !c.namespaceExists(k.namespace) {
		return nil, domain.E(domain.CodeNamespaceNotFound, nil, nil)
	}
	if err := c.knows(k.namespace, spec.InstanceType, spec.Preference); err != nil {
		return nil, err
	}
	c.send()
	machine := vmsim.New(c.config, at, spec.RunStrategy, vmsim.Knobs(c.knobs[k]))
	return c.newRecord(k, desire(p.prefix, spec).seal(p.prefix), machine, at), nil
}

// specHash is over the whole spec, with what its secrets hide: two intents that differ in their user data only differ,
// two whose manifests have their fields in another order do not.
func specHash(spec domain.VMSpec) string {
	h := sha256.New()
	if manifest, errs := vmspec.ParseManifest(spec.Manifest); manifest != nil && len(errs) == 0 {
		if canonical, err := json.Marshal(manifest); err == nil {
			spec.Manifest = canonical
		}
	}
	if err := json.NewEncoder(h).Encode(spec); err != nil {
		panic(err) // a valid spec marshals: its manifest was parsed
	}
	if ci := spec.CloudInit; ci != nil {
		for _, secret := range []domain.Secret{ci.UserData, ci.NetworkData} {
			h.Write([]byte(secret.Reveal() + "\x00"))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
