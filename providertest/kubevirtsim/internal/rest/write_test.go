package rest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestFinalizers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil)
		want(t, s, "POST", vms, vmBody("a", `"finalizers":["x.io/f"]`), 201)
		w := watch(t, s, "resourceVersion=103")
		dry := want(t, s, "DELETE", vms+"/a?dryRun=All", "", 200).vm(t)
		if dry.DeletionTimestamp == nil {
			t.Error("a dry run says what would be")
		}
		marked := want(t, s, "DELETE", vms+"/a", "", 200).vm(t)
		if marked.DeletionTimestamp == nil || marked.Generation != 2 || *marked.DeletionGracePeriodSeconds != 0 {
			t.Errorf("marked: %+v", marked.ObjectMeta)
		}
		time.Sleep(time.Minute)
		again := want(t, s, "DELETE", vms+"/a", "", 200).vm(t)
		if diff := cmp.Diff(marked, again); diff != "" {
			t.Errorf("a second deletion changes nothing (-first +second):\n%s", diff)
		}
		status := want(t, s, "POST", vms, vmBody("a"), 409).status(t)
		if status.Message != `object is being deleted: virtualmachines.kubevirt.io "a" already exists` {
			t.Errorf("created over it: %s", status.Message)
		}
		more := refusalOf(t, want(t, s, "PATCH", vms+"/a", `{"metadata":{"finalizers":["x.io/f","x.io/g"]}}`, 422, mergeType))
		if more.Causes != "FieldValueForbidden metadata.finalizers;FieldValueForbidden metadata.finalizers;" {
			t.Errorf("a finalizer added: %+v", more)
		}
		want(t, s, "PATCH", vms+"/a", `{"metadata":{"deletionTimestamp":null,"labels":{"x":"y"}}}`, 200, mergeType)
		last := want(t, s, "PATCH", vms+"/a", `{"metadata":{"finalizers":null}}`, 200, mergeType).vm(t)
		if len(last.Finalizers) != 0 || last.DeletionTimestamp == nil {
			t.Errorf("the last finalizer went: %+v", last.ObjectMeta)
		}
		want(t, s, "GET", vms+"/a", "", 404)
		w.expect(t, "", "MODIFIED a 104", "MODIFIED a 105", "DELETED a 106")
	})
}

func TestDeletes(t *testing.T) {
	s := newServer(t, nil)
	createVMs(t, s, "a", "b", "c")
	uid := want(t, s, "GET", vms+"/a", "", 200).vm(t).UID
	refused := refusalOf(t, want(t, s, "DELETE", vms+"/a", `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"other"}}`, 409))
	if refused.Reason != "Conflict" || !strings.Contains(refused.Message, "the UID in the precondition (other) does not match the UID in record ("+string(uid)+")") {
		t.Errorf("another uid: %+v", refused)
	}
	want(t, s, "DELETE", vms+"/a?dryRun=All", "", 200)
	want(t, s, "GET", vms+"/a", "", 200)
	want(t, s, "DELETE", vms+"/a", fmt.Sprintf(`{"preconditions":{"uid":%q},"propagationPolicy":"Background","gracePeriodSeconds":0}`, uid), 200)
	want(t, s, "DELETE", vms+"/b", "preconditions: {}\n", 200, "Content-Type: application/yaml")
	createVMs(t, s, "d", "e")
	gone := want(t, s, "DELETE", vms+"?fieldSelector=metadata.name!%3Dd", "", 200).list(t)
	if namesIn(gone) != "c e" || namesIn(list(t, s, "")) != "d" {
		t.Errorf("collection: deleted %q, left %q", namesIn(gone), namesIn(list(t, s, "")))
	}
}

func TestGenerateName(t *testing.T) {
	s := newServer(t, nil)
	body := strings.Replace(vmBody("x"), `"name":"x"`, `"generateName":"vm-"`, 1)
	first, second := want(t, s, "POST", vms, body, 201).vm(t), want(t, s, "POST", vms, body, 201).vm(t)
	if first.Name == second.Name || !strings.HasPrefix(first.Name, "vm-") || len(first.Name) != len("vm-")+5 {
		t.Errorf("generated %q and %q", first.Name, second.Name)
	}
}

