package kubevirt

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// DefaultFieldManager is the name under which fields are owned on the cluster, unless Options says otherwise.
const DefaultFieldManager = "kubevirt-shepherd"

// Options configure a Provider. The zero value is ready to use.
type Options struct {
	// Installation names this installation of the platform where several share a cluster. It becomes a label value
	// and part of the field manager. Never change it for the life of a VM.
	Installation string
	// FieldManager owns what this provider applies. Empty means DefaultFieldManager, with "/" and the installation
	// added if there is one. Never change it for the life of a VM: the fields would belong to nobody.
	FieldManager string
	// LabelPrefix of the governance labels and annotations. Empty means domain.DefaultLabelPrefix.
	LabelPrefix string
	// Fleet keeps the VMs of the clusters in memory: WatchVMs tells from its caches, and WaitVM waits for them. Nil has each
	// stream of WatchVMs list and watch by itself. Reads of VMs always ask the cluster; those of a cache are Fleet.Cache's.
	Fleet *Fleet
}

// Provider implements provider.Provider on KubeVirt clusters. It is safe for concurrent use and owns nothing: its
// Clusters do.
type Provider struct {
	provider.Unimplemented

	clusters     *Clusters
	fleet        *Fleet
	manager      string
	installation string
	prefix       string
}

var _ provider.Provider = (*Provider)(nil)

// New makes a provider over clusters, which may change while it is in use. An option that cannot be used is
// INVALID_OPTION.
func New(clusters *Clusters, opts Options) (*Provider, error) {
	if opts.FieldManager == "" {
		opts.FieldManager = DefaultFieldManager
		if opts.Installation != "" {
			opts.FieldManager += "/" + opts.Installation
		}
	}
	if opts.LabelPrefix == "" && opts.Fleet != nil {
		opts.LabelPrefix = opts.Fleet.opts.LabelPrefix
	}
	if opts.LabelPrefix == "" {
		opts.LabelPrefix = domain.DefaultLabelPrefix
	}
	const longestManager = 128 // apimachinery's FieldManagerMaxLength
	switch {
	case clusters == nil:
		return nil, args.Option("clusters", domain.FieldRequired)
	case !names.IsLabelValue(opts.Installation):
		return nil, args.Option("installation", domain.FieldInvalid)
	case len(opts.FieldManager) > longestManager:
		return nil, args.Option("fieldManager", domain.FieldTooLong)
	case !names.IsSubdomain(opts.LabelPrefix):
		return nil, args.Option("labelPrefix", domain.FieldInvalid)
	case opts.Fleet != nil && (opts.Fleet.clusters != clusters || opts.Fleet.opts.LabelPrefix != opts.LabelPrefix):
		return nil, args.Option("fleet", domain.FieldInvalid) // it would tell of other VMs, or of other identities
	}
	return &Provider{
		clusters:     clusters,
		fleet:        opts.Fleet,
		manager:      opts.FieldManager,
		installation: opts.Installation,
		prefix:       opts.LabelPrefix,
	}, nil
}

func (p *Provider) mapper(cluster string) *mapper.Mapper {
	return mapper.New(mapper.Options{Cluster: cluster, LabelPrefix: p.prefix})
}
