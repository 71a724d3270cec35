package providertest

import (
	"context"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// provoked is an error that a check called forth.
type provoked struct {
	what string
	op   provider.Op
	// ref is what the call named.
	ref domain.Ref
	err error
	// want is the code; "" where a provider without the capability answers otherwise.
	want domain.Code
}

// provokedByVerbs calls every method there is on what is not there, or with an argument that cannot be. A verb that the
// provider does not have is an error as well.
func (e *env) provokedByVerbs() []provoked {
	missing, space := e.ref("missing"), e.ref("")
	bad := provider.ListOptions{Limit: -1}
	noStrategy := e.spec("missing", domain.RunStrategyHalted)
	noStrategy.RunStrategy, noStrategy.Manifest = "", nil
	nowhere := domain.Ref{Cluster: "no-such-cluster", Namespace: e.ns, Name: "vm"}
	all := []provoked{
		{op: provider.OpGetVM, ref: missing, want: domain.CodeVMNotFound, err: second(e.Provider.GetVM(e.ctx, e.cluster, e.ns, "missing"))},
		{op: provider.OpListVMs, ref: space, want: domain.CodeInvalidLimit, err: second(e.Provider.ListVMs(e.ctx, e.cluster, e.ns, bad))},
		{op: provider.OpWatchVMs, ref: space, err: firstError(e.Provider.WatchVMs(e.ctx, e.cluster, e.ns, provider.WatchOptions{Queue: -1}))},
		{op: provider.OpCreateVM, ref: missing, want: domain.CodeInvalidSpec,
			err: second(e.Provider.CreateVM(e.ctx, e.cluster, e.ns, noStrategy, provider.CreateOptions{}))},
		{op: provider.OpDeleteVM, ref: missing, want: domain.CodeVMNotFound, err: e.remove("missing")},
		{op: provider.OpApplyVM, ref: missing, err: second(e.Provider.ApplyVM(e.ctx, e.cluster, e.ns, noStrategy, provider.ApplyOptions{}))},
		{op: provider.OpValidateVM, ref: nowhere,
			err: second(e.Provider.ValidateVM(e.ctx, nowhere.Cluster, e.ns, e.spec("vm", domain.RunStrategyHalted), provider.ValidateOptions{}))},
		{op: provider.OpStartVM, ref: missing, err: e.start("missing")},
		{op: provider.OpStopVM, ref: missing, err: e.stop("missing")},
		{op: provider.OpRestartVM, ref: missing, err: e.restart("missing")},
		{op: provider.OpPauseVM, ref: missing, err: e.pause("missing")},
		{op: provider.OpUnpauseVM, ref: missing, err: e.unpause("missing")},
		{op: provider.OpSoftRebootVM, ref: missing, err: e.softReboot("missing")},
		{op: provider.OpResetVM, ref: missing, err: e.reset("missing")},
		{op: provider.OpMigrateVM, ref: missing, err: second(e.migrate("missing"))},
		{op: provider.OpGetMigration, ref: missing, err: second(e.Provider.GetMigration(e.ctx, e.cluster, e.ns, "missing"))},
		{op: provider.OpListMigrations, ref: missing, err: second(e.Provider.ListMigrations(e.ctx, e.cluster, e.ns, "missing", bad))},
		{op: provider.OpCancelMigration, ref: missing, err: e.Provider.CancelMigration(e.ctx, e.cluster, e.ns, "missing", provider.CancelOptions{})},
		{op: provider.OpGetInstanceType, ref: missing, err: second(e.Provider.GetInstanceType(e.ctx, e.cluster, e.ns, "missing"))},
		{op: provider.OpListInstanceTypes, ref: space, err: second(e.Provider.ListInstanceTypes(e.ctx, e.cluster, e.ns, bad))},
		{op: provider.OpGetPreference, ref: missing, err: second(e.Provider.GetPreference(e.ctx, e.cluster, e.ns, "missing"))},
		{op: provider.OpListPreferences, ref: space, err: second(e.Provider.ListPreferences(e.ctx, e.cluster, e.ns, bad))},
	}
	_, _, err := e.update("missing", label("a", "1"))
	all = append(all, provoked{op: provider.OpUpdateVM, ref: missing, err: err})
	for n := range all {
		all[n].what = "an error of " + all[n].op
	}
	return all
}

// provokedByState are the errors about a VM that is there, off and quiet, and about calls that cannot be.
func (e *env) provokedByState(vm *domain.VM) []provoked {
	ref, space := e.ref(vm.Name), e.ref("")
	list := func(opts provider.ListOptions) error { return second(e.Provider.ListVMs(e.ctx, e.cluster, e.ns, opts)) }
	remove := func(opts provider.DeleteOptions) error {
		return e.Provider.DeleteVM(e.ctx, e.cluster, e.ns, vm.Name, opts)
	}
	canceled, cancel := context.WithCancel(e.ctx)
	cancel()
	late, end := context.WithDeadline(e.ctx, time.Now().Add(-time.Second))
	defer end()
	return []provoked{
		{"an unknown cluster", provider.OpGetVM, domain.Ref{Cluster: "no-such-cluster", Namespace: e.ns, Name: vm.Name},
			second(e.Provider.GetVM(e.ctx, "no-such-cluster", e.ns, vm.Name)), domain.CodeClusterNotFound},
		{"a name that cannot be", provider.OpGetVM, e.ref("Not_A_Name"),
			second(e.Provider.GetVM(e.ctx, e.cluster, e.ns, "Not_A_Name")), domain.CodeInvalidName},
		{"a selector that cannot be", provider.OpListVMs, space, list(provider.ListOptions{LabelSelector: "a in b"}), domain.CodeInvalidSelector},
		{"a token that was never made", provider.OpListVMs, space, list(provider.ListOptions{Continue: "never-made"}), domain.CodeInvalidCursor},
		{"a name that is taken", provider.OpCreateVM, ref,
			second(e.Provider.CreateVM(e.ctx, e.cluster, e.ns, e.spec(vm.Name, domain.RunStrategyHalted), provider.CreateOptions{})), domain.CodeVMAlreadyExists},
		{"delete of another UID", provider.OpDeleteVM, ref, remove(provider.DeleteOptions{UID: "00000000-0000-4000-8000-000000000000"}), domain.CodeUIDConflict},
		{"delete of another revision", provider.OpDeleteVM, ref, remove(provider.DeleteOptions{Revision: vm.Revision + "0"}), domain.CodeRevisionConflict},
		{"stop of a VM that is off", provider.OpStopVM, ref, e.stop(vm.Name), ""},
		{"a canceled call", provider.OpGetVM, ref, second(e.Provider.GetVM(canceled, e.cluster, e.ns, vm.Name)), domain.CodeCanceled},
		{"a call past its deadline", provider.OpGetVM, ref, second(e.Provider.GetVM(late, e.cluster, e.ns, vm.Name)), domain.CodeDeadlineExceeded},
	}
}

// second is the error of a call that returns a value as well.
func second[T any](_ T, err error) error { return err }

// failing has every request to the check's cluster meet a fault, or as many and to which one the fault says, while something
// is done.
func (e *env) failing(f Fault, do func()) {
	if f.Cluster == "" {
		f.Cluster = e.cluster
	}
	if f.Count == 0 {
		f.Count = -1
	}
	e.must("have requests fail", e.FailNext(f))
	do()
	e.must("end the faults", e.FailNext(Fault{}))
}
