package mock

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// call is a call of a method that has got past the checks of its arguments: what a real provider would send now.
type call struct {
	op  provider.Op
	ref domain.Ref // as the caller named it
	// write is false for reads and for dry runs.
	write bool
}

// request runs f on a cluster that nobody else touches meanwhile, unless a fault comes in between.
func request[T any](ctx context.Context, p *Provider, k call, f func(*site) (T, error)) (T, error) {
	var none T
	c, err := p.cluster(k.ref.Cluster)
	if err != nil {
		return none, err
	}
	fault := p.meets(k)
	if fault == nil {
		return serve(c, k, f)
	}
	c.arrived(k.write) // at once: it is on its way, however long that takes
	if !fault.After {
		if err := p.suffer(ctx, k, fault); err != nil {
			return none, err
		}
		return serve(c, call{}, f)
	}
	value, err := serve(c, call{}, f)
	if lost := p.suffer(ctx, k, fault); lost != nil {
		return none, lost
	}
	return value, err
}

// serve runs f and counts the call; one without an operation was counted before.
func serve[T any](c *site, k call, f func(*site) (T, error)) (T, error) {
	c.mu.Lock()
	defer c.unlock()
	c.sent = false
	value, err := f(c)
	switch {
	case k.op == "":
	case k.write && c.sent:
		c.writes++
	default:
		c.reads++
	}
	return value, err
}

// send notes that the call is about to write: what was read does not keep it from that.
func (c *site) send() { c.sent = true }

// arrived counts a call.
func (c *site) arrived(write bool) {
	c.mu.Lock()
	defer c.unlock()
	if write {
		c.writes++
	} else {
		c.reads++
	}
}

// Requests says how many calls have got as far as a cluster since New. Dry runs count as reads, and so does a call that
// finds by reading that it must not write: another UID, a state that forbids the verb. A call that is refused for its
// arguments, an ended context or an unknown cluster counts nothing. One that meets a fault counts as what it was meant
// to be.
func (p *Provider) Requests() (reads, writes int) {
	for _, c := range p.clusters {
		c.mu.Lock()
		reads, writes = reads+c.reads, writes+c.writes
		c.unlock()
	}
	return reads, writes
}

// onVM checks the arguments of a verb on an existing VM and runs f on it, as it is at this moment.
func onVM[T any](ctx context.Context, p *Provider, k call, option error, f func(*site, *record) (T, error)) (T, error) {
	var none T
	if err := args.Object(ctx, k.ref.Cluster, k.ref.Namespace, k.ref.Name); err != nil {
		return none, err
	}
	if option != nil {
		return none, option
	}
	return request(ctx, p, k, func(c *site) (T, error) {
		r := c.find(key{k.ref.Namespace, k.ref.Name}, now())
		if r == nil {
			return none, domain.E(domain.CodeVMNotFound, nil, nil)
		}
		if err := r.mappable(); err != nil {
			return none, err
		}
		return f(c, r)
	})
}

// nothing is the value of the verbs that answer an error only.
type nothing = struct{}
