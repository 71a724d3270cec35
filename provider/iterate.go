package provider

import (
	"context"
	"iter"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// VMs walks all pages of ListVMs, in order. Breaking out of the loop ends it: no further call is made.
//
// An error that is a *domain.ItemError stands for one VM that could not be read, and more values follow; any other
// error is the last value. opts.Continue, if given, is where the walk begins, and opts.Limit the size of its pages.
func VMs(ctx context.Context, r VMReader, cluster, namespace string, opts ListOptions) iter.Seq2[*domain.VM, error] {
	return pages(opts, func(opts ListOptions) (*domain.VMList, error) {
		return r.ListVMs(ctx, cluster, namespace, opts)
	})
}

// pages turns a paged list into a sequence: the one loop behind every iterator of this package.
func pages[T any](opts ListOptions, list func(ListOptions) (*domain.Page[*T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		opts := opts
		for {
			page, err := list(opts)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			for _, itemErr := range page.ItemErrors {
				if !yield(nil, itemErr) {
					return
				}
			}
			if page.Continue == "" {
				return
			}
			opts.Continue = page.Continue
		}
	}
}
