package args

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/provider"
)

func TestErrorNamesOperationAndObject(t *testing.T) {
	ref := domain.Ref{Cluster: "c1", Namespace: "team", Name: "web"}
	own := &domain.Error{Code: domain.CodeVMNotRunning, Params: domain.Params{domain.ParamName: "other", domain.ParamUID: "u"}}
	for why, c := range map[string]struct {
		in   error
		code domain.Code
		name string
	}{
		"what it names itself stays":   {own, domain.CodeVMNotRunning, "other"},
		"a bare code becomes an Error": {domain.CodeVMNotFound, domain.CodeVMNotFound, "web"},
		"a wrapped one keeps its code": {fmt.Errorf("x: %w", own), domain.CodeVMNotRunning, "web"},
		"a foreign one is INTERNAL":    {errors.New("x"), domain.CodeInternal, "web"},
	} {
		e, ok := errors.AsType[*domain.Error](Error("stop_vm", ref, c.in))
		if !ok || e.Code != c.code || e.Op != "stop_vm" || e.Params[domain.ParamName] != c.name || e.Params[domain.ParamCluster] != "c1" {
			t.Errorf("%s: %+v", why, e)
		}
	}
	if err := Error("stop_vm", ref, nil); err != nil {
		t.Errorf("nil became %v", err)
	}
	if own.Op != "" || len(own.Params) != 2 {
		t.Errorf("the error that was handed in was changed: %+v", own)
	}
}

func TestVerdict(t *testing.T) {
	for code, result := range map[domain.Code]bool{
		domain.CodeInvalidSpec: true, domain.CodeVMAlreadyExists: true, domain.CodeNamespaceNotFound: true,
		domain.CodeInstanceTypeNotFound: true, domain.CodeQuotaExceeded: true, domain.CodeFieldConflict: true,
		domain.CodeClusterNotFound: false, domain.CodeClusterUnreachable: false, domain.CodeVerbTimeout: false,
		domain.CodeThrottled: false, domain.CodePermissionDenied: false, domain.CodeCanceled: false, domain.CodeInternal: false,
	} {
		in := &domain.Error{Code: code, Fields: []domain.FieldError{{Field: "f", Reason: domain.FieldInvalid}}}
		verdict, err := Verdict([]string{"w"}, in)
		if (err == nil) != result || result && (verdict.Valid || verdict.Code != code || len(verdict.Fields) != 1) {
			t.Errorf("%s: %+v, %v", code, verdict, err)
		}
	}
	if verdict, err := Verdict([]string{"w"}, nil); err != nil || !verdict.Valid || len(verdict.Warnings) != 1 {
		t.Errorf("no error: %+v, %v", verdict, err)
	}
}

func TestPageOfMigrations(t *testing.T) {
	var all []*domain.Migration
	for n := range 7 {
		all = append(all, &domain.Migration{Namespace: "team", Name: fmt.Sprint("m", n), UID: fmt.Sprint("u", n)})
	}
	var got []string
	opts := provider.ListOptions{Limit: 3}
	for range 5 {
		r, err := List(t.Context(), "list_migrations/web", "c1", "team", opts)
		if err != nil {
			t.Fatal(err)
		}
		page := PageOfMigrations(r, all)
		for _, m := range page.Items {
			got = append(got, m.Name)
		}
		if opts.Continue = page.Continue; opts.Continue == "" {
			break
		}
		all = slices.DeleteFunc(all, func(m *domain.Migration) bool { return m.Name == "m2" }) // forgotten meanwhile
	}
	if diff := cmp.Diff([]string{"m0", "m1", "m2", "m3", "m4", "m5", "m6"}, got); diff != "" {
		t.Errorf("pages of 3 (-want +got):\n%s", diff)
	}
}

func TestListBounds(t *testing.T) {
	for in, want := range map[int]int{0: provider.DefaultLimit, 7: 7, provider.MaxLimit: provider.MaxLimit, 1 << 30: provider.MaxLimit} {
		r, err := List(t.Context(), "list_vms", "c1", provider.AllNamespaces, provider.ListOptions{Limit: in})
		if err != nil || r.Limit != want || !r.All {
			t.Errorf("limit %d: %+v, %v", in, r, err)
		}
	}
	r, err := List(t.Context(), "list_vms", "c1", "team", provider.ListOptions{LabelSelector: "a=b"})
	if err != nil {
		t.Fatal(err)
	}
	token := r.Next(paging.Cursor{LastKey: "team/web"})
	for why, c := range map[string]struct {
		namespace, selector string
		want                domain.Code
	}{
		"the same listing":  {"team", "a=b", ""},
		"another selector":  {"team", "a=c", domain.CodeInvalidCursor},
		"another namespace": {"other", "a=b", domain.CodeInvalidCursor},
	} {
		_, err := List(t.Context(), "list_vms", "c1", c.namespace, provider.ListOptions{LabelSelector: c.selector, Continue: token})
		if domain.CodeOf(err) != c.want {
			t.Errorf("%s: %v", why, err)
		}
	}
	if _, err := ListScoped(t.Context(), "list_instance_types", "c1", provider.ClusterScope, provider.ListOptions{}); err != nil {
		t.Errorf("the cluster's scope: %v", err)
	}
	if _, err := ListScoped(t.Context(), "list_instance_types", "c1", provider.AllNamespaces, provider.ListOptions{}); domain.CodeOf(err) != domain.CodeInvalidName {
		t.Errorf("all namespaces of instance types: %v", err)
	}
}
