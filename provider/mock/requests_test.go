package mock_test

import (
	"context"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// TestRequests: what a call counts, whatever its answer.
func TestRequests(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		p, ctx := c.p, c.ctx()
		c.create(spec("vm"))
		c.is("vm", domain.StatusRunning)
		label := domain.VMChange{Labels: map[string]*string{"a": new("b")}}
		c.good(p.Edit(c.ref("vm"), "kubectl", domain.VMChange{Labels: map[string]*string{"a": new("theirs")}}))
		canceled, cancel := context.WithCancel(ctx)
		cancel()
		update := func(opts provider.UpdateOptions) error {
			_, _, err := p.UpdateVM(ctx, "mock", "team", "vm", label, opts)
			return err
		}
		unknownType := typed("nope", "")
		unknownType.Name = "new"
		for _, e := range []struct {
			why           string
			call          func() error
			code          domain.Code
			reads, writes int
		}{
			{"a read", func() error { return second(p.GetVM(ctx, "mock", "team", "vm")) }, "", 1, 0},
			{"a read of nothing", func() error { return second(p.GetVM(ctx, "mock", "team", "no")) }, domain.CodeVMNotFound, 1, 0},
			{"a list", func() error { return second(p.ListVMs(ctx, "mock", "*", provider.ListOptions{})) }, "", 1, 0},
			{"a list of instance types", func() error { return second(p.ListInstanceTypes(ctx, "mock", "-", provider.ListOptions{})) }, "", 1, 0},
			{"an ended context", func() error { return second(p.GetVM(canceled, "mock", "team", "vm")) }, domain.CodeCanceled, 0, 0},
			{"a bad name", func() error { return second(p.GetVM(ctx, "mock", "team", "")) }, domain.CodeInvalidName, 0, 0},
			{"a bad limit", func() error { return second(p.ListVMs(ctx, "mock", "*", provider.ListOptions{Limit: -1})) }, domain.CodeInvalidLimit, 0, 0},
			{"an unknown cluster", func() error { return second(p.GetVM(ctx, "other", "team", "vm")) }, domain.CodeClusterNotFound, 0, 0},
			{"a bad spec", func() error {
				return second(p.CreateVM(ctx, "mock", "team", domain.VMSpec{Name: "new"}, provider.CreateOptions{}))
			}, domain.CodeInvalidSpec, 0, 0},
			{"a bad option", func() error {
				return p.StopVM(ctx, "mock", "team", "vm", provider.StopOptions{GracePeriod: new(time.Duration(-1))})
			}, domain.CodeInvalidOption, 0, 0},
			{"a verb that the state forbids", func() error { return p.StartVM(ctx, "mock", "team", "vm", provider.StartOptions{}) }, domain.CodeVMAlreadyRunning, 1, 0},
			{"a verb for another VM", func() error { return p.StopVM(ctx, "mock", "team", "vm", provider.StopOptions{UID: "other"}) }, domain.CodeUIDConflict, 1, 0},
			{"a verb for no VM", func() error { return p.StopVM(ctx, "mock", "team", "no", provider.StopOptions{}) }, domain.CodeVMNotFound, 1, 0},
			{"a dry verb", func() error { return p.PauseVM(ctx, "mock", "team", "vm", provider.PauseOptions{DryRun: true}) }, "", 1, 0},
			{"a verb", func() error { return p.PauseVM(ctx, "mock", "team", "vm", provider.PauseOptions{}) }, "", 0, 1},
			{"a validation", func() error {
				return second(p.ValidateVM(ctx, "mock", "team", spec("new"), provider.ValidateOptions{}))
			}, "", 1, 0},
			{"a create of what there is", func() error {
				return second(p.CreateVM(ctx, "mock", "team", spec("vm"), provider.CreateOptions{}))
			}, domain.CodeVMAlreadyExists, 0, 1},
			{"a create with an unknown type", func() error {
				return second(p.CreateVM(ctx, "mock", "team", unknownType, provider.CreateOptions{}))
			}, domain.CodeInstanceTypeNotFound, 1, 0},
			{"a dry create", func() error {
				return second(p.CreateVM(ctx, "mock", "team", spec("new"), provider.CreateOptions{DryRun: true}))
			}, "", 1, 0},
			{"a create", func() error {
				return second(p.CreateVM(ctx, "mock", "team", spec("new"), provider.CreateOptions{}))
			}, "", 0, 1},
			{"an apply", func() error {
				return second(p.ApplyVM(ctx, "mock", "team", spec("new"), provider.ApplyOptions{}))
			}, "", 0, 1},
			{"an update of another's field", func() error { return update(provider.UpdateOptions{}) }, domain.CodeFieldConflict, 0, 1},
			{"an update of an older state", func() error { return update(provider.UpdateOptions{Revision: "0"}) }, domain.CodeRevisionConflict, 1, 0},
			{"a dry update", func() error { return update(provider.UpdateOptions{Force: true, DryRun: true}) }, "", 1, 0},
			{"an update", func() error { return update(provider.UpdateOptions{Force: true}) }, "", 0, 1},
			{"a migration", func() error {
				return second(p.MigrateVM(ctx, "mock", "team", "vm", provider.MigrateOptions{Name: "m"}))
			}, "", 0, 1},
			{"the same again", func() error {
				return second(p.MigrateVM(ctx, "mock", "team", "vm", provider.MigrateOptions{Name: "m"}))
			}, "", 1, 0},
			{"a second migration", func() error { return second(p.MigrateVM(ctx, "mock", "team", "vm", provider.MigrateOptions{})) },
				domain.CodeMigrationInProgress, 1, 0},
			{"the migration", func() error { return second(p.GetMigration(ctx, "mock", "team", "m")) }, "", 1, 0},
			{"a cancel", func() error { return p.CancelMigration(ctx, "mock", "team", "m", provider.CancelOptions{}) }, "", 0, 1},
			{"a cancel of none", func() error { return p.CancelMigration(ctx, "mock", "team", "no", provider.CancelOptions{}) },
				domain.CodeMigrationNotFound, 1, 0},
			{"a delete of another VM", func() error { return p.DeleteVM(ctx, "mock", "team", "vm", provider.DeleteOptions{UID: "other"}) },
				domain.CodeUIDConflict, 0, 1},
			{"a dry delete", func() error { return p.DeleteVM(ctx, "mock", "team", "vm", provider.DeleteOptions{DryRun: true}) }, "", 1, 0},
			{"a delete", func() error { return p.DeleteVM(ctx, "mock", "team", "vm", provider.DeleteOptions{}) }, "", 0, 1},
			{"what is done behind the callers' backs", func() error { return p.SetKnobs(c.ref("vm"), mock.Knobs{}) }, "", 0, 0},
		} {
			reads, writes := p.Requests()
			c.code(e.call(), e.code)
			if r, w := p.Requests(); r-reads != e.reads || w-writes != e.writes {
				t.Errorf("%s: %d reads and %d writes, want %d and %d", e.why, r-reads, w-writes, e.reads, e.writes)
			}
		}
	})
}
