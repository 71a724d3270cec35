package providertest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var watchMutants = slices.Concat(tellMutants, outliveMutants, endOfStreamMutants)

var tellMutants = []mutant{
	{"a stream says nothing of when the set is whole", without(func(ranged) func(vmEvent) bool {
		return func(event vmEvent) bool { return event.Type == domain.EventSynced }
	})},
	{"SYNCED comes before the set is whole", eventwise(func(ranged) func(vmEvent) []vmEvent {
		early := false
		return func(event vmEvent) []vmEvent {
			switch {
			case event.Type == domain.EventAdded && !early:
				early = true
				return []vmEvent{event, {Type: domain.EventSynced, Revision: "early"}}
			case event.Type == domain.EventSynced && early:
				return nil
			}
			return []vmEvent{event}
		}
	})},
	{"the set is told as changes", eventwise(func(ranged) func(vmEvent) []vmEvent {
		synced := false
		return func(event vmEvent) []vmEvent {
			if synced = synced || event.Type == domain.EventSynced; !synced {
				event.Type = domain.EventModified
			}
			return []vmEvent{event}
		}
	})},
	{"what happens while the set is told is lost", streaming(func(r ranged, told events, yield tell) {
		for event, err := range told {
			if !yield(event, err) || err != nil {
				return
			}
			if event.Type == domain.EventSynced {
				break
			}
		}
		synced := false
		for event, err := range r.b.Provider.WatchVMs(r.ctx, r.at.Cluster, r.at.Namespace, r.opts) {
			if synced && !yield(event, err) {
				return
			}
			synced = synced || event.Type == domain.EventSynced
		}
	})},
	{"the last VM of the set is left out", eventwise(func(ranged) func(vmEvent) []vmEvent {
		var held []vmEvent
		synced := false
		return func(event vmEvent) []vmEvent {
			if synced || event.Type == domain.EventSynced {
				synced = true
				return []vmEvent{event}
			}
			out := held
			held = []vmEvent{event}
			return out
		}
	})},
	{"deletes are not told", without(func(ranged) func(vmEvent) bool {
		return func(event vmEvent) bool { return event.Type == domain.EventDeleted }
	})},
	{"VMs that come later are not told", without(func(ranged) func(vmEvent) bool {
		synced := false
		return func(event vmEvent) bool {
			synced = synced || event.Type == domain.EventSynced
			return synced && event.Type == domain.EventAdded
		}
	})},
	{"the set has revisions to go on from", eventwise(func(ranged) func(vmEvent) []vmEvent {
		return func(event vmEvent) []vmEvent {
			if event.Revision == "" && event.Type == domain.EventAdded {
				event.Revision = "within"
			}
			return []vmEvent{event}
		}
	})},
	{"a stream tells the VM's own half only", eventwise(func(ranged) func(vmEvent) []vmEvent {
		return func(event vmEvent) []vmEvent {
			if event.Value != nil && event.Value.Instance == domain.InstanceLive {
				event.Value.Status, event.Value.Instance = domain.StatusStopped, domain.InstanceNone
			}
			return []vmEvent{event}
		}
	})},
	{"a missing namespace is an error", streaming(func(_ ranged, told events, yield tell) {
		empty := true
		for event, err := range told {
			if empty && event.Type == domain.EventSynced && event.Revision != "" {
				yield(vmEvent{}, domain.E(domain.CodeNamespaceNotFound, nil, nil))
				return
			}
			empty = false
			if !yield(event, err) {
				return
			}
		}
	})},
	{"all namespaces are none", without(func(r ranged) func(vmEvent) bool {
		return func(event vmEvent) bool { return r.at.Namespace == provider.AllNamespaces && event.Value != nil }
	})},
	{"one namespace is all", func(b Backend) provider.Hook {
		return only(provider.OpWatchVMs, func(ctx context.Context, call *provider.Call, _ func(context.Context) error) error {
			opts, _ := call.Options.(provider.WatchOptions)
			call.Result = b.Provider.WatchVMs(ctx, call.Ref.Cluster, provider.AllNamespaces, opts)
			return nil
		})
	}},
	{"an older state is told once more", eventwise(func(ranged) func(vmEvent) []vmEvent {
		last := map[string]vmEvent{}
		return func(event vmEvent) []vmEvent {
			out := []vmEvent{event}
			if event.Value == nil {
				return out
			}
			was, told := last[event.Value.Name]
			last[event.Value.Name] = vmEvent{Type: domain.EventModified, Value: event.Value.Clone(), Revision: event.Revision}
			if told && event.Type == domain.EventModified {
				was.Revision = event.Revision
				out = append(out, was)
			}
			return out
		}
	})},
	{"changes are told twice", eventwise(func(ranged) func(vmEvent) []vmEvent {
		return func(event vmEvent) []vmEvent {
			if event.Type != domain.EventModified {
				return []vmEvent{event}
			}
			again := event
			again.Value = event.Value.Clone()
			return []vmEvent{event, again}
		}
	})},
	{"streams hand out what they keep", func(Backend) provider.Hook {
		var mu sync.Mutex
		kept := map[string]*domain.VM{}
		return eventwise(func(ranged) func(vmEvent) []vmEvent {
			return func(event vmEvent) []vmEvent {
				if event.Type == domain.EventAdded {
					mu.Lock()
					defer mu.Unlock()
					version := versionOf(event.Value)
					if kept[version] == nil {
						kept[version] = event.Value
					}
					event.Value = kept[version]
				}
				return []vmEvent{event}
			}
		})(Backend{})
	}},
	{"a selector chooses from the set and not from what follows", func(b Backend) provider.Hook {
		return only(provider.OpWatchVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			opts, _ := call.Options.(provider.WatchOptions)
			selector := opts.Selector
			opts.Selector = ""
			call.Options = opts
			if err := next(ctx); err != nil || selector == "" {
				return err
			}
			told, _ := call.Result.(events)
			page, err := b.Provider.ListVMs(ctx, call.Ref.Cluster, call.Ref.Namespace, provider.ListOptions{LabelSelector: selector})
			if err != nil {
				return err
			}
			chosen := listKeys(page.Items)
			call.Result = events(func(yield func(vmEvent, error) bool) {
				for event, err := range told {
					if err == nil && event.Value != nil && !slices.Contains(chosen, keyOf(event.Value)) {
						continue
					}
					if !yield(event, err) {
						return
					}
				}
			})
			return nil
		})
	}},
	{"what leaves a selection is told as a change", eventwise(func(r ranged) func(vmEvent) []vmEvent {
		return func(event vmEvent) []vmEvent {
			if event.Type == domain.EventDeleted && r.opts.Selector != "" {
				if vm := r.vm(event.Value.Name); vm != nil {
					event.Type, event.Value = domain.EventModified, vm
				}
			}
			return []vmEvent{event}
		}
	})},
	{"a VM that was made anew is told as a change", eventwise(func(r ranged) func(vmEvent) []vmEvent {
		pending := map[string]bool{}
		return func(event vmEvent) []vmEvent {
			switch {
			case event.Type == domain.EventDeleted && r.vm(event.Value.Name) != nil:
				pending[event.Value.Name] = true
				return nil
			case event.Type == domain.EventAdded && pending[event.Value.Name]:
				pending[event.Value.Name] = false
				event.Type = domain.EventModified
			}
			return []vmEvent{event}
		}
	})},
	{"a VM that was made anew is gone after it has come", eventwise(func(r ranged) func(vmEvent) []vmEvent {
		held := map[string]vmEvent{}
		return func(event vmEvent) []vmEvent {
			if event.Type == domain.EventDeleted && r.vm(event.Value.Name) != nil {
				held[event.Value.Name] = event
				return nil
			}
			if event.Type == domain.EventAdded {
				if gone, ok := held[event.Value.Name]; ok {
					delete(held, event.Value.Name)
					return []vmEvent{event, gone}
				}
			}
			return []vmEvent{event}
		}
	})},
}