func TestUnknownFields(t *testing.T) {
	s := newServer(t, nil)
	body := strings.Replace(vmBody("a", `"foo":1`), `"spec":{`, `"spec":{"foo":1,"running":false,"running":false,`, 1)
	a := want(t, s, "POST", vms+"?dryRun=All", body, 201)
	want1 := []string{`299 - "duplicate field \"spec.running\""`, `299 - "unknown field \"metadata.foo\""`, `299 - "unknown field \"spec.foo\""`}
	if diff := cmp.Diff(want1, a.header["Warning"]); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if strings.Contains(string(a.body), "foo") {
		t.Errorf("unknown fields are kept: %s", a.body)
	}
	if a := want(t, s, "POST", vms+"?fieldValidation=Ignore", body, 201); len(a.header["Warning"]) != 0 || strings.Contains(string(a.body), "foo") {
		t.Errorf("ignored: %v %s", a.header["Warning"], a.body)
	}
	patch := `{"spec":{"template":{"metadata":{"anything":{"goes":1}},"spec":{"volumes":[{"name":"x","bar":1}]}}}}`
	a = want(t, s, "PATCH", vms+"/a", patch, 200, mergeType)
	if diff := cmp.Diff([]string{`299 - "unknown field \"spec.template.spec.volumes[0].bar\""`}, a.header["Warning"]); diff != "" {
		t.Errorf("warnings of a patch (-want +got):\n%s", diff)
	}
	strict := refusalOf(t, want(t, s, "PATCH", vms+"/a?fieldValidation=Strict", patch, 422, mergeType))
	if strict.Causes != "FieldValueInvalid patch;" || !strings.Contains(strict.Message, `strict decoding error: unknown field "spec.template.spec.volumes[0].bar"`) {
		t.Errorf("strict patch: %+v", strict)
	}
}

func TestNoChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil)
		createVMs(t, s, "a")
		before := want(t, s, "GET", vms+"/a", "", 200)
		time.Sleep(time.Hour)
		for name, a := range map[string]answer{
			"put":        do(s, "PUT", vms+"/a", string(before.body)),
			"merge":      do(s, "PATCH", vms+"/a", `{"spec":{"runStrategy":"Halted"}}`, mergeType),
			"json patch": do(s, "PATCH", vms+"/a", `[{"op":"replace","path":"/spec/runStrategy","value":"Halted"}]`, jsonType),
		} {
			if diff := cmp.Diff(string(before.body), string(a.body)); diff != "" {
				t.Errorf("%s of the same changes something (-before +after):\n%s", name, diff)
			}
		}
	})
}

func TestJSONPatch(t *testing.T) {
	s := newServer(t, nil)
	createVMs(t, s, "a")
	patch := `[{"op":"test","path":"/spec/runStrategy","value":"Halted"},{"op":"replace","path":"/spec/runStrategy","value":"Always"},{"op":"add","path":"/metadata/labels","value":{"x":"y"}},{"op":"copy","from":"/metadata/labels/x","path":"/metadata/labels/z"}]`
	got := want(t, s, "PATCH", vms+"/a", patch, 200, jsonType).vm(t)
	if *got.Spec.RunStrategy != "Always" || got.Labels["z"] != "y" || got.Generation != 2 {
		t.Errorf("patched: %+v", got)
	}
	var grow strings.Builder
	grow.WriteString(`[{"op":"add","path":"/metadata/annotations","value":{"a":"` + strings.Repeat("x", 100_000) + `"}}`)
	for i := range 40 {
		fmt.Fprintf(&grow, `,{"op":"copy","from":"/metadata/annotations","path":"/metadata/annotations/%d"}`, i)
	}
	if a := do(s, "PATCH", vms+"/a", grow.String()+"]", jsonType); a.code != 422 {
		t.Errorf("copies of copies: %d %.300s", a.code, a.body)
	}
}

