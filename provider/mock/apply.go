package mock

import (
	"context"
	"maps"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// ApplyVM implements provider.VMWriter.
func (p *Provider) ApplyVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts provider.ApplyOptions) (*domain.VM, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: spec.Name}
	vm, err := p.apply(ctx, call{op: provider.OpApplyVM, ref: ref, write: !opts.DryRun}, spec, opts)
	return vm, args.Error(provider.OpApplyVM, ref, err)
}

func (p *Provider) apply(ctx context.Context, k call, spec domain.VMSpec, opts provider.ApplyOptions) (*domain.VM, error) {
	spec = p.withInstallation(spec)
	if err := args.Spec(ctx, k.ref.Cluster, k.ref.Namespace, spec, p.prefix, ""); err != nil {
		return nil, err
	}
	spec = vmspec.CompleteFor(vmspec.Options{Namespace: k.ref.Namespace}, spec)
	return request(ctx, p, k, func(c *site) (*domain.VM, error) {
		at := now()
		name := key{k.ref.Namespace, spec.Name}
		if r := c.find(name, at); r != nil {
			return c.applyTo(p, r, spec, opts)
		}
		if opts.UID != "" {
			return nil, domain.E(domain.CodeVMNotFound, domain.Params{domain.ParamUID: opts.UID}, nil)
		}
		r, err := c.make(p, name, spec, at)
		if err != nil {
			return nil, err
		}
		if !opts.DryRun {
			c.enter(r)
		}
		return c.view(r, at), nil
	})
}

// applyTo makes an existing VM what the spec says.
func (c *site) applyTo(p *Provider, r *record, spec domain.VMSpec, opts provider.ApplyOptions) (*domain.VM, error) {
	if err := r.mappable(); err != nil {
		return nil, err
	}
	if err := r.sameUID(opts.UID); err != nil {
		return nil, err
	}
	if opts.UID == "" && !p.ours(r.desired) {
		return nil, domain.E(domain.CodeVMAlreadyExists, domain.Params{domain.ParamUID: r.uid}, nil)
	}
	if err := r.refusal(vmsim.Event{Kind: vmsim.Update}); err != nil {
		return nil, err
	}
	if err := c.knows(r.key.namespace, spec.InstanceType, spec.Preference); err != nil {
		return nil, err
	}
	w := &writer{d: r.desired.clone(), force: opts.Force}
	w.converge(desire(p.prefix, spec), p.kept())
	c.send()
	if err := w.verdict(); err != nil {
		return nil, err
	}
	vm, _ := c.write(p, r, w, opts.DryRun)
	return vm, nil
}

// kept are the annotations that an apply leaves alone though it does not name them: those of the create.
func (p *Provider) kept() []string {
	return []string{names.Element("annotations", domain.LabelKey(p.prefix, annotationKey)),
		names.Element("annotations", domain.LabelKey(p.prefix, annotationHash))}
}

// converge sets what is wanted and removes what is ours and is not wanted any more.
func (w *writer) converge(want *desired, kept []string) {
	d := w.d
	w.texts("labels", &d.labels, w.edits("labels", d.labels, want.labels, kept), false)
	w.texts("annotations", &d.annotations, w.edits("annotations", d.annotations, want.annotations, kept), false)
	w.texts("guestLabels", &d.guestLabels, w.edits("guestLabels", d.guestLabels, want.guestLabels, kept), true)
	w.texts("nodeSelector", &d.nodeSelector, w.edits("nodeSelector", d.nodeSelector, want.nodeSelector, kept), true)
	wish(w, "cpu", &d.cpu, want.cpu, want.cpu == domain.CPU{})
	wish(w, "memoryBytes", &d.memory, want.memory, want.memory == 0)
	wish(w, "instanceType", &d.instanceType, want.instanceType, want.instanceType == nil)
	wish(w, "preference", &d.preference, want.preference, want.preference == nil)
	wish(w, "tolerations", &d.tolerations, want.tolerations, want.tolerations == nil)
	elements(w, "disks", &d.disks, diskName, want.disks, surplus(w, "disks", d.disks, want.disks, diskName))
	elements(w, "networks", &d.networks, networkName, want.networks, surplus(w, "networks", d.networks, want.networks, networkName))
}

// edits are what turns a map into the wanted one, as far as it is ours to remove something.
func (w *writer) edits(field string, have, want map[string]string, kept []string) map[string]*string {
	edits := make(map[string]*string, len(want))
	for k := range have {
		path := names.Element(field, k)
		if _, wanted := want[k]; !wanted && w.d.owner(path) == "" && !slices.Contains(kept, path) {
			edits[k] = nil
		}
	}
	for k, v := range maps.All(want) {
		edits[k] = &v
	}
	return edits
}

// wish sets a single value, or removes it where it is ours and not wanted.
func wish[T any](w *writer, field string, target *T, want T, none bool) {
	if none && w.d.owner(field) != "" {
		return
	}
	set(w, field, target, want)
}

// surplus are the elements of a list that are ours and not wanted any more.
func surplus[T any](w *writer, field string, have, want []T, name func(T) string) []string {
	var out []string
	for _, element := range have {
		wanted := slices.ContainsFunc(want, func(t T) bool { return name(t) == name(element) })
		if !wanted && w.d.owner(names.Element(field, name(element))) == "" {
			out = append(out, name(element))
		}
	}
	return out
}