// lossy rewrites what is told between REBUILDING and SYNCED.
func lossy(rewrite func(known map[string]*domain.VM, event vmEvent) []vmEvent) func(Backend) provider.Hook {
	return eventwise(func(ranged) func(vmEvent) []vmEvent {
		known := map[string]*domain.VM{}
		rebuilding := false
		return func(event vmEvent) []vmEvent {
			switch event.Type {
			case domain.EventRebuilding:
				rebuilding = true
			case domain.EventSynced:
				was := rebuilding
				rebuilding = false
				if was {
					return rewrite(known, event)
				}
			case domain.EventDeleted:
				delete(known, keyOf(event.Value))
			default:
				known[keyOf(event.Value)] = event.Value.Clone()
			}
			if rebuilding {
				return rewrite(known, event)
			}
			return []vmEvent{event}
		}
	})
}

var outliveMutants = []mutant{
	{"watch loses deletes during a relist", lossy(func(_ map[string]*domain.VM, event vmEvent) []vmEvent {
		if event.Type == domain.EventDeleted {
			return nil
		}
		return []vmEvent{event}
	})},
	{"deletes of a relist are told twice", lossy(func(_ map[string]*domain.VM, event vmEvent) []vmEvent {
		if event.Type == domain.EventDeleted {
			return []vmEvent{event, event}
		}
		return []vmEvent{event}
	})},
	{"deletes of a relist are told as if they had been seen", lossy(func(_ map[string]*domain.VM, event vmEvent) []vmEvent {
		event.FinalStateUnknown = false
		return []vmEvent{event}
	})},
	{"every delete is told as unseen", eventwise(func(ranged) func(vmEvent) []vmEvent {
		return func(event vmEvent) []vmEvent {
			event.FinalStateUnknown = event.Type == domain.EventDeleted
			return []vmEvent{event}
		}
	})},
	{"a lost place is not announced", without(func(ranged) func(vmEvent) bool {
		return func(event vmEvent) bool { return event.Type == domain.EventRebuilding }
	})},
	{"a rebuild has no end", lossy(func(_ map[string]*domain.VM, event vmEvent) []vmEvent {
		if event.Type == domain.EventSynced {
			return nil
		}
		return []vmEvent{event}
	})},
	{"unchanged VMs are told as changed after a relist", lossy(func(known map[string]*domain.VM, event vmEvent) []vmEvent {
		if event.Type != domain.EventSynced {
			return []vmEvent{event}
		}
		var out []vmEvent
		for _, vm := range known {
			out = append(out, vmEvent{Type: domain.EventModified, Value: vm.Clone(), Revision: event.Revision})
		}
		return append(out, event)
	})},
	{"the whole set comes again after a relist", lossy(func(known map[string]*domain.VM, event vmEvent) []vmEvent {
		if event.Type != domain.EventSynced {
			return []vmEvent{event}
		}
		var out []vmEvent
		for _, vm := range known {
			out = append(out, vmEvent{Type: domain.EventAdded, Value: vm.Clone(), Revision: event.Revision})
		}
		return append(out, event)
	})},
	{"a slow consumer is told everything", watching(func(opts *provider.WatchOptions) { opts.Queue = 1 << 20 })},
	{"what the queue does not hold is lost", bounded(func(n, queue int) bool { return n > queue })},
	{"a full queue keeps the latest only", bounded(func(n, queue int) bool { return n <= queue })},
	{"a stream begins anew whatever revision it is given", watching(func(opts *provider.WatchOptions) { opts.Revision = "" })},
	{"a stream that goes on leaves SYNCED out", resuming(func(n int, event vmEvent) []vmEvent {
		if n == 0 {
			return nil
		}
		return []vmEvent{event}
	})},
	{"a stream that goes on loses the first change", resuming(func(n int, event vmEvent) []vmEvent {
		if n == 1 {
			return nil
		}
		return []vmEvent{event}
	})},
	{"a stream that goes on tells the first change twice", resuming(func(n int, event vmEvent) []vmEvent {
		if n == 1 {
			return []vmEvent{event, event}
		}
		return []vmEvent{event}
	})},
	{"a stream that goes on has a revision of its own", resuming(func(n int, event vmEvent) []vmEvent {
		if n == 0 {
			event.Revision += "x"
		}
		return []vmEvent{event}
	})},
	{"a revision goes on one change too early", func(Backend) provider.Hook {
		before := map[string]string{}
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if opts, ok := call.Options.(provider.WatchOptions); ok && before[opts.Revision] != "" {
				opts.Revision = before[opts.Revision]
				call.Options = opts
			}
			last := ""
			return eventwise(func(ranged) func(vmEvent) []vmEvent {
				return func(event vmEvent) []vmEvent {
					if event.Revision != "" {
						before[event.Revision], last = last, event.Revision
					}
					return []vmEvent{event}
				}
			})(Backend{})(ctx, call, next)
		}
	}},
	{"a revision that is too old begins anew", regardless(domain.CodeRevisionExpired, func(_ *provider.Call, opts *provider.WatchOptions) { opts.Revision = "" })},
}