func TestHooks(t *testing.T) {
	var told []string
	s := newServer(t, func(r *Resource) {
		r.Default = func(w *Write) error {
			w.Warn("defaulted")
			return unstructured.SetNestedField(w.Object.Object, "default", "spec", "template", "spec", "architecture")
		}
		r.ValidateCreate = func(w *Write) error {
			if w.Name == "bad" {
				return apierrors.NewInvalid(w.Resource.gvk("v1").GroupKind(), w.Name, field.ErrorList{field.Required(field.NewPath("spec", "x"), "y")})
			}
			if w.Name == "broken" {
				return errors.New("a webhook's failure")
			}
			return nil
		}
		r.ValidateUpdate = func(w *Write) error {
			before, _, _ := unstructured.NestedString(w.Old.Object, "spec", "runStrategy")
			after, _, _ := unstructured.NestedString(w.Object.Object, "spec", "runStrategy")
			if before == "Always" && after == "Manual" {
				return apierrors.NewBadRequest("not so")
			}
			return nil
		}
		r.BeforeDelete = func(w *Write) error {
			if w.Old.GetLabels()["keep"] != "" {
				return apierrors.NewForbidden(w.Resource.groupResource(), w.Name, errors.New("kept"))
			}
			return nil
		}
		r.AfterWrite = func(w *Write) { told = append(told, fmt.Sprintf("%s %s %s", w.Operation, w.Subresource, w.Name)) }
	})
	a := want(t, s, "POST", vms, vmBody("a"), 201)
	if a.vm(t).Spec.Template.Spec.Architecture != "default" || strings.Contains(string(a.body), "f:architecture") {
		t.Errorf("a default is nobody's: %s", a.body)
	}
	if diff := cmp.Diff([]string{`299 - "defaulted"`}, a.header["Warning"]); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if got := refusalOf(t, want(t, s, "POST", vms, vmBody("bad"), 422)); got.Causes != "FieldValueRequired spec.x;" {
		t.Errorf("refused: %+v", got)
	}
	if got := refusalOf(t, want(t, s, "POST", vms, vmBody("broken"), 500)); got.Reason != "" || got.Message != "a webhook's failure" {
		t.Errorf("broken: %+v", got)
	}
	applyVM(t, s, "a", "m", strings.Replace(vmBody("a"), "Halted", "Always", 1), 200, "&force=true")
	applyVM(t, s, "a", "m", strings.Replace(vmBody("a"), "Halted", "Manual", 1), 400, "&force=true")
	want(t, s, "PATCH", vms+"/a/status", `{"status":{"ready":true}}`, 200, mergeType)
	want(t, s, "PATCH", vms+"/a", `{"metadata":{"labels":{"keep":"1"}}}`, 200, mergeType)
	want(t, s, "DELETE", vms+"/a", "", 403)
	want(t, s, "PATCH", vms+"/a", `{"metadata":{"labels":null}}`, 200, mergeType)
	want(t, s, "DELETE", vms+"/a", "", 200)
	if diff := cmp.Diff([]string{"CREATE  a", "UPDATE  a", "UPDATE status a", "UPDATE  a", "UPDATE  a", "DELETE  a"}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestDirect(t *testing.T) {
	s := newServer(t, nil)
	ref := Ref{Resource: vmGroupResource, Namespace: "ns", Name: "a"}
	ctx := context.Background()
	made, err := s.Create(ctx, ref, "virt-controller", map[string]any{"metadata": map[string]any{"labels": map[string]string{"x": "y"}}, "spec": map[string]any{"runStrategy": "Halted", "foo": 1}})
	if err != nil || made.GetUID() == "" || made.GetResourceVersion() == "" {
		t.Fatalf("Create: %v %v", made, err)
	}
	if _, err := s.Create(ctx, ref, "virt-controller", nil); !apierrors.IsAlreadyExists(err) {
		t.Errorf("Create again: %v", err)
	}
	setReady := func(u *unstructured.Unstructured) error {
		u.Object["status"] = struct {
			Ready bool `json:"ready"`
			Count int  `json:"observedGeneration"`
		}{true, 3}
		return nil
	}
	changed, err := s.Update(ctx, ref, "virt-controller", "status", setReady)
	if err != nil || changed.GetGeneration() != 1 {
		t.Fatalf("Update: %v %v", changed, err)
	}
	same, err := s.Update(ctx, ref, "virt-controller", "status", setReady)
	if err != nil || same.GetResourceVersion() != changed.GetResourceVersion() {
		t.Errorf("Update again: %v %v", same, err)
	}
	got := want(t, s, "GET", vms+"/a", "", 200)
	expectOwned(t, "", got, "virt-controller Update : runStrategy", "virt-controller Update status: ready")
	if _, err := s.Update(ctx, ref, "m", "", func(*unstructured.Unstructured) error { return errors.New("no") }); err == nil || err.Error() != "no" {
		t.Errorf("Update that fails: %v", err)
	}
	if err := s.Delete(ctx, ref, nil); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if _, err := s.Get(ref); !apierrors.IsNotFound(err) {
		t.Errorf("Get: %v", err)
	}
	if _, err := s.Get(Ref{}); !apierrors.IsNotFound(err) {
		t.Errorf("Get of what is not registered: %v", err)
	}
}

func TestConcurrentWriters(t *testing.T) {
	s := newServer(t, nil)
	createVMs(t, s, "a")
	var wait sync.WaitGroup
	const writers, writes = 6, 20
	for i := range writers {
		wait.Go(func() {
			for n := range writes {
				body := fmt.Sprintf(`{"metadata":{"annotations":{"w%d":"%d"}}}`, i, n)
				if a := do(s, "PATCH", vms+"/a", body, mergeType); a.code != 200 {
					t.Errorf("patch: %d %s", a.code, a.body)
				}
				do(s, "GET", vms+"?limit=1", "")
			}
		})
	}
	wait.Wait()
	got := want(t, s, "GET", vms+"/a", "", 200).vm(t)
	if len(got.Annotations) != writers || got.ResourceVersion != fmt.Sprint(103+writers*writes) {
		t.Errorf("after %d patches: revision %s, %v", writers*writes, got.ResourceVersion, got.Annotations)
	}
}

func TestNamespaceThatGoes(t *testing.T) {
	s := newServer(t, nil)
	want(t, s, "PATCH", "/api/v1/namespaces/ns", `{"metadata":{"finalizers":["x.io/f"]}}`, 200, mergeType)
	want(t, s, "DELETE", "/api/v1/namespaces/ns", "", 200)
	got := refusalOf(t, want(t, s, "POST", vms, vmBody("a"), 403))
	if got.Reason != "Forbidden" || got.Causes != "NamespaceTerminating metadata.namespace;" {
		t.Errorf("created in it: %+v", got)
	}
}
