package domain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Params are the values a translated message needs, by the keys below. They never hold a secret.
type Params map[string]string

// The common keys of [Params].
const (
	ParamCluster   = "cluster"
	ParamNamespace = "namespace"
	ParamName      = "name"
	ParamUID       = "uid"
	ParamField     = "field"     // the argument or option that is wrong
	ParamReason    = "reason"    // a back end's machine-readable reason
	ParamCause     = "cause"     // of CAPABILITY_UNSUPPORTED
	ParamManager   = "manager"   // a field manager
	ParamStatus    = "status"    // the VM's status at the time
	ParamMigration = "migration" // of MIGRATION_IN_PROGRESS: the name of the one that is active
)

// FieldError says what is wrong with one field.
type FieldError struct {
	// Field is a path in the terms of the call: "cpu.cores", "disks[1].name", or of the server: "spec.runStrategy".
	Field string `json:"field"`
	// Reason is one of the Field... constants.
	Reason string `json:"reason"`
	// Manager is the field manager that owns the field, for FIELD_CONFLICT.
	Manager string `json:"manager,omitempty"`
	// Detail is English text for logs. It never repeats a secret's value.
	Detail string `json:"detail,omitempty"`
}

// Reasons of a [FieldError].
const (
	FieldRequired     = "required"
	FieldInvalid      = "invalid"
	FieldDuplicate    = "duplicate"
	FieldTooLong      = "too_long"
	FieldOutOfRange   = "out_of_range"
	FieldContradicts  = "contradicts" // with another field
	FieldNotSupported = "not_supported"
	FieldNotFound     = "not_found"
	FieldOwned        = "owned" // by another field manager
	FieldImmutable    = "immutable"
)

// Error is the one error type of this library. Programs act on Code and Params, people read Error().
//
// errors.Is holds for exactly one code, whatever Err is; errors.As reaches what Err wraps, such as the Kubernetes
// status behind a KubeVirt answer.
type Error struct {
	Code   Code
	Op     string // the verb, as "start_vm"; see the Op constants of package provider
	Params Params
	// Fields lists every field that is wrong, not only the first.
	Fields []FieldError
	// RetryAfter is the server's own wish, zero when it has none.
	RetryAfter time.Duration
	// OutcomeUnknown is true when a write may have happened although no answer came back.
	// Repeat it with the same idempotency key, or read first.
	OutcomeUnknown bool
	// Err is the cause, for logs. It never belongs into a response body, and is not marshalled.
	Err error
}

// E makes an Error. params and cause may be nil.
func E(code Code, params Params, cause error) *Error {
	return &Error{Code: code, Params: params, Err: cause}
}

// Invalid makes an INVALID_SPEC error out of field errors; nil when there are none.
func Invalid(fields ...FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Code: CodeInvalidSpec, Params: Params{ParamField: fields[0].Field}, Fields: fields}
}

// Kind returns the kind of the code.
func (e *Error) Kind() Kind { return e.Code.Kind() }

// Retryable says whether a program may repeat the call by itself, after a pause and, for a lost write race, after
// reading again. It never holds for FAILED_PRECONDITION: a state does not pass because one asks again, wait for it.
func (e *Error) Retryable() bool {
	return e.Code.Retry() != RetryNever && e.Kind() != KindFailedPrecondition
}

// Error tells op, code, params and cause on one line: for logs, never for matching.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	b.WriteString(string(e.Code))
	for i, key := range slices.Sorted(maps.Keys(e.Params)) {
		sep := " "
		if i == 0 {
			sep = " ("
		}
		fmt.Fprintf(&b, "%s%s=%s", sep, key, printable(e.Params[key]))
	}
	if len(e.Params) > 0 {
		b.WriteString(")")
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "; %s: %s", oneLine(f.Field), oneLine(f.Reason))
		if f.Manager != "" {
			fmt.Fprintf(&b, " by %q", f.Manager)
		}
		if f.Detail != "" {
			b.WriteString(" (" + oneLine(f.Detail) + ")")
		}
	}
	if e.Err != nil {
		b.WriteString(": " + oneLine(e.Err.Error()))
	}
	return b.String()
}

// printable quotes what could forge a line of a log: names are checked, but the error tells what was wrong with them.
func printable(s string) string {
	const enough = 256
	if len(s) > enough {
		s = s[:enough] + "..."
	}
	if quoted := strconv.QuoteToASCII(s); quoted[1:len(quoted)-1] != s {
		return quoted
	}
	return s
}

// oneLine keeps foreign text from forging a line of a log: control characters become spaces.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// Is reports whether target is this error's code, or the standard error of its kind: errors.ErrUnsupported,
// context.Canceled, context.DeadlineExceeded.
func (e *Error) Is(target error) bool {
	return target == e.Code || e.Code.Is(target)
}

// Unwrap returns the cause, stripped of any code of its own: an error has exactly one.
func (e *Error) Unwrap() error {
	if e.Err == nil {
		return nil
	}
	return cause{e.Err}
}

// With returns a copy with the params added; an empty value is left out.
func (e *Error) With(key, value string) *Error {
	c := *e
	c.Params = maps.Clone(e.Params)
	if c.Params == nil {
		c.Params = Params{}
	}
	if value != "" {
		c.Params[key] = value
	}
	return &c
}

// cause lets errors.As reach a native error but hides codes and the sentinels that codes stand for.
type cause struct{ err error }

func (c cause) Error() string { return c.err.Error() }

func (c cause) Is(target error) bool {
	if _, ok := target.(Code); ok {
		return false
	}
	switch target {
	case errors.ErrUnsupported, context.Canceled, context.DeadlineExceeded:
		return false
	}
	return errors.Is(c.err, target)
}

func (c cause) As(target any) bool {
	switch target.(type) {
	case **Error, *Code:
		return false
	}
	return errors.As(c.err, target)
}

// standardError is the error of the standard library that a kind satisfies, or nil.
func standardError(k Kind) error {
	switch k {
	case KindUnsupported:
		return errors.ErrUnsupported
	case KindCanceled:
		return context.Canceled
	case KindDeadlineExceeded:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

type wireError struct {
	Code           Code         `json:"code"`
	Op             string       `json:"op,omitempty"`
	Params         Params       `json:"params,omitempty"`
	Fields         []FieldError `json:"fields,omitempty"`
	RetryAfterMS   int64        `json:"retryAfterMs,omitempty"`
	OutcomeUnknown bool         `json:"outcomeUnknown,omitempty"`
}

// MarshalJSON writes everything but Err.
func (e Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireError{e.Code, e.Op, e.Params, e.Fields, e.RetryAfter.Milliseconds(), e.OutcomeUnknown})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *Error) UnmarshalJSON(data []byte) error {
	var w wireError
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*e = Error{Code: w.Code, Op: w.Op, Params: w.Params, Fields: w.Fields,
		RetryAfter: time.Duration(w.RetryAfterMS) * time.Millisecond, OutcomeUnknown: w.OutcomeUnknown}
	return nil
}
