package contract_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/contract"
)

var web = domain.Ref{Cluster: "east-1", Namespace: "team-a", Name: "web"}

func TestChecks(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	good := domain.VMSpec{Name: "web", RunStrategy: domain.RunStrategyHalted, MemoryBytes: 1 << 30}
	bad := domain.Ref{Cluster: "east-1", Namespace: "Team", Name: "web"}
	list := func(ctx context.Context, namespace string, opts provider.ListOptions) error {
		_, err := contract.List(ctx, "east-1", namespace, opts)
		return err
	}
	watch := func(ctx context.Context, namespace string, opts provider.WatchOptions) error {
		_, err := contract.Watch(ctx, "east-1", namespace, opts)
		return err
	}
	create := func(namespace string, spec domain.VMSpec, opts provider.CreateOptions) error {
		return contract.Create(t.Context(), "east-1", namespace, spec, opts)
	}
	for what, c := range map[string]struct {
		err  error
		want domain.Code
	}{
		"a good call":                         {contract.Object(t.Context(), web), ""},
		"a name that is none":                 {contract.Object(t.Context(), bad), domain.CodeInvalidName},
		"an empty name":                       {contract.Object(t.Context(), domain.Ref{Cluster: "east-1", Namespace: "team-a"}), domain.CodeInvalidName},
		"a call that has ended":               {contract.Object(ended, web), domain.CodeCanceled},
		"a name before a context":             {contract.Object(ended, bad), domain.CodeInvalidName},
		"a good create":                       {create("team-a", good, provider.CreateOptions{}), ""},
		"a create of nothing":                 {create("team-a", domain.VMSpec{Name: "web"}, provider.CreateOptions{}), domain.CodeInvalidSpec},
		"a create nowhere":                    {create("*", good, provider.CreateOptions{}), domain.CodeInvalidName},
		"a key that is too long":              {create("team-a", good, provider.CreateOptions{IdempotencyKey: string(make([]byte, 254))}), domain.CodeInvalidOption},
		"a good stop":                         {contract.Stop(t.Context(), web, provider.StopOptions{GracePeriod: new(time.Second)}), ""},
		"half a second":                       {contract.Stop(t.Context(), web, provider.StopOptions{GracePeriod: new(time.Second / 2)}), domain.CodeInvalidOption},
		"a name before a grace period":        {contract.Stop(t.Context(), bad, provider.StopOptions{GracePeriod: new(-time.Second)}), domain.CodeInvalidName},
		"a good restart":                      {contract.Restart(t.Context(), web, provider.RestartOptions{GracePeriod: new(time.Duration(0))}), ""},
		"a restart with a second":             {contract.Restart(t.Context(), web, provider.RestartOptions{GracePeriod: new(time.Second)}), domain.CodeInvalidOption},
		"a good list":                         {list(t.Context(), provider.AllNamespaces, provider.ListOptions{}), ""},
		"a list of no namespace":              {list(t.Context(), "", provider.ListOptions{}), domain.CodeInvalidName},
		"a limit below zero":                  {list(t.Context(), "team-a", provider.ListOptions{Limit: -1}), domain.CodeInvalidLimit},
		"a selector that is none":             {list(t.Context(), "team-a", provider.ListOptions{LabelSelector: "a in b"}), domain.CodeInvalidSelector},
		"a field there is not":                {list(t.Context(), "team-a", provider.ListOptions{FieldSelector: "status=x"}), domain.CodeInvalidSelector},
		"a token of nobody":                   {list(t.Context(), "team-a", provider.ListOptions{Continue: "x"}), domain.CodeInvalidCursor},
		"a list that has ended":               {list(ended, "team-a", provider.ListOptions{}), domain.CodeCanceled},
		"a good stream":                       {watch(t.Context(), provider.AllNamespaces, provider.WatchOptions{}), ""},
		"a stream of no namespace":            {watch(t.Context(), "", provider.WatchOptions{}), domain.CodeInvalidName},
		"a queue below zero":                  {watch(t.Context(), "team-a", provider.WatchOptions{Queue: -1}), domain.CodeInvalidOption},
		"a stream of a selector that is none": {watch(t.Context(), "team-a", provider.WatchOptions{Selector: "a in b"}), domain.CodeInvalidSelector},
		"a revision of nobody":                {watch(t.Context(), "team-a", provider.WatchOptions{Revision: "x"}), domain.CodeInvalidCursor},
		"a stream that has ended":             {watch(ended, "team-a", provider.WatchOptions{}), domain.CodeCanceled},
	} {
		if got := domain.CodeOf(c.err); got != c.want {
			t.Errorf("%s: %v, want %q", what, c.err, c.want)
		}
	}
}

