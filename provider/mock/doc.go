// Package mock is a provider in memory that behaves like KubeVirt: VMs take their time to start and stop, fail for the
// reasons real ones fail for, and refuse what KubeVirt refuses, with the same codes. It needs no cluster.
//
//	p := mock.New(mock.Options{})
//	vm, err := p.CreateVM(ctx, "mock", "team-a", spec, provider.CreateOptions{})
//	vm, err = provider.WaitVM(ctx, p, "mock", "team-a", "web", provider.In(domain.StatusRunning), provider.WaitOptions{})
//
// # Time
//
// A VM lives by the clock of package time: what happened since it was last looked at is worked out when somebody looks
// again. So nothing runs in the background and nothing has to be closed, and in a bubble of testing/synctest an hour of
// a VM's life passes in no time. [Timing] says how long things take; by default a VM is up in less than a second.
//
// A stream waits for what is due to happen, and tells it when it does, without a goroutine of its own. A cluster keeps
// what happened from its first stream on, the last [Options.History] changes for who goes on from a revision.
//
// # Tests
//
// [Provider.Seed] puts VMs there as if they had been there before, [Provider.Situate] one in any situation there can be.
// [Provider.SetKnobs] has a VM meet trouble, [Provider.Happen] lets something happen to it that no verb does, and
// [Provider.Edit] changes it behind the caller's back, as another manager of the cluster would.
//
// [Provider.Faults] has calls meet trouble on their way: a cluster that hangs, refuses, asks to slow down, or does what it
// was asked and loses the answer. [Provider.ExpireCursors] and [Provider.ExpireStreams] have lists and streams lose their
// place. [Provider.Requests] counts how many calls got as far as a cluster.
//
// # Records
//
// A [Recorder] writes down the calls of any provider with their answers, and a [Player] answers from such a record: what
// was seen once on a cluster can be had again without one.
//
// # Differences to a cluster
//
// What a Mock has no use for is not made up. Of a spec's manifest it reads the run strategy, labels, annotations and
// node selector only. It knows no quotas, no permissions and no claims: any claim that a disk names is there, unless a
// knob says otherwise. Cursors of lists do not expire by themselves.
package mock