// resuming rewrites the events of a stream that goes on, which are counted from 0.
func resuming(rewrite func(n int, event vmEvent) []vmEvent) func(Backend) provider.Hook {
	return eventwise(func(r ranged) func(vmEvent) []vmEvent {
		n := -1
		return func(event vmEvent) []vmEvent {
			if r.opts.Revision == "" {
				return []vmEvent{event}
			}
			n++
			return rewrite(n, event)
		}
	})
}

// bounded has a queue of its own, which drops what waits: of the changes that come at one instant, the n-th is asked
// about. The bubble's clock stands still while events wait.
func bounded(drop func(n, queue int) bool) func(Backend) provider.Hook {
	return func(b Backend) provider.Hook {
		lost := without(func(r ranged) func(vmEvent) bool {
			var at time.Time
			n, synced := 0, false
			return func(event vmEvent) bool {
				was := synced
				synced = synced || event.Type == domain.EventSynced
				if now := time.Now(); !now.Equal(at) {
					at, n = now, 0
				}
				n++
				return was && r.opts.Queue > 0 && n > 1 && drop(n, r.opts.Queue)
			}
		})(b)
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			return lost(ctx, call, func(ctx context.Context) error {
				if opts, ok := call.Options.(provider.WatchOptions); ok {
					opts.Queue = 0
					call.Options = opts
				}
				return next(ctx)
			})
		}
	}
}

