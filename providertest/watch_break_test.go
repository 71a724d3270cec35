package providertest

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Ways to break a stream.

// vmEvent is one event, and tell takes it to the consumer, false when that wants no more.
type (
	vmEvent = domain.Event[*domain.VM]
	tell    = func(vmEvent, error) bool
)

// ranged is a call of WatchVMs that is ranged over.
type ranged struct {
	b    Backend
	ctx  context.Context //nolint:containedctx // it is that of the call
	at   domain.Ref
	opts provider.WatchOptions
}

// vm reads a VM past the hook; nil when there is none.
func (r ranged) vm(name string) *domain.VM {
	vm, err := r.b.Provider.GetVM(r.ctx, r.at.Cluster, r.at.Namespace, name)
	if err != nil {
		return nil
	}
	return vm
}

// streaming has a stream told in another way.
func streaming(broken func(r ranged, told events, yield tell)) func(Backend) provider.Hook {
	return func(b Backend) provider.Hook {
		return only(provider.OpWatchVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			opts, _ := call.Options.(provider.WatchOptions)
			if err := next(ctx); err != nil {
				return err
			}
			if told, ok := call.Result.(events); ok {
				call.Result = events(func(yield func(vmEvent, error) bool) { broken(ranged{b, ctx, call.Ref, opts}, told, yield) })
			}
			return nil
		})
	}
}

// eventwise has each event replaced by some, of what it is told to be and what the stream has told before. New is called
// once for each stream.
func eventwise(begin func(r ranged) func(vmEvent) []vmEvent) func(Backend) provider.Hook {
	return streaming(func(r ranged, told events, yield tell) {
		rewrite := begin(r)
		for event, err := range told {
			if err != nil {
				yield(event, err)
				return
			}
			for _, other := range rewrite(event) {
				if !yield(other, nil) {
					return
				}
			}
		}
	})
}

// without leaves events out.
func without(of func(r ranged) func(vmEvent) bool) func(Backend) provider.Hook {
	return eventwise(func(r ranged) func(vmEvent) []vmEvent {
		drop := of(r)
		return func(event vmEvent) []vmEvent {
			if drop(event) {
				return nil
			}
			return []vmEvent{event}
		}
	})
}

// ending has the error that a stream ends with replaced; nil is none.
func ending(of domain.Code, end func(yield tell, event vmEvent, err error)) func(Backend) provider.Hook {
	return streaming(func(_ ranged, told events, yield tell) {
		for event, err := range told {
			if domain.CodeOf(err) == of {
				end(yield, event, err)
				return
			}
			if !yield(event, err) {
				return
			}
		}
	})
}

// watching rewrites the options of a stream.
func watching(rewrite func(opts *provider.WatchOptions)) func(Backend) provider.Hook {
	return asking(provider.OpWatchVMs, func(_ *provider.Call, opts provider.WatchOptions) provider.WatchOptions {
		rewrite(&opts)
		return opts
	})
}

// regardless begins a stream anew, with other options, where it is refused by a code.
func regardless(of domain.Code, rewrite func(call *provider.Call, opts *provider.WatchOptions)) func(Backend) provider.Hook {
	return func(b Backend) provider.Hook {
		return only(provider.OpWatchVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if err := next(ctx); err != nil {
				return err
			}
			told, _ := call.Result.(events)
			opts, _ := call.Options.(provider.WatchOptions)
			at := *call
			call.Result = events(func(yield func(vmEvent, error) bool) {
				for event, err := range told {
					if domain.CodeOf(err) == of {
						rewrite(&at, &opts)
						b.Provider.WatchVMs(ctx, at.Ref.Cluster, at.Ref.Namespace, opts)(yield)
						return
					}
					if !yield(event, err) {
						return
					}
				}
			})
			return nil
		})
	}
}
