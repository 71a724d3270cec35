package contract

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Listing is a call of ListVMs that is good. Its page is made of the VMs for which [Listing.Matches] holds, in the byte
// order of their [Key], from the first one behind After, at most Limit of them; and if there are more, Continue is
// [Listing.Next] of the last one's key.
type Listing struct {
	// Limit is the size of the page, 1 to provider.MaxLimit.
	Limit int
	// After is the key of the last VM of the page before; empty for the first page. It may be gone by now.
	After string

	namespace string
	request   args.ListRequest
}

// List checks a call of ListVMs: names, INVALID_NAME; limit, INVALID_LIMIT; selectors, INVALID_SELECTOR; the token, which
// must be one that Next made for the very same listing, INVALID_CURSOR; and ctx.
func List(ctx context.Context, cluster, namespace string, opts provider.ListOptions) (Listing, error) {
	request, err := args.List(ctx, provider.OpListVMs, cluster, namespace, opts)
	if err != nil {
		return Listing{}, err
	}
	return Listing{Limit: request.Limit, After: request.Cursor.LastKey, namespace: namespace, request: request}, nil
}

// Key is the place of a VM in lists.
func Key(namespace, name string) string { return namespace + "/" + name }

// Matches says whether a VM of the cluster belongs into the listing, by its namespace and by the selectors.
func (l Listing) Matches(vm *domain.VM) bool {
	return (l.request.All || vm.Namespace == l.namespace) &&
		l.request.Labels.Matches(vm.Labels) && l.request.Fields.Matches(vm.Namespace, vm.Name)
}

// Next makes the token of the page behind a key.
func (l Listing) Next(key string) string { return l.request.Next(paging.Cursor{LastKey: key}) }