func TestError(t *testing.T) {
	if contract.Error(provider.OpGetVM, web, nil) != nil {
		t.Error("no error became one")
	}
	for what, c := range map[string]struct {
		err  error
		want domain.Code
	}{
		"a code":           {domain.E(domain.CodeVMNotFound, nil, nil), domain.CodeVMNotFound},
		"anything else":    {errors.New("disk full"), domain.CodeInternal},
		"a context's end":  {fmt.Errorf("query: %w", context.DeadlineExceeded), domain.CodeDeadlineExceeded},
		"one with its own": {domain.E(domain.CodeUIDConflict, domain.Params{domain.ParamUID: "1"}, nil), domain.CodeUIDConflict},
	} {
		e, ok := errors.AsType[*domain.Error](contract.Error(provider.OpGetVM, web, c.err))
		if !ok || e.Code != c.want || e.Op != provider.OpGetVM || e.Params[domain.ParamName] != "web" {
			t.Errorf("%s: %v", what, e)
		}
	}
}

func TestListing(t *testing.T) {
	vm := func(namespace, name, tier string) *domain.VM {
		return &domain.VM{Namespace: namespace, Name: name, Labels: map[string]string{"tier": tier}}
	}
	opts := provider.ListOptions{LabelSelector: "tier=web", FieldSelector: "metadata.name!=c", Limit: 2}
	l, err := contract.List(t.Context(), "east-1", "team-a", opts)
	if err != nil {
		t.Fatal(err)
	}
	if l.Limit != 2 || l.After != "" {
		t.Errorf("the first page is %d behind %q", l.Limit, l.After)
	}
	want := map[*domain.VM]bool{
		vm("team-a", "a", "web"): true, vm("team-a", "b", "db"): false, vm("team-a", "c", "web"): false, vm("team-b", "a", "web"): false,
	}
	for vm, want := range want {
		if got := l.Matches(vm); got != want {
			t.Errorf("%s/%s matches: %t, want %t", vm.Namespace, vm.Name, got, want)
		}
	}
	opts.Continue = l.Next(contract.Key("team-a", "a"))
	next, err := contract.List(t.Context(), "east-1", "team-a", opts)
	if err != nil || next.After != "team-a/a" {
		t.Errorf("the next page is behind %q, %v", next.After, err)
	}
	if _, err := contract.List(t.Context(), "west-1", "team-a", opts); domain.CodeOf(err) != domain.CodeInvalidCursor {
		t.Errorf("another cluster took the token: %v", err)
	}
	all, err := contract.List(t.Context(), "east-1", provider.AllNamespaces, provider.ListOptions{Limit: provider.MaxLimit + 1})
	if err != nil {
		t.Fatal(err)
	}
	if !all.Matches(vm("team-b", "c", "db")) || all.Limit != provider.MaxLimit {
		t.Errorf("all namespaces: %d", all.Limit)
	}
	if diff := cmp.Diff("team-a/x", contract.Key("team-a", "x")); diff != "" {
		t.Errorf("Key (-want +got):\n%s", diff)
	}
}

func TestWatching(t *testing.T) {
	opts := provider.WatchOptions{Selector: "tier=web"}
	w, err := contract.Watch(t.Context(), "east-1", "team-a", opts)
	if err != nil {
		t.Fatal(err)
	}
	if w.Resume != "" || w.Queue < 1 {
		t.Errorf("a stream from the beginning resumes at %q, with a queue of %d", w.Resume, w.Queue)
	}
	for vm, want := range map[*domain.VM]bool{
		{Namespace: "team-a", Name: "a", Labels: map[string]string{"tier": "web"}}: true,
		{Namespace: "team-a", Name: "b"}:                                           false,
		{Namespace: "team-b", Name: "a", Labels: map[string]string{"tier": "web"}}: false,
	} {
		if got := w.Matches(vm); got != want {
			t.Errorf("%s/%s matches: %t, want %t", vm.Namespace, vm.Name, got, want)
		}
	}
	opts.Revision, opts.Queue = w.Revision("17"), 3
	again, err := contract.Watch(t.Context(), "east-1", "team-a", opts)
	if err != nil || again.Resume != "17" || again.Queue != 3 {
		t.Errorf("resumed: %+v, %v", again, err)
	}
	opts.Selector = "tier=db"
	_, err = contract.Watch(t.Context(), "east-1", "team-a", opts)
	if e, ok := errors.AsType[*domain.Error](err); !ok || e.Code != domain.CodeInvalidCursor || e.Params[domain.ParamField] != "revision" {
		t.Errorf("another selector took the revision: %v", err)
	}
}
