package mock

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// UpdateVM implements provider.VMWriter.
func (p *Provider) UpdateVM(ctx context.Context, cluster, namespace, name string, change domain.VMChange, opts provider.UpdateOptions) (*domain.VM, domain.Applied, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
	k := call{op: provider.OpUpdateVM, ref: ref, write: !opts.DryRun}
	bad := domain.Invalid(vmspec.ValidateChange(vmspec.Options{LabelPrefix: p.prefix}, name, change)...)
	done, err := onVM(ctx, p, k, bad, func(c *site, r *record) (done provider.UpdateResult, err error) {
		if err := r.sameUID(opts.UID); err != nil {
			return done, err
		}
		if err := r.sameRevision(opts.Revision); err != nil {
			return done, err
		}
		if err := r.refusal(vmsim.Event{Kind: vmsim.Update}); err != nil {
			return done, err
		}
		w := &writer{d: r.desired.clone(), force: opts.Force}
		if err := c.change(r, w, change); err != nil {
			return done, err
		}
		done.VM, done.Applied = c.write(p, r, w, opts.DryRun)
		return done, nil
	})
	return done.VM, done.Applied, args.Error(provider.OpUpdateVM, ref, err)
}

// Edit changes a VM behind the callers' backs, as another manager of the cluster does, who then owns what it changed:
// an update of ours that changes it as well is FIELD_CONFLICT without force. ref.UID, if given, must be that of the VM.
// VM_NOT_FOUND, CLUSTER_NOT_FOUND, UID_CONFLICT, INVALID_OPTION for no manager; the change itself is not checked.
func (p *Provider) Edit(ref domain.Ref, manager string, change domain.VMChange) error {
	if manager == "" {
		return args.Option("manager", domain.FieldRequired)
	}
	return p.locked(ref.Cluster, func(c *site) error {
		r := c.find(key{ref.Namespace, ref.Name}, now())
		if r == nil {
			return domain.E(domain.CodeVMNotFound, ref.Params(), nil)
		}
		if err := r.sameUID(ref.UID); err != nil {
			return err
		}
		w := &writer{d: r.desired.clone(), manager: manager}
		edit(w, ref.Name, change)
		c.write(p, r, w, false)
		return nil
	})
}

// change lays a change that is good in itself over a VM.
func (c *site) change(r *record, w *writer, change domain.VMChange) error {
	typed := change.InstanceType != nil || r.desired.instanceType != nil
	var bad []domain.FieldError
	contradicts := func(field string) {
		bad = append(bad, domain.FieldError{Field: field, Reason: domain.FieldContradicts, Detail: "with the VM's instance type"})
	}
	if typed && change.CPU != nil {
		contradicts("cpu")
	}
	if typed && change.MemoryBytes != nil {
		contradicts("memoryBytes")
	}
	if err := domain.Invalid(bad...); err != nil {
		return err
	}
	if err := c.knows(r.key.namespace, change.InstanceType, nil); err != nil {
		return err
	}
	c.send()
	edit(w, r.key.name, change)
	return w.verdict()
}

// edit writes a change into a desired.
func edit(w *writer, name string, change domain.VMChange) {
	d := w.d
	w.texts("labels", &d.labels, change.Labels, false)
	w.texts("annotations", &d.annotations, change.Annotations, false)
	w.texts("guestLabels", &d.guestLabels, change.GuestLabels, true)
	w.texts("nodeSelector", &d.nodeSelector, change.NodeSelector, true)
	if change.CPU != nil {
		cpu := *change.CPU
		cpu.Source = domain.SourceUnknown
		set(w, "cpu", &d.cpu, cpu)
	}
	if change.MemoryBytes != nil {
		set(w, "memoryBytes", &d.memory, *change.MemoryBytes)
	}
	if change.InstanceType != nil {
		set(w, "instanceType", &d.instanceType, &domain.Matcher{Name: change.InstanceType.Name, Namespaced: change.InstanceType.Namespaced})
		// It gives CPU and memory, so that what we set of them goes.
		wish(w, "cpu", &d.cpu, domain.CPU{}, true)
		wish(w, "memoryBytes", &d.memory, 0, true)
	}
	if change.Tolerations != nil {
		tolerations := cloneTolerations(change.Tolerations)
		if len(tolerations) == 0 {
			tolerations = nil
		}
		set(w, "tolerations", &d.tolerations, tolerations)
	}
	full := vmspec.Complete(domain.VMSpec{Name: name, Disks: change.SetDisks, Networks: change.SetNetworks})
	if change.SetNetworks == nil {
		full.Networks = nil
	}
	elements(w, "disks", &d.disks, diskName, full.Disks, change.RemoveDisks)
	elements(w, "networks", &d.networks, networkName, full.Networks, change.RemoveNetworks)
}

// write makes the writer's desired that of the VM, and tells when it takes effect. Nothing is written by a dry run, nor
// when nothing changes: then the revision stays, as it does on a cluster.
func (c *site) write(p *Provider, r *record, w *writer, dryRun bool) (*domain.VM, domain.Applied) {
	at := r.machine.Now()
	target := r
	if dryRun {
		fork := *r
		target = &fork
	}
	before := target.desired
	applied := target.takesEffect(w.d)
	if same(before, w.d) {
		return c.view(target, at), applied
	}
	target.desired = w.d.seal(p.prefix)
	target.bootLive()
	if !dryRun {
		if w.spec {
			r.generation++
		}
		effects, _ := r.machine.Apply(at, vmsim.Event{Kind: vmsim.Update})
		c.changed(r, effects|vmsim.VMChanged)
	}
	if applied == domain.AppliedMigrating && target.hotplug == 0 {
		target.hotplug = r.machine.Migration().Serial + 1 // before it begins, since it may end as soon
		if !dryRun {
			c.beginMigration(r, "")
		}
	}
	return c.view(target, at), applied
}
