package mock

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Player is a provider that answers as another one did, out of the record of a [Recorder]. It is safe for concurrent use.
//
// A call is answered when its operation, ref, input and options were recorded, secrets masked: two calls that differ in
// a secret only are equal. Equal calls get the recorded answers in their order, then the last one again and again. Errors
// have their code, params and fields, and no cause; every answer is a value of its own. Nothing takes any time: a stream
// tells at once what it told then, and if it was not ended by an error it is silent until its context ends.
//
// A call that was never recorded is INTERNAL with param reason "not_recorded": no state of a cluster that a program could
// act upon, but a fault of the test. A context that has ended is answered before the record is asked.
type Player struct {
	played

	mu     sync.Mutex
	tracks map[string]*track
}

var _ provider.Provider = (*Player)(nil)

// played keeps the embedded provider from being a field of the Player's that others could set.
type played = provider.Provider

// track are the answers to equal calls.
type track struct {
	answers []entry
	next    int
}

// NewPlayer reads a record to its end. A line that is no part of a record is INVALID_OPTION with its number in param
// field, as "line 3". Empty lines are skipped.
func NewPlayer(r io.Reader) (*Player, error) {
	p := &Player{tracks: map[string]*track{}}
	p.played = provider.Wrap(provider.Unimplemented{}, p.answer)
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, end := lines.ReadBytes('\n')
		if end != nil && !errors.Is(end, io.EOF) {
			return nil, badLine(n, end)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := p.add(line); err != nil {
				return nil, badLine(n, err)
			}
		}
		if end != nil {
			return p, nil
		}
	}
}

func badLine(n int, err error) error {
	e, _ := errors.AsType[*domain.Error](args.Option(fmt.Sprintf("line %d", n), domain.FieldInvalid))
	e.Err = err
	return e
}

// add takes one line in, after a look whether it can be played.
func (p *Player) add(line []byte) error {
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	if err := e.check(); err != nil {
		return err
	}
	k, err := trackKey(e.Op, e.Ref, e.Input, e.Options)
	if err != nil {
		return err
	}
	if p.tracks[k] == nil {
		p.tracks[k] = &track{}
	}
	p.tracks[k].answers = append(p.tracks[k].answers, e)
	return nil
}

func (e *entry) check() error {
	read, known := results[e.Op]
	switch {
	case !known:
		return fmt.Errorf("there is no operation %q", e.Op)
	case e.Error != nil && e.Error.Code == "":
		return errors.New("an error without a code")
	case e.Error != nil || read == nil:
		return nil
	}
	_, err := read(e.Result)
	return err
}

// trackKey is equal for calls that look equal. Options that are not set are left out, so that a record outlives one that
// is added.
func trackKey(op provider.Op, ref domain.Ref, input, options json.RawMessage) (string, error) {
	key := []any{op, ref, nil, nil}
	for n, raw := range []json.RawMessage{input, options} {
		if len(raw) == 0 {
			continue
		}
		tree, err := decoded(raw)
		if err != nil {
			return "", err
		}
		key[2+n] = tree
	}
	if set, ok := key[3].(map[string]any); ok {
		for name, value := range set {
			if value == nil || value == false || value == "" { // a grace period of 0 is one
				delete(set, name)
			}
		}
	}
	text, err := json.Marshal(key)
	return string(text), err
}

// answer is the hook that plays: it never calls next.
func (p *Player) answer(ctx context.Context, call *provider.Call, _ func(context.Context) error) error {
	ref := call.Ref
	if err := args.Context(ctx); err != nil {
		return args.Error(call.Op, ref, err)
	}
	e, err := p.find(call)
	if err != nil {
		return args.Error(call.Op, ref, err)
	}
	if e.Error != nil {
		return e.Error
	}
	if read := results[call.Op]; read != nil {
		call.Result, err = read(e.Result)
	}
	if t, ok := call.Result.(tale); ok {
		call.Result = t.play(ctx, ref)
	}
	return args.Error(call.Op, ref, err)
}

// find returns the answer whose turn it is. Nothing in it is shared.
func (p *Player) find(call *provider.Call) (entry, error) {
	input, inputErr := masked(call.Input)
	options, optionsErr := masked(call.Options)
	k, keyErr := trackKey(call.Op, call.Ref, input, options)
	if err := errors.Join(inputErr, optionsErr, keyErr); err != nil {
		return entry{}, domain.E(domain.CodeInternal, nil, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tracks[k]
	if t == nil {
		return entry{}, domain.E(domain.CodeInternal, domain.Params{domain.ParamReason: "not_recorded"}, nil)
	}
	e := t.answers[t.next]
	t.next = min(t.next+1, len(t.answers)-1)
	e.Error = cloneError(e.Error)
	return e, nil
}

func cloneError(e *domain.Error) *domain.Error {
	if e == nil {
		return nil
	}
	text, err := json.Marshal(e)
	clone := new(domain.Error)
	if err != nil || json.Unmarshal(text, clone) != nil {
		return e // not to be: it was read from JSON
	}
	return clone
}

// results read the answers of the operations, each time anew; nil for those that answer an error only.
var results = map[provider.Op]func(json.RawMessage) (any, error){
	provider.OpGetVM:             resultOf[*domain.VM],
	provider.OpListVMs:           resultOf[*domain.VMList],
	provider.OpWatchVMs:          resultOf[tale],
	provider.OpCreateVM:          resultOf[*domain.VM],
	provider.OpApplyVM:           resultOf[*domain.VM],
	provider.OpUpdateVM:          resultOf[provider.UpdateResult],
	provider.OpValidateVM:        resultOf[domain.Validation],
	provider.OpDeleteVM:          nil,
	provider.OpStartVM:           nil,
	provider.OpStopVM:            nil,
	provider.OpRestartVM:         nil,
	provider.OpPauseVM:           nil,
	provider.OpUnpauseVM:         nil,
	provider.OpSoftRebootVM:      nil,
	provider.OpResetVM:           nil,
	provider.OpMigrateVM:         resultOf[*domain.Migration],
	provider.OpGetMigration:      resultOf[*domain.Migration],
	provider.OpListMigrations:    resultOf[*domain.MigrationList],
	provider.OpCancelMigration:   nil,
	provider.OpGetInstanceType:   resultOf[*domain.InstanceType],
	provider.OpListInstanceTypes: resultOf[*domain.InstanceTypeList],
	provider.OpGetPreference:     resultOf[*domain.Preference],
	provider.OpListPreferences:   resultOf[*domain.PreferenceList],
}

func resultOf[T any](raw json.RawMessage) (any, error) {
	var value T
	err := json.Unmarshal(raw, &value)
	return value, err
}
