package mock

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// GetVM implements provider.VMReader.
func (p *Provider) GetVM(ctx context.Context, cluster, namespace, name string) (*domain.VM, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
	vm, err := onVM(ctx, p, call{op: provider.OpGetVM, ref: ref}, nil, func(c *site, r *record) (*domain.VM, error) {
		return c.view(r, r.machine.Now()), nil
	})
	return vm, args.Error(provider.OpGetVM, ref, err)
}

// ListVMs implements provider.VMReader.
func (p *Provider) ListVMs(ctx context.Context, cluster, namespace string, opts provider.ListOptions) (*domain.VMList, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace}
	page, err := p.list(ctx, call{op: provider.OpListVMs, ref: ref}, opts)
	return page, args.Error(provider.OpListVMs, ref, err)
}

func (p *Provider) list(ctx context.Context, k call, opts provider.ListOptions) (*domain.VMList, error) {
	listing, err := args.List(ctx, k.op, k.ref.Cluster, k.ref.Namespace, opts)
	if err != nil {
		return nil, err
	}
	return request(ctx, p, k, func(c *site) (*domain.VMList, error) {
		if err := c.fresh(listing.Cursor); err != nil {
			return nil, err
		}
		return c.page(listing, k.ref.Namespace, now()), nil
	})
}

// fresh refuses a cursor that has expired.
func (c *site) fresh(cursor paging.Cursor) error {
	if cursor.LastKey != "" && cursor.Token != c.token() {
		return domain.E(domain.CodeCursorExpired, nil, nil)
	}
	return nil
}

func (c *site) token() string { return strconv.FormatUint(c.epoch, 10) }

// page reads one page off the index. What cannot be read takes its place on the page, as it does on a server's.
func (c *site) page(request args.ListRequest, namespace string, at time.Time) *domain.VMList {
	c.bury(at)
	prefix := ""
	if !request.All {
		prefix = namespace + "/"
	}
	page := &domain.VMList{Items: []*domain.VM{}}
	if request.Cursor.LastKey == "" && request.Labels.Empty() && request.Fields.Empty() {
		page.Total = new(c.count(request.All, namespace))
	}
	last := ""
	for r := range c.sorted.after(max(prefix, request.Cursor.LastKey)) {
		if !strings.HasPrefix(r.order, prefix) {
			break
		}
		if !request.Fields.Matches(r.key.namespace, r.key.name) || !request.Labels.Matches(r.desired.labels) {
			continue
		}
		if len(page.Items)+len(page.ItemErrors) == request.Limit {
			page.Continue = request.Next(paging.Cursor{LastKey: last, Token: c.token()})
			break
		}
		last = r.order
		c.changed(r, r.machine.Advance(at)) // it is not gone: those that may be were buried
		if err := r.mappable(); err != nil {
			ref := domain.Ref{Cluster: c.name, Namespace: r.key.namespace, Name: r.key.name, UID: r.uid}
			page.ItemErrors = append(page.ItemErrors, domain.NewItemError(ref, args.Error(provider.OpListVMs, ref, err)))
			continue
		}
		page.Items = append(page.Items, c.view(r, at))
	}
	return page
}

// count is exact: VMs that may be gone were buried.
func (c *site) count(all bool, namespace string) int64 {
	if all {
		return int64(len(c.vms))
	}
	return int64(c.perSpace[namespace])
}

// ExpireCursors makes every cursor handed out so far expire, as a cluster does after some minutes: the next page is
// CURSOR_EXPIRED.
func (p *Provider) ExpireCursors() {
	for _, c := range p.clusters {
		c.mu.Lock()
		c.epoch++
		c.unlock()
	}
}
