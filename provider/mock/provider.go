package mock

import (
	"sync/atomic"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Provider is a provider in memory. Make it with [New]. It is safe for concurrent use; calls to one cluster never wait
// for another.
type Provider struct {
	provider.Unimplemented

	prefix       string
	installation string
	clusters     map[string]*site // never changes
	first        string
	timeout      time.Duration
	seed         uint64
	faults       atomic.Pointer[faultSet] // nil without any
}

var _ provider.Provider = (*Provider)(nil)

// New makes a Provider without VMs.
func New(opts Options) *Provider {
	names := opts.Clusters
	if len(names) == 0 {
		names = []string{DefaultCluster}
	}
	p := &Provider{
		prefix:       opts.LabelPrefix,
		installation: opts.Installation,
		clusters:     make(map[string]*site, len(names)),
		first:        names[0],
		timeout:      opts.Timeout,
		seed:         opts.Seed,
	}
	if p.timeout <= 0 {
		p.timeout = defaultTimeout
	}
	config := opts.Timing.config(opts.Nodes)
	for _, name := range names {
		p.clusters[name] = newSite(name, opts, config)
	}
	return p
}

// Reset takes every VM and migration away, and all knobs with them. Ids are not used again. Faults, counts and catalogues
// stay.
func (p *Provider) Reset() {
	for _, c := range p.clusters {
		c.mu.Lock()
		c.clear()
		c.unlock()
	}
}

func (p *Provider) cluster(name string) (*site, error) {
	if c, ok := p.clusters[name]; ok {
		return c, nil
	}
	return nil, domain.E(domain.CodeClusterNotFound, nil, nil)
}

// now is the time as the Mock keeps it: UTC, and without the monotonic reading, which would not survive a round trip
// through JSON.
func now() time.Time { return time.Now().UTC().Round(0) }

// locked runs f on a cluster that nobody else touches meanwhile: for what is done behind the callers' backs.
func (p *Provider) locked(name string, f func(*site) error) error {
	c, err := p.cluster(name)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.unlock()
	return f(c)
}

// sameUID refuses a call that is meant for another VM of this name.
func (r *record) sameUID(want string) error {
	if want == "" || want == r.uid {
		return nil
	}
	return domain.E(domain.CodeUIDConflict, domain.Params{domain.ParamUID: r.uid}, nil)
}

// sameRevision refuses a call that was thought out on an older state of the VM.
func (r *record) sameRevision(want string) error {
	if want == "" || want == revision(r.revision) {
		return nil
	}
	return domain.E(domain.CodeRevisionConflict, domain.Params{domain.ParamUID: r.uid}, nil)
}

// refusal says why the VM's state forbids an event, or nil.
func (r *record) refusal(e vmsim.Event) error {
	code := r.machine.Check(e)
	if code == "" {
		return nil
	}
	status, _, _ := r.machine.Status()
	params := domain.Params{domain.ParamUID: r.uid, domain.ParamStatus: string(status)}
	switch code {
	case domain.CodeNotMigratable:
		params[domain.ParamReason] = notMigratable
	case domain.CodeMigrationInProgress:
		if m := r.activeMigration(); m != nil {
			params[domain.ParamMigration] = m.name
		}
	}
	return domain.E(code, params, nil)
}
