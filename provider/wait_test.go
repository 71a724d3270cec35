package provider_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// script is a reader that gives one answer after the other, and repeats the last.
type script struct {
	provider.Unimplemented
	answers []answer
	asked   []time.Time
}

type answer struct {
	vm  domain.VM
	err error
}

func (s *script) GetVM(ctx context.Context, _, _, _ string) (*domain.VM, error) {
	n := min(len(s.asked), len(s.answers)-1)
	s.asked = append(s.asked, time.Now())
	if err := ctx.Err(); err != nil {
		return nil, domain.E(domain.CodeOf(err), nil, err)
	}
	a := s.answers[n]
	return &a.vm, a.err
}

func TestWaitVM(t *testing.T) {
	status := func(s domain.VMStatus) answer { return answer{vm: domain.VM{UID: "u1", Status: s}} }
	failed := answer{vm: domain.VM{UID: "u1", Status: domain.StatusFailed, Reason: domain.ReasonUnschedulable}}
	coded := func(code domain.Code, after time.Duration) answer {
		return answer{err: &domain.Error{Code: code, RetryAfter: after}}
	}
	for name, c := range map[string]struct {
		why     string
		answers []answer
		opts    provider.WaitOptions
		cancel  time.Duration
		want    domain.Code
		reads   int
	}{
		"at once":         {"a condition that holds needs one read", []answer{status(domain.StatusRunning)}, provider.WaitOptions{}, 0, "", 1},
		"later":           {"states are read until it holds", []answer{status(domain.StatusUnobserved), status(domain.StatusStarting), status(domain.StatusRunning)}, provider.WaitOptions{}, 0, "", 3},
		"passing errors":  {"an unreachable cluster does not end a wait", []answer{coded(domain.CodeClusterUnreachable, 0), coded(domain.CodeThrottled, time.Second), status(domain.StatusRunning)}, provider.WaitOptions{}, 0, "", 3},
		"final errors":    {"a refusal does", []answer{coded(domain.CodePermissionDenied, 0)}, provider.WaitOptions{}, 0, domain.CodePermissionDenied, 1},
		"missing":         {"a VM that is gone will not run", []answer{status(domain.StatusStarting), coded(domain.CodeVMNotFound, 0)}, provider.WaitOptions{}, 0, domain.CodeVMNotFound, 2},
		"other VM":        {"another VM of the same name is not the one waited for", []answer{status(domain.StatusRunning)}, provider.WaitOptions{UID: "u0"}, 0, domain.CodeVMNotFound, 1},
		"failure passes":  {"FAILED ends nothing by itself: room may appear", []answer{failed, failed, status(domain.StatusRunning)}, provider.WaitOptions{}, 0, "", 3},
		"failure ends it": {"unless its reason is named", []answer{failed}, provider.WaitOptions{FailOn: []domain.Reason{domain.ReasonUnschedulable}}, 0, domain.CodeInstanceFailed, 1},
		"canceled":        {"the caller's end is the wait's", []answer{status(domain.StatusStarting)}, provider.WaitOptions{}, 1200 * time.Millisecond, domain.CodeCanceled, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.cancel > 0 {
					defer time.AfterFunc(c.cancel, cancel).Stop()
				}
				r := &script{answers: c.answers}
				vm, err := provider.WaitVM(ctx, r, "c", "ns", "vm", provider.In(domain.StatusRunning), c.opts)
				if got := domain.CodeOf(err); got != c.want {
					t.Errorf("%s\nWaitVM() = %v, want code %q", c.why, err, c.want)
				}
				if (vm != nil) != (c.want == "") {
					t.Errorf("%s\nWaitVM() returned VM %v", c.why, vm)
				}
				if len(r.asked) != c.reads {
					t.Errorf("%s\n%d reads, want %d", c.why, len(r.asked), c.reads)
				}
			})
		})
	}
}

func TestWaitPausesGrowToTheirBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r := &script{answers: []answer{{vm: domain.VM{Status: domain.StatusStarting}}}}
		_, err := provider.WaitVM(ctx, r, "c", "ns", "vm", provider.In(domain.StatusRunning), provider.WaitOptions{})
		if domain.CodeOf(err) != domain.CodeDeadlineExceeded {
			t.Errorf("WaitVM() = %v", err)
		}
		var pauses []time.Duration
		for n := 1; n < len(r.asked); n++ {
			pauses = append(pauses, r.asked[n].Sub(r.asked[n-1]))
		}
		if !slices.IsSorted(pauses) || pauses[0] != 500*time.Millisecond || slices.Max(pauses) != 5*time.Second {
			t.Errorf("pauses %v", pauses)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &script{answers: []answer{{err: &domain.Error{Code: domain.CodeThrottled, RetryAfter: 30 * time.Second}}, {vm: domain.VM{Status: domain.StatusRunning}}}}
		if _, err := provider.WaitVM(t.Context(), r, "c", "ns", "vm", provider.In(domain.StatusRunning), provider.WaitOptions{}); err != nil {
			t.Fatal(err)
		}
		if pause := r.asked[1].Sub(r.asked[0]); pause != 30*time.Second {
			t.Errorf("asked again after %v", pause)
		}
	})
}

func TestWaitVMGone(t *testing.T) {
	for name, c := range map[string]struct {
		answers []answer
		opts    provider.WaitOptions
		want    domain.Code
	}{
		"gone":           {[]answer{{vm: domain.VM{UID: "u1", Deleting: true}}, {err: domain.CodeVMNotFound}}, provider.WaitOptions{}, ""},
		"replaced":       {[]answer{{vm: domain.VM{UID: "u2"}}}, provider.WaitOptions{UID: "u1"}, ""},
		"may not look":   {[]answer{{err: domain.CodePermissionDenied}}, provider.WaitOptions{}, domain.CodePermissionDenied},
		"cluster absent": {[]answer{{err: domain.CodeClusterNotFound}}, provider.WaitOptions{}, domain.CodeClusterNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := provider.WaitVMGone(t.Context(), &script{answers: c.answers}, "c", "ns", "vm", c.opts)
				if got := domain.CodeOf(err); got != c.want {
					t.Errorf("WaitVMGone() = %v, want %q", err, c.want)
				}
			})
		})
	}
}
