package mock

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Recorder writes down the calls of a provider with their answers, one JSON object a line, for a [Player]. Secrets are
// masked: those of a spec's CloudInit, the user data and network data of its manifest, and annotations that hold such
// (kubectl's last-applied-configuration, kubevirt.io/ignitiondata). Everything else is there as it is, names and labels
// and addresses. A call that panics leaves no line. It is safe for concurrent use; calls stand in the order in which they
// ended. A stream ends with its loop: what it told is kept until then.
type Recorder struct {
	mu  sync.Mutex
	w   io.Writer
	seq int
	err error
}

// NewRecorder makes a Recorder that writes to w, each line with one Write. It has no buffer, and does not close w.
func NewRecorder(w io.Writer) *Recorder { return &Recorder{w: w} }

// entry is a line of a record.
type entry struct {
	// Seq counts the lines from 1.
	Seq int `json:"seq"`
	// Time is when the call began.
	Time     time.Time     `json:"time"`
	Duration time.Duration `json:"durationNs"`
	Op       provider.Op   `json:"op"`
	Ref      domain.Ref    `json:"ref"`
	// Input and Options are masked. Result is missing for methods that return an error only, and with an error.
	Input   json.RawMessage `json:"input,omitempty"`
	Options json.RawMessage `json:"options,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *domain.Error   `json:"error,omitempty"`
}

// Hook returns what writes down the calls of a provider: provider.Wrap(p, recorder.Hook()). It records a call as the
// hooks in front of it have left it, and the answer as the hooks behind it have.
func (r *Recorder) Hook() provider.Hook {
	return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		begin := time.Now()
		e := entry{Time: begin.UTC().Round(0), Op: call.Op, Ref: call.Ref}
		var inputErr, optionsErr, resultErr error
		e.Input, inputErr = masked(call.Input) // now: hooks behind may replace it
		e.Options, optionsErr = masked(call.Options)

		err := next(ctx)
		if told, ok := call.Result.(events); ok && err == nil {
			call.Result = r.listen(ctx, e, errors.Join(inputErr, optionsErr), told)
			return nil
		}
		e.Duration = time.Since(begin)
		switch {
		case err != nil:
			e.Error = plain(err)
		case call.Result == nil && results[call.Op] != nil:
			e.Error = domain.E(domain.CodeInternal, nil, nil) // what the caller gets of a hook that answers nothing
		default:
			e.Result, resultErr = masked(call.Result)
		}
		r.write(e, errors.Join(inputErr, optionsErr, resultErr))
		return err
	}
}

// plain is the part of an error that goes through JSON.
func plain(err error) *domain.Error {
	if e, ok := errors.AsType[*domain.Error](err); ok {
		return e
	}
	return domain.E(domain.CodeOf(err), nil, nil)
}

// write adds a line. After an error there is none: half a line may stand there, and the next one would run into it.
func (r *Recorder) write(e entry, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	e.Seq = r.seq + 1
	line, lineErr := json.Marshal(e)
	if err = errors.Join(err, lineErr); err == nil {
		_, err = r.w.Write(append(line, '\n'))
	}
	if err != nil {
		r.err = err
		return
	}
	r.seq++
}

// Err returns the first error of writing the record, which ends with it; the calls themselves go on. It is what w
// returned, or says of which value no JSON could be made.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