var endOfStreamMutants = []mutant{
	{"a canceled stream ends without a word", ending(domain.CodeCanceled, func(tell, vmEvent, error) {})},
	{"a stream past its deadline ends without a word", ending(domain.CodeDeadlineExceeded, func(tell, vmEvent, error) {})},
	{"a canceled stream is an unreachable cluster", ending(domain.CodeCanceled, func(yield tell, event vmEvent, err error) {
		yield(event, recoded(err, domain.CodeClusterUnreachable))
	})},
	{"a stream goes on behind its error", ending(domain.CodeCanceled, func(yield tell, event vmEvent, err error) {
		if yield(event, err) {
			yield(event, err)
		}
	})},
	{"a canceled stream ends in its own time", streaming(func(r ranged, told events, yield tell) {
		for event, err := range told {
			if err != nil && r.ctx.Err() != nil {
				time.Sleep(5 * time.Second)
			}
			if !yield(event, err) {
				return
			}
		}
	})},
	{"a stream does not hear a break", streaming(func(_ ranged, told events, yield tell) {
		told(func(event vmEvent, err error) bool {
			yield(event, err)
			return err == nil
		})
	})},
	{"a stream leaves its goroutine behind", streaming(func(_ ranged, told events, yield tell) {
		defer linger()
		told(yield)
	})},
	{"a second range goes on where the first one ended", func(Backend) provider.Hook {
		told := map[string]bool{}
		return without(func(ranged) func(vmEvent) bool {
			return func(event vmEvent) bool {
				if event.Type != domain.EventAdded {
					return false
				}
				version := versionOf(event.Value)
				again := told[version]
				told[version] = true
				return again
			}
		})(Backend{})
	}},
	{"an unknown cluster is one without VMs", func(b Backend) provider.Hook {
		return regardless(domain.CodeClusterNotFound, func(call *provider.Call, _ *provider.WatchOptions) {
			call.Ref = domain.Ref{Cluster: "west-1", Namespace: "suite-nowhere"}
		})(b)
	}},
	{"a bad selector selects everything", regardless(domain.CodeInvalidSelector, func(_ *provider.Call, opts *provider.WatchOptions) { opts.Selector = "" })},
	{"a negative queue is none", regardless(domain.CodeInvalidOption, func(_ *provider.Call, opts *provider.WatchOptions) { opts.Queue = 0 })},
	{"a foreign revision begins anew", regardless(domain.CodeInvalidCursor, func(_ *provider.Call, opts *provider.WatchOptions) { opts.Revision = "" })},
	{"a foreign revision is too old", streaming(func(_ ranged, told events, yield tell) {
		for event, err := range told {
			if domain.CodeOf(err) == domain.CodeInvalidCursor {
				err = recoded(err, domain.CodeRevisionExpired)
			}
			if !yield(event, err) {
				return
			}
		}
	})},
}
