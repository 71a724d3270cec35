package mock_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// folded is what a consumer has made of a stream, and finds fault with what does not fit: an event twice, out of order, or
// of a VM that it does not know.
type folded map[string]seen

type seen struct {
	uid                string
	revision, instance int
}

func seenOf(vm *domain.VM) seen {
	revision, _ := strconv.Atoi(vm.Revision)
	instance, _ := strconv.Atoi(vm.InstanceRevision)
	return seen{vm.UID, revision, instance}
}

func (f folded) add(event domain.Event[*domain.VM]) error {
	if event.Value == nil {
		return nil
	}
	key := event.Value.Namespace + "/" + event.Value.Name
	was, known := f[key]
	now := seenOf(event.Value)
	switch event.Type {
	case domain.EventAdded:
		if known {
			return fmt.Errorf("%s is added and was there: %v, %v", key, was, now)
		}
	case domain.EventModified:
		if !known || was.uid != now.uid || max(now.revision, now.instance) <= max(was.revision, was.instance) {
			return fmt.Errorf("%s is modified from %v to %v", key, was, now)
		}
	case domain.EventDeleted:
		if !known || was != now {
			return fmt.Errorf("%s is deleted as %v and was %v", key, now, was)
		}
		delete(f, key)
		return nil
	default:
		return fmt.Errorf("a %s with a value", event.Type)
	}
	f[key] = now
	return nil
}

// mark is a revision, with what its consumer knew then.
type mark struct {
	revision string
	known    folded
}

// storm does something to a few VMs, at random.
type storm struct {
	p      *mock.Provider
	random *rand.Rand
	label  int
}

func (s *storm) blow(t *testing.T) {
	ctx := t.Context()
	namespace, name := "a", fmt.Sprint("vm-", s.random.IntN(3))
	if s.random.IntN(3) == 0 {
		namespace = "b"
	}
	s.label++
	switch s.random.IntN(9) {
	case 0, 1:
		made := with(domain.RunStrategyAlways)
		made.Name, made.Labels = name, map[string]string{"tier": []string{"web", "db"}[s.random.IntN(2)]}
		_, _ = s.p.CreateVM(ctx, "mock", namespace, made, provider.CreateOptions{})
	case 2:
		_ = s.p.DeleteVM(ctx, "mock", namespace, name, provider.DeleteOptions{})
	case 3:
		_ = s.p.StopVM(ctx, "mock", namespace, name, provider.StopOptions{})
	case 4:
		_ = s.p.StartVM(ctx, "mock", namespace, name, provider.StartOptions{})
	case 5:
		tier := []string{"web", "db"}[s.random.IntN(2)]
		_, _, _ = s.p.UpdateVM(ctx, "mock", namespace, name, domain.VMChange{Labels: map[string]*string{"tier": &tier}}, provider.UpdateOptions{})
	case 6:
		_ = s.p.Situate(domain.Ref{Cluster: "mock", Namespace: namespace, Name: name}, domain.Situation{Strategy: domain.RunStrategyHalted, Instance: domain.InstanceNone,
			LiveMigratable: domain.FactUnknown, SoftRebootable: domain.FactUnknown})
	case 7:
		time.Sleep(time.Duration(s.random.IntN(200)) * time.Millisecond)
	case 8:
		switch s.random.IntN(12) {
		case 0:
			s.p.ExpireStreams()
		case 1:
			s.p.Reset()
		}
	}
}

// touch has every stream see something.
func (s *storm) touch(t *testing.T) {
	s.label++
	n := fmt.Sprint(s.label)
	marker := with(domain.RunStrategyHalted)
	marker.Name, marker.Labels = "marker", map[string]string{"tier": "web"}
	_, _ = s.p.CreateVM(t.Context(), "mock", "a", marker, provider.CreateOptions{})
	_, _, err := s.p.UpdateVM(t.Context(), "mock", "a", "marker", domain.VMChange{Labels: map[string]*string{"n": &n}}, provider.UpdateOptions{})
	if err != nil {
		t.Error(err)
	}
}

// consume folds a stream until an hour has passed, lets between happen after each event, and marks every place.
func consume(t *testing.T, p provider.Provider, namespace string, opts provider.WatchOptions, known folded, between func()) (marks []mark, told int, last error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	synced, first := false, true
	for event, err := range p.WatchVMs(ctx, "mock", namespace, opts) {
		if err != nil {
			last = err
			continue // it must be the last one
		}
		if last != nil {
			t.Errorf("%s after %v", event.Type, last)
		}
		if err := known.add(event); err != nil {
			t.Error(err)
		}
		if opts.Revision != "" && first && (event.Type != domain.EventSynced || event.Revision != opts.Revision) {
			t.Errorf("a stream that goes on begins with %s", event.Type)
		}
		first = false
		synced = event.Type == domain.EventSynced || synced && event.Type != domain.EventRebuilding
		if (event.Revision != "") != synced {
			t.Errorf("%s has revision %q", event.Type, event.Revision)
		}
		if event.Revision != "" {
			marks = append(marks, mark{event.Revision, maps.Clone(known)})
		}
		told++
		between()
	}
	return marks, told, last
}

// TestWatchModel: whatever happens, however slowly a consumer consumes and wherever a stream goes on, what it tells fits
// together, and comes to what a list has.
func TestWatchModel(t *testing.T) {
	const seeds = 60
	resumed, expired := 0, 0
	for seed := range uint64(seeds) {
		virtual(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			p := mock.New(mock.Options{History: 40 + random.IntN(200), Seed: seed})
			s := &storm{p: p, random: random}
			namespace := []string{provider.AllNamespaces, "a"}[random.IntN(2)]
			opts := provider.WatchOptions{Selector: []string{"", "tier=web"}[random.IntN(2)], Queue: random.IntN(8)}
			for range random.IntN(10) {
				s.blow(t)
			}
			known, rounds := folded{}, 60
			marks, _, last := consume(t, p, namespace, opts, known, func() {
				if rounds--; rounds <= 0 {
					return
				}
				for range random.IntN(6) {
					s.blow(t)
				}
				s.touch(t)
			})
			if domain.CodeOf(last) != domain.CodeDeadlineExceeded || !errors.Is(last, context.DeadlineExceeded) {
				t.Errorf("the stream ended with %v", last)
			}
			want := folded{}
			for vm, err := range provider.VMs(t.Context(), p, "mock", namespace, provider.ListOptions{LabelSelector: opts.Selector}) {
				if err != nil {
					t.Fatal(err)
				}
				want[vm.Namespace+"/"+vm.Name] = seenOf(vm)
			}
			if diff := cmp.Diff(want, known, cmp.AllowUnexported(seen{})); diff != "" {
				t.Errorf("seed %d: (-list +stream):\n%s", seed, diff)
			}
			for n, m := range marks {
				again := opts
				again.Revision = m.revision
				_, told, last := consume(t, p, namespace, again, m.known, func() {})
				if domain.CodeOf(last) == domain.CodeRevisionExpired && told == 0 {
					expired++
					continue
				}
				resumed++
				if diff := cmp.Diff(want, m.known, cmp.AllowUnexported(seen{})); diff != "" || domain.CodeOf(last) != domain.CodeDeadlineExceeded {
					t.Errorf("seed %d, from place %d of %d: %v (-list +stream):\n%s", seed, n, len(marks), last, diff)
				}
			}
		})
		if t.Failed() {
			return
		}
	}
	if resumed < 1000 || expired < 100 {
		t.Errorf("%d streams went on and %d could not: the test is not what it should be", resumed, expired)
	}
	t.Log(resumed, expired)
}
