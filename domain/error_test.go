package domain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestErrorHasExactlyOneCode(t *testing.T) {
	inner := E(CodeClusterUnreachable, nil, fs.ErrNotExist)
	outer := fmt.Errorf("reconcile: %w", fmt.Errorf("again: %w", E(CodeVMNotFound, nil, inner)))

	for _, code := range Codes() {
		if got, want := errors.Is(outer, code), code == CodeVMNotFound; got != want {
			t.Errorf("errors.Is(err, %s) = %t, want %t", code, got, want)
		}
	}
	if got := CodeOf(outer); got != CodeVMNotFound {
		t.Errorf("CodeOf() = %s", got)
	}
	if e, ok := errors.AsType[*Error](outer); !ok || e.Code != CodeVMNotFound {
		t.Errorf("errors.As found %+v", e)
	}
}

func TestNativeErrorIsReachable(t *testing.T) {
	err := E(CodeInternal, nil, &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist})
	if _, ok := errors.AsType[*fs.PathError](err); !ok {
		t.Error("errors.As does not reach the cause")
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("errors.Is does not reach a foreign sentinel")
	}
}

func TestKindsOfTheStandardLibrary(t *testing.T) {
	for _, code := range Codes() {
		for target, kind := range map[error]Kind{
			errors.ErrUnsupported:    KindUnsupported,
			context.Canceled:         KindCanceled,
			context.DeadlineExceeded: KindDeadlineExceeded,
		} {
			want := code.Kind() == kind
			if got := errors.Is(E(code, nil, nil), target); got != want {
				t.Errorf("errors.Is(%s, %v) = %t, want %t", code, target, got, want)
			}
			if got := errors.Is(code, target); got != want {
				t.Errorf("the bare code: errors.Is(%s, %v) = %t, want %t", code, target, got, want)
			}
		}
	}
	// A timeout underneath does not make an unreachable cluster the caller's deadline.
	if errors.Is(E(CodeClusterUnreachable, nil, context.DeadlineExceeded), context.DeadlineExceeded) {
		t.Error("the cause's sentinel shows through")
	}
}

func TestCodeOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Code
	}{
		{nil, ""},
		{CodeVMPausedForTest, "X"},
		{errors.New("x"), CodeInternal},
		{context.Canceled, CodeCanceled},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), CodeDeadlineExceeded},
		{errors.ErrUnsupported, CodeCapabilityUnsupported},
		{&Error{}, CodeInternal},
		{(*Error)(nil), CodeInternal},
		{errors.Join(errors.New("x"), E(CodeQueueFull, nil, nil)), CodeQueueFull},
	} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("CodeOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
	if got := KindOf(nil); got != "" {
		t.Errorf("KindOf(nil) = %q", got)
	}
	if got := CodeVMPausedForTest.Kind(); got != KindInternal {
		t.Errorf("a code of a newer version has kind %s", got)
	}
}

// CodeVMPausedForTest stands for a code of a newer version.
const CodeVMPausedForTest Code = "X"

func TestRetryable(t *testing.T) {
	allowed := map[Kind]bool{KindUnavailable: true, KindResourceExhausted: true, KindDeadlineExceeded: true, KindConflict: true}
	for _, code := range Codes() {
		if E(code, nil, nil).Retryable() && !allowed[code.Kind()] {
			t.Errorf("%s is of kind %s and retryable", code, code.Kind())
		}
	}
	for code, want := range map[Code]bool{
		CodeRevisionConflict: true, CodeUIDConflict: false, CodeTransitionInProgress: false, CodeThrottled: true,
		CodeQuotaExceeded: false, CodeVerbTimeout: true, CodeDeadlineExceeded: false, CodeClusterUnreachable: true,
	} {
		if got := E(code, nil, nil).Retryable(); got != want {
			t.Errorf("%s: Retryable() = %t, want %t", code, got, want)
		}
	}
}

