package churn_test

import (
	"errors"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

type (
	notice = watcher.Notice[watcher.VMRecord]
	item   = watcher.Item[watcher.VMRecord]
)

func state(name, uid, revision string) item {
	return watcher.ItemOf(watcher.RecordOf(&domain.VM{Cluster: cluster, Namespace: "n", Name: name, UID: uid, Revision: revision}))
}

var (
	added  = func(i item) notice { return notice{Type: domain.EventAdded, New: i} }
	first  = func(i item) notice { return notice{Type: domain.EventAdded, New: i, Initial: true} }
	synced = notice{Type: domain.EventSynced}
)

func changed(from, to item) notice { return notice{Type: domain.EventModified, Old: from, New: to} }
func gone(i item) notice           { return notice{Type: domain.EventDeleted, Old: i} }

// TestLedger: a ledger accepts a story without a gap, and sees what is wrong with each other one.
func TestLedger(t *testing.T) {
	t.Parallel()
	a, a2, b, c := state("a", "ua", "1"), state("a", "ua", "2"), state("a", "ub", "3"), state("c", "uc", "1")
	cases := map[string]struct {
		notices []notice
		wrong   error
	}{
		"a life and another one": {[]notice{first(a), synced, changed(a, a2), gone(a2), added(b), added(c)}, nil},
		"nobody told":            {[]notice{synced}, nil},
		"a lost place":           {[]notice{first(a), synced, {Type: domain.EventRebuilding}, gone(a), synced}, nil},

		"made anew without a word":  {[]notice{first(a), synced, added(b)}, addedOver},
		"another one as a change":   {[]notice{first(a), synced, changed(a, b)}, becameOther},
		"twice there":               {[]notice{first(a), synced, added(a)}, miscounted},
		"twice gone":                {[]notice{first(a), synced, gone(a), gone(a)}, miscounted},
		"back again":                {[]notice{first(a), synced, gone(a), added(a)}, miscounted},
		"a change of nothing":       {[]notice{synced, changed(a, a2)}, gap},
		"a change was left out":     {[]notice{first(a), synced, gone(a2)}, gap},
		"the past":                  {[]notice{first(a2), synced, changed(a, a2)}, gap},
		"never there":               {[]notice{first(state("x", "ux", "1")), synced}, miscounted},
		"initial after the initial": {[]notice{synced, first(a)}, misplaced},
		"no word of it":             {[]notice{{Type: "MOVED"}}, nameless},
	}
	for name, c := range cases {
		l := newLedger(0)
		for _, n := range c.notices {
			l.note(n)
		}
		err := l.audit(map[string]bool{"ua": true, "ub": true, "uc": true})
		if !errors.Is(err, c.wrong) {
			t.Errorf("%s: %v; want %v", name, err, c.wrong)
		}
	}
}

// TestLedgerFolds: what a ledger folds is what the cache has, and it is nothing before the set is whole.
func TestLedgerFolds(t *testing.T) {
	t.Parallel()
	l := newLedger(0)
	l.note(first(state("a", "ua", "1")))
	setup.Diff(t, "before the set is whole", map[string]told(nil), l.folded())
	l.note(synced)
	setup.Diff(t, "whole", map[string]told{"n/a": {"ua", "1"}}, l.folded())
	l.note(notice{Type: domain.EventRebuilding})
	setup.Diff(t, "while the place is lost", map[string]told(nil), l.folded())
}

// TestCached: the records of a cache are read with both revisions, and only while they are fresh and are what they say.
func TestCached(t *testing.T) {
	t.Parallel()
	vm := func(change func(*domain.VM)) *domain.VM {
		vm := &domain.VM{Cluster: cluster, Namespace: "n", Name: "a", UID: "ua", Revision: "1", InstanceRevision: "2"}
		change(vm)
		return vm
	}
	good := watcher.ItemOf(watcher.RecordOf(vm(func(*domain.VM) {})))
	mixed := good
	mixed.UID = "ub"
	unread := item{Key: "n/a", UID: "ua", Err: domain.E(domain.CodeIncompatibleSchema, nil, nil)}
	for name, c := range map[string]struct {
		item  item
		phase domain.SyncState
		wrong error
	}{
		"as it is to be":    {good, domain.SyncLive, nil},
		"not followed":      {good, domain.SyncRebuilding, notFresh},
		"of another":        {mixed, domain.SyncLive, misfiled},
		"cannot be decoded": {unread, domain.SyncLive, domain.CodeIncompatibleSchema},
	} {
		cache := watcher.NewVMCache(cluster, watcher.VMCacheOptions{})
		setup.Must(t, "replace", cache.Replace(t.Context(), []item{c.item}))
		setup.Must(t, "set the state", cache.SetState(t.Context(), watcher.State{Phase: c.phase, Synced: true}))
		facts, items, err := cached(cache, "n")
		if c.wrong != nil {
			if !errors.Is(err, c.wrong) {
				t.Errorf("%s: %v; want %v", name, err, c.wrong)
			}
			continue
		}
		setup.Must(t, name, err)
		setup.Diff(t, "facts", map[string]fact{"n/a": {"ua", "1", "2"}}, facts)
		setup.Diff(t, "items", map[string]told{"n/a": {"ua", "1/2"}}, items)
	}
}
