package kubevirt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
)

func answer(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
}

func TestMissingKubeVirtIsNoMissingVM(t *testing.T) {
	p, _, _ := serve(t, kubevirt.ClusterOptions{}, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "404 page not found", 404) })
	ctx := t.Context()
	if err := provider.WaitVMGone(ctx, p, "c1", "team", "web", provider.WaitOptions{}); domain.CodeOf(err) != domain.CodeKubeVirtMissing {
		t.Errorf("WaitVMGone() = %v", err)
	}
	if err := provider.EnsureDeleted(ctx, p, "c1", "team", "web", provider.DeleteOptions{}); domain.CodeOf(err) != domain.CodeKubeVirtMissing {
		t.Errorf("EnsureDeleted() = %v", err)
	}
	spec := domain.VMSpec{Name: "web", RunStrategy: domain.RunStrategyHalted, MemoryBytes: 1 << 30}
	if verdict, err := p.ValidateVM(ctx, "c1", "team", spec, provider.ValidateOptions{}); domain.CodeOf(err) != domain.CodeKubeVirtMissing {
		t.Errorf("ValidateVM() = %+v, %v", verdict, err)
	}
}

func TestAnswersThatAreNotTheAPIs(t *testing.T) {
	for body, want := range map[string]domain.Code{
		`{}`: domain.CodeUnexpectedObject, `<html>log in</html>`: domain.CodeProtocolError, `{"kind":"PodList","apiVersion":"v1"}`: domain.CodeUnexpectedObject,
	} {
		p, _, _ := serve(t, kubevirt.ClusterOptions{}, func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, body) })
		if list, err := p.ListVMs(t.Context(), "c1", "team", provider.ListOptions{}); domain.CodeOf(err) != want {
			t.Errorf("%s: ListVMs() = %+v, %v", body, list, err)
		}
		if err := p.DeleteVM(t.Context(), "c1", "team", "web", provider.DeleteOptions{}); domain.CodeOf(err) != want {
			t.Errorf("%s: DeleteVM() = %v", body, err)
		}
	}
}

func TestOneBadItemHidesNoOther(t *testing.T) {
	p, _, _ := serve(t, kubevirt.ClusterOptions{}, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "instances") {
			status(w, 404, map[string]any{"reason": "NotFound", "details": map[string]any{"kind": "virtualmachineinstances", "name": "x"}})
			return
		}
		answer(w, 200, `{"kind":"VirtualMachineList","apiVersion":"kubevirt.io/v1","metadata":{},"items":[
			{"metadata":{"name":"a","namespace":"team"},"spec":{"runStrategy":"Halted"}},
			{"metadata":{"name":"b","namespace":"team"},"spec":{"runStrategy":5}},
			{"metadata":{"name":"c","namespace":"elsewhere"}},
			{"metadata":{"name":"d","namespace":"team"}}]}`)
	})
	list, err := p.ListVMs(t.Context(), "c1", "team", provider.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, vm := range list.Items {
		got = append(got, vm.Name)
	}
	for _, item := range list.ItemErrors {
		got = append(got, fmt.Sprintf("%s %s", item.Ref.Name, domain.CodeOf(item)))
	}
	if diff := cmp.Diff([]string{"a", "d", "b INCOMPATIBLE_SCHEMA", "c UNEXPECTED_OBJECT"}, got); diff != "" {
		t.Errorf("ListVMs() (-want +got):\n%s", diff)
	}
}

// webVM is a VM as the server has it: another manager owns label theirs, and our cloud-init is in it.
const webVM = `{"kind":"VirtualMachine","apiVersion":"kubevirt.io/v1",
	"metadata":{"name":"web","namespace":"team","uid":"u1","resourceVersion":"7","labels":{"ours":"1","theirs":"1"},"managedFields":[
		{"manager":"kubevirt-shepherd","operation":"Apply","fieldsV1":{"f:metadata":{"f:labels":{"f:ours":{}}},"f:spec":{"f:template":{"f:spec":{"f:volumes":{}}}}}},
		{"manager":"kubectl","operation":"Update","fieldsV1":{"f:metadata":{"f:labels":{"f:theirs":{}}}}}]},
	"spec":{"runStrategy":"Halted","template":{"spec":{"domain":{"devices":{}},"volumes":[{"name":"c","cloudInitNoCloud":{"userData":"pw: \"hunter2\""}}]}}}}`

