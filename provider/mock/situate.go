package mock

import (
	"reflect"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// Situate puts a VM there that is in exactly this situation at this instant, in place of the one that has its name. It
// is a small one, made by us, with ref.UID if that is given; the knobs that wait for it are turned as far as the
// situation does not say otherwise. From there on it lives, and most situations pass as soon as the controller looks at
// it, see [Timing].
//
// CLUSTER_NOT_FOUND, INVALID_NAME (no namespace or name), and INVALID_OPTION for a situation that cannot be, with the
// first part of it that contradicts the others in param field: a pause without a live instance, say.
func (p *Provider) Situate(ref domain.Ref, s domain.Situation) error {
	if ref.Namespace == "" || ref.Name == "" {
		return domain.E(domain.CodeInvalidName, ref.Params(), nil)
	}
	if s.Strategy == "" {
		return args.Option("situation.strategy", domain.FieldRequired)
	}
	err := p.locked(ref.Cluster, func(c *site) error {
		at := now()
		machine := vmsim.Restore(c.config, at, s, vmsim.Knobs(c.knobs[key{ref.Namespace, ref.Name}]))
		if field := difference(s, machine.Situation()); field != "" {
			return args.Option("situation."+field, domain.FieldContradicts)
		}
		c.put(p, &domain.VM{
			Namespace: ref.Namespace,
			Name:      ref.Name,
			UID:       ref.UID,
			Identity:  domain.Identity{ManagedBy: domain.ManagedBy, Installation: p.installation},
			CPU:       domain.CPU{Sockets: 1, Cores: 1, Threads: 1},
			Memory:    domain.Memory{Bytes: 128 << 20},
			Disks:     []domain.Disk{{Name: "root", Kind: domain.DiskImage, Image: "registry.example/disk:1", Bus: "virtio"}},
			Networks:  []domain.Network{{Name: "default", Binding: "masquerade"}},
		}, machine, at)
		return nil
	})
	if domain.CodeOf(err) == domain.CodeClusterNotFound {
		return domain.E(domain.CodeClusterNotFound, ref.Params(), nil)
	}
	return err
}

// difference is the first part in which two situations differ, in the words of its JSON; empty when there is none.
func difference(a, b domain.Situation) string {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for field := range va.Type().Fields() {
		if va.FieldByIndex(field.Index).Interface() != vb.FieldByIndex(field.Index).Interface() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			return name
		}
	}
	return ""
}
