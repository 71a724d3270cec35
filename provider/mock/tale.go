package mock

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// events is what a stream of VMs is.
type events = iter.Seq2[domain.Event[*domain.VM], error]

// tale is a stream as it is written down: what it told, and the error it ended with, if that was not the end of its
// context, which is no answer of the cluster's.
type tale struct {
	Events []json.RawMessage `json:"events"`
	Error  *domain.Error     `json:"error,omitempty"`
}

// chapter is one of the events of a tale.
type chapter struct {
	domain.Event[*domain.VM]
	ItemError *domain.ItemError `json:"itemError,omitempty"`
}

// add writes down what a stream tells, before its consumer can change it.
func (t *tale) add(ctx context.Context, event domain.Event[*domain.VM], err error) error {
	c := chapter{Event: event}
	switch item, ok := errors.AsType[*domain.ItemError](err); {
	case ok:
		c.ItemError = item
	case err != nil:
		if ctx.Err() == nil {
			t.Error = plain(err)
		}
		return nil
	}
	text, err := masked(c)
	t.Events = append(t.Events, text)
	return err
}

// listen is a stream that is written down when its loop is over.
func (r *Recorder) listen(ctx context.Context, e entry, failed error, told events) events {
	return func(yield func(domain.Event[*domain.VM], error) bool) {
		t := tale{Events: []json.RawMessage{}}
		for event, err := range told {
			failed = errors.Join(failed, t.add(ctx, event, err))
			if !yield(event, err) {
				break
			}
		}
		e.Duration = time.Since(e.Time)
		result, err := masked(t)
		e.Result = result
		r.write(e, errors.Join(failed, err))
	}
}

// play tells a tale: what was told, at once, then nothing more until the context ends, or the error.
func (t tale) play(ctx context.Context, ref domain.Ref) events {
	return func(yield func(domain.Event[*domain.VM], error) bool) {
		var none domain.Event[*domain.VM]
		for _, text := range t.Events {
			var c chapter
			err := args.Context(ctx)
			if err == nil {
				err = json.Unmarshal(text, &c)
			}
			switch {
			case err != nil:
				yield(none, args.Error(provider.OpWatchVMs, ref, err))
				return
			case c.ItemError != nil:
				err = c.ItemError
			}
			if !yield(c.Event, err) {
				return
			}
		}
		if t.Error != nil {
			yield(none, cloneError(t.Error))
			return
		}
		<-ctx.Done()
		yield(none, args.Error(provider.OpWatchVMs, ref, args.Context(ctx)))
	}
}