func TestUpdateRemovesOrSaysWhyNot(t *testing.T) {
	var patches []map[string]any
	handler := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "instances"):
			status(w, 404, map[string]any{"reason": "NotFound", "details": map[string]any{"kind": "virtualmachineinstances", "name": "web"}})
			return
		case r.Method == http.MethodPatch:
			var body map[string]any
			_ = json.NewDecoder(r.Body).Decode(&body)
			patches = append(patches, body)
		}
		answer(w, 200, webVM)
	}
	p, _, _ := serve(t, kubevirt.ClusterOptions{}, handler)
	change := domain.VMChange{Labels: map[string]*string{"theirs": nil, "not-there": nil}}
	_, _, err := p.UpdateVM(t.Context(), "c1", "team", "web", change, provider.UpdateOptions{})
	e, ok := errors.AsType[*domain.Error](err)
	if !ok || e.Code != domain.CodeFieldConflict || e.Fields[0].Field != "metadata.labels.theirs" || e.Fields[0].Manager != "kubectl" || len(patches) != 0 {
		t.Errorf("UpdateVM() = %+v, %d patches", err, len(patches))
	}
	if _, _, err := p.UpdateVM(t.Context(), "c1", "team", "web", change, provider.UpdateOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"metadata": map[string]any{"uid": "u1", "resourceVersion": "7", "labels": map[string]any{"theirs": nil}}}
	if diff := cmp.Diff(want, patches[0]); diff != "" || len(patches) != 2 {
		t.Errorf("%d patches, the first (-want +got):\n%s", len(patches), diff)
	}
}

func TestUpdateHidesWhatItSendsAgain(t *testing.T) {
	p, _, _ := serve(t, kubevirt.ClusterOptions{}, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			message := strings.Repeat("x", 235) + ` userData: pw: \"hunter2\"`
			status(w, 422, map[string]any{"reason": "Invalid", "message": message,
				"details": map[string]any{"causes": []any{map[string]any{"field": "spec.x", "message": message}}}})
			return
		}
		answer(w, 200, webVM)
	})
	value := "2"
	_, _, err := p.UpdateVM(t.Context(), "c1", "team", "web", domain.VMChange{Labels: map[string]*string{"ours": &value}}, provider.UpdateOptions{})
	if domain.CodeOf(err) != domain.CodeInvalidSpec || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("UpdateVM() = %v", err)
	}
}

func TestLostAnswersOfWrites(t *testing.T) {
	spec := domain.VMSpec{Name: "web", RunStrategy: domain.RunStrategyHalted, MemoryBytes: 1 << 30}
	for name, handler := range map[string]http.HandlerFunc{
		"truncated": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			answer(w, 201, `{"kind":`)
		},
		"garbage": func(w http.ResponseWriter, _ *http.Request) { answer(w, 201, `{"kind":`) },
		"another one": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 201, strings.ReplaceAll(webVM, `"web"`, `"other"`))
		},
		"gateway":      func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusGatewayTimeout) },
		"load balance": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) },
	} {
		p, _, _ := serve(t, kubevirt.ClusterOptions{}, handler)
		_, err := p.CreateVM(t.Context(), "c1", "team", spec, provider.CreateOptions{})
		if e, ok := errors.AsType[*domain.Error](err); !ok || !e.OutcomeUnknown {
			t.Errorf("%s: %+v", name, err)
		}
		_, err = p.CreateVM(t.Context(), "c1", "team", spec, provider.CreateOptions{DryRun: true})
		if e, ok := errors.AsType[*domain.Error](err); !ok || e.OutcomeUnknown {
			t.Errorf("%s, dry run: %+v", name, err)
		}
	}
}

func TestWarningsOfAValidation(t *testing.T) {
	p, _, _ := serve(t, kubevirt.ClusterOptions{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Warning", `299 - "deprecated"`)
		if r.Method == http.MethodPatch {
			status(w, 409, map[string]any{"reason": "Conflict"})
			return
		}
		answer(w, 200, webVM)
	})
	spec := domain.VMSpec{Name: "web", RunStrategy: domain.RunStrategyHalted, MemoryBytes: 1 << 30}
	verdict, err := p.ValidateVM(t.Context(), "c1", "team", spec, provider.ValidateOptions{})
	want := domain.Validation{Code: domain.CodeVMAlreadyExists, Warnings: []string{"deprecated"}}
	if diff := cmp.Diff(want, verdict); err != nil || diff != "" {
		t.Errorf("ValidateVM() = %v (-want +got):\n%s", err, diff)
	}
}