func TestErrorText(t *testing.T) {
	err := &Error{
		Code: CodeFieldConflict, Op: "update_vm",
		Params: Params{ParamName: "web\nFORGED", ParamCluster: "c1"},
		Fields: []FieldError{{Field: "cpu.cores", Reason: FieldOwned, Manager: "virt-api", Detail: "d"}},
		Err:    errors.New("cause\nFORGED"),
	}
	const want = `update_vm: FIELD_CONFLICT (cluster=c1 name="web\nFORGED"); cpu.cores: owned by "virt-api" (d): cause FORGED`
	if got := err.Error(); got != want {
		t.Errorf("Error() = %s\nwant      %s", got, want)
	}
}

func TestErrorJSON(t *testing.T) {
	in := &Error{Code: CodeThrottled, Op: "get_vm", Params: Params{ParamCluster: "c1"}, RetryAfter: 1500 * time.Millisecond,
		Fields: []FieldError{{Field: "a", Reason: FieldInvalid}}, OutcomeUnknown: true, Err: errors.New("internal text")}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "internal text") {
		t.Errorf("the cause is marshalled: %s", data)
	}
	var out Error
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	in.Err = nil
	if fmt.Sprintf("%+v", out) != fmt.Sprintf("%+v", *in) {
		t.Errorf("read back %+v, want %+v", out, *in)
	}
}

func TestWithDoesNotChangeTheOriginal(t *testing.T) {
	one := E(CodeVMNotFound, Params{ParamName: "a"}, nil)
	two := one.With(ParamName, "b").With(ParamUID, "")
	if one.Params[ParamName] != "a" || two.Params[ParamName] != "b" || len(two.Params) != 1 {
		t.Errorf("one %v, two %v", one.Params, two.Params)
	}
}

func TestSecretNeverPrints(t *testing.T) {
	s := struct {
		S Secret
		P *Secret
	}{S: NewSecret("hunter2")}
	s.P = &s.S
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "s", s.S, "p", s.P, "both", s)
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	hidden := struct{ s Secret }{s.S}
	spec := VMSpec{CloudInit: &CloudInit{UserData: s.S}}
	texts := []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s.S, s.S, s.S, s.S), fmt.Sprint(s.P), string(data), logged.String(),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%t", "%c", "%p"} {
		texts = append(texts, fmt.Sprintf(verb, hidden), fmt.Sprintf(verb, spec), fmt.Sprintf(verb, s.S))
	}
	for _, text := range texts {
		if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("printed: %s", text)
		}
	}
	if s.S.Reveal() != "hunter2" || !s.S.Equal(NewSecret("hunter2")) || s.S.IsZero() {
		t.Error("the value is lost")
	}
}

func TestMaskIsRefusedByField(t *testing.T) {
	var spec VMSpec
	err := json.Unmarshal([]byte(`{"cloudInit":{"networkData":"[secret]"}}`), &spec)
	if e, ok := errors.AsType[*Error](err); !ok || e.Params[ParamField] != "cloudInit.networkData" {
		t.Errorf("Unmarshal() = %v", err)
	}
	if err := json.Unmarshal([]byte(`{"cloudInit":{"userData":"x","userDataSecret":"s"}}`), &spec); err != nil || spec.CloudInit.UserData.Reveal() != "x" || spec.CloudInit.UserDataSecret != "s" {
		t.Errorf("Unmarshal() = %v, %+v", err, spec.CloudInit)
	}
}

func TestSecretRefusesItsMask(t *testing.T) {
	for in, want := range map[string]Code{`"[secret]"`: CodeInvalidSpec, `7`: CodeInvalidSpec, `"x"`: "", `""`: ""} {
		var s Secret
		if got := CodeOf(json.Unmarshal([]byte(in), &s)); got != want {
			t.Errorf("Unmarshal(%s): %q, want %q", in, got, want)
		}
	}
}
