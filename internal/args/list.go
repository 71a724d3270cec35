package args

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/internal/selector"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// ListRequest is a checked list call.
type ListRequest struct {
	// Limit is between 1 and provider.MaxLimit.
	Limit int
	// Labels and Fields are the parsed selectors.
	Labels selector.Selector
	Fields selector.Fields
	// Cursor is where the page begins; Next makes the token of the page after it.
	Cursor paging.Cursor
	// All is true for provider.AllNamespaces.
	All bool

	listing paging.Listing
}

// Next makes the token of the next page.
func (r ListRequest) Next(c paging.Cursor) string { return paging.Encode(r.listing, c) }

// List checks the arguments of a list. Selectors count as written: a token goes with the very selector it was made for.
func List(ctx context.Context, op, cluster, namespace string, opts provider.ListOptions) (ListRequest, error) {
	return list(ctx, op, cluster, namespace, provider.AllNamespaces, opts)
}

// ListScoped is List for things of a namespace or, with provider.ClusterScope, of the whole cluster.
func ListScoped(ctx context.Context, op, cluster, namespace string, opts provider.ListOptions) (ListRequest, error) {
	return list(ctx, op, cluster, namespace, provider.ClusterScope, opts)
}

// list takes one word for a namespace that is none.
func list(ctx context.Context, op, cluster, namespace, word string, opts provider.ListOptions) (ListRequest, error) {
	r := ListRequest{
		Limit:   opts.Limit,
		All:     namespace == provider.AllNamespaces,
		listing: paging.Listing{Kind: op, Cluster: cluster, Namespace: namespace, LabelSelector: opts.LabelSelector, FieldSelector: opts.FieldSelector},
	}
	checks := []*domain.FieldError{names.Cluster("cluster", cluster)}
	if namespace != word {
		checks = append(checks, names.Namespace("namespace", namespace))
	}
	if err := names.Check(checks...); err != nil {
		return r, err
	}
	switch {
	case opts.Limit < 0:
		return r, &domain.Error{
			Code:   domain.CodeInvalidLimit,
			Params: domain.Params{domain.ParamField: "limit"},
			Fields: []domain.FieldError{{Field: "limit", Reason: domain.FieldOutOfRange}},
		}
	case opts.Limit == 0:
		r.Limit = provider.DefaultLimit
	case opts.Limit > provider.MaxLimit:
		r.Limit = provider.MaxLimit
	}
	var err error
	if r.Labels, err = selector.Parse(opts.LabelSelector); err != nil {
		return r, err
	}
	if r.Fields, err = selector.ParseFields(opts.FieldSelector); err != nil {
		return r, err
	}
	if r.Cursor, err = paging.Decode(r.listing, opts.Continue); err != nil {
		return r, err
	}
	return r, Context(ctx)
}
