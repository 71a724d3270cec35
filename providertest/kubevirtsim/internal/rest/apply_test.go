package rest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// owned are the managers of an object: name, operation, subresource, and what of spec and status they own.
func owned(t *testing.T, a answer) []string {
	t.Helper()
	var all []string
	for _, entry := range a.vm(t).ManagedFields {
		fields := map[string]map[string]any{}
		if err := json.Unmarshal(entry.FieldsV1.Raw, &fields); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, part := range []string{"f:spec", "f:status"} {
			for _, name := range []string{"f:runStrategy", "f:running", "f:template", "f:instancetype", "f:ready", "f:printableStatus"} {
				if _, ok := fields[part][name]; ok {
					names = append(names, name[2:])
				}
			}
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s: %s", entry.Manager, entry.Operation, entry.Subresource, strings.Join(names, " "))))
	}
	return all
}

func expectOwned(t *testing.T, why string, a answer, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, owned(t, a)); diff != "" {
		t.Errorf("%s\nowners (-want +got):\n%s", why, diff)
	}
}

func applyVM(t *testing.T, s *Server, name, manager, body string, code int, options ...string) answer {
	t.Helper()
	return want(t, s, "PATCH", vms+"/"+name+"?fieldManager="+manager+strings.Join(options, ""), body, code, applyType)
}

func TestApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil)
		made := applyVM(t, s, "a", "shepherd", vmBody("a"), 201)
		expectOwned(t, "an apply creates", made, "shepherd Apply : runStrategy template")
		if vm := made.vm(t); vm.Generation != 1 || vm.UID == "" {
			t.Errorf("created %+v", vm.ObjectMeta)
		}
		time.Sleep(time.Minute)
		again := applyVM(t, s, "a", "shepherd", vmBody("a"), 200)
		if diff := cmp.Diff(string(made.body), string(again.body)); diff != "" {
			t.Errorf("the same apply changes nothing (-first +second):\n%s", diff)
		}

		// What another writer changes is the applier's no longer.
		power := want(t, s, "PATCH", vms+"/a", `{"spec":{"runStrategy":"Always"}}`, 200, mergeType, "User-Agent: virt-api/v1.9.0")
		expectOwned(t, "", power, "shepherd Apply : template", "virt-api Update : runStrategy")
		if vm := power.vm(t); vm.Generation != 2 {
			t.Errorf("generation %d", vm.Generation)
		}
		conflict := refusalOf(t, applyVM(t, s, "a", "shepherd", vmBody("a"), 409))
		conflict.Message = conflict.Message[:len(`Apply failed with 1 conflict: conflict with "virt-api" using kubevirt.io/v1`)]
		if diff := cmp.Diff(refusal{409, "Conflict", "", "", "FieldManagerConflict .spec.runStrategy;", `Apply failed with 1 conflict: conflict with "virt-api" using kubevirt.io/v1`}, conflict); diff != "" {
			t.Errorf("the old value (-want +got):\n%s", diff)
		}
		shared := applyVM(t, s, "a", "shepherd", strings.Replace(vmBody("a"), "Halted", "Always", 1), 200)
		expectOwned(t, "the present value is shared", shared, "shepherd Apply : runStrategy template", "virt-api Update : runStrategy")
		left := applyVM(t, s, "a", "shepherd", strings.Replace(vmBody("a"), `"runStrategy":"Halted",`, "", 1), 200)
		expectOwned(t, "left out, the value stays the other's", left, "shepherd Apply : template", "virt-api Update : runStrategy")
		if strategy := left.vm(t).Spec.RunStrategy; strategy == nil || *strategy != "Always" {
			t.Errorf("run strategy %v", strategy)
		}
		forced := applyVM(t, s, "a", "shepherd", vmBody("a"), 200, "&force=true")
		expectOwned(t, "force takes it", forced, "shepherd Apply : runStrategy template")

		before := s.Store().Revision()
		applyVM(t, s, "a", "other", strings.Replace(vmBody("a"), "Halted", "Always", 1), 200, "&force=true", "&dryRun=All")
		if s.Store().Revision() != before || *want(t, s, "GET", vms+"/a", "", 200).vm(t).Spec.RunStrategy != "Halted" {
			t.Error("a dry run changed something")
		}
	})
}

func TestApplyCreates(t *testing.T) {
	s := newServer(t, nil)
	dry := applyVM(t, s, "a", "m", vmBody("a"), 201, "&dryRun=All").vm(t)
	if dry.ResourceVersion != "" || dry.UID == "" || dry.Generation != 1 {
		t.Errorf("dry run: %+v", dry.ObjectMeta)
	}
	want(t, s, "GET", vms+"/a", "", 404)
	strict := applyVM(t, s, "a", "m", vmBody("a", `"resourceVersion":"1"`), 201, "&force=true")
	expectOwned(t, "a revision that nothing has is no obstacle", strict, "m Apply : runStrategy template")
	applyVM(t, s, "a", "m", vmBody("a", `"resourceVersion":"1"`), 409, "&force=true")
	yaml := "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata:\n  name: b\nspec:\n  runStrategy: Halted\n"
	applyVM(t, s, "b", "m", yaml, 201)
	live := want(t, s, "GET", vms+"/b", "", 200).vm(t)
	applyVM(t, s, "b", "m", vmBody("b", `"uid":"`+string(live.UID)+`"`, `"resourceVersion":"`+live.ResourceVersion+`"`), 200)
	applyVM(t, s, "b", "m", vmBody("b", `"resourceVersion":"`+live.ResourceVersion+`"`), 409)
}

func TestApplyMetadata(t *testing.T) {
	s := newServer(t, nil)
	applyVM(t, s, "a", "one", vmBody("a", `"finalizers":["x.io/one"]`, `"labels":{"one":"1"}`), 201)
	both := applyVM(t, s, "a", "two", vmBody("a", `"finalizers":["x.io/two"]`, `"labels":{"two":"2"}`), 200).vm(t)
	if diff := cmp.Diff([]string{"x.io/one", "x.io/two"}, both.Finalizers); diff != "" || len(both.Labels) != 2 {
		t.Errorf("two appliers' finalizers are one set (-want +got):\n%s", diff)
	}
	less := applyVM(t, s, "a", "two", vmBody("a", `"labels":{}`), 200).vm(t)
	if diff := cmp.Diff([]string{"x.io/one"}, less.Finalizers); diff != "" || len(less.Labels) != 1 {
		t.Errorf("an applier takes back its own (-want +got):\n%s", diff)
	}
}

func TestStatus(t *testing.T) {
	s := newServer(t, nil)
	withStatus := strings.Replace(vmBody("a"), `"spec"`, `"status":{"ready":true},"spec"`, 1)
	made := want(t, s, "POST", vms, withStatus, 201)
	if made.vm(t).Status.Ready {
		t.Error("a creation set status")
	}
	expectOwned(t, "and owns none of it", made, "tester Update : runStrategy template")
	merged := want(t, s, "PATCH", vms+"/a/status", `{"status":{"ready":true},"spec":{"runStrategy":"Always"},"metadata":{"labels":{"x":"y"}}}`, 200, mergeType, "User-Agent: virt-controller/v1")
	vm := merged.vm(t)
	if !vm.Status.Ready || *vm.Spec.RunStrategy != "Halted" || len(vm.Labels) != 0 || vm.Generation != 1 {
		t.Errorf("a status patch changes status alone: %s", merged.body)
	}
	expectOwned(t, "", merged, "tester Update : runStrategy template", "virt-controller Update status: ready")
	main := want(t, s, "PATCH", vms+"/a", `{"status":{"ready":false,"printableStatus":"x"},"spec":{"runStrategy":"Always"}}`, 200, mergeType)
	if vm := main.vm(t); !vm.Status.Ready || *vm.Spec.RunStrategy != "Always" || vm.Generation != 2 {
		t.Errorf("another patch leaves status: %s", main.body)
	}
	body := strings.Replace(vmBody("a", `"resourceVersion":"`+main.vm(t).ResourceVersion+`"`), `"spec"`, `"status":{"printableStatus":"Stopped"},"spec"`, 1)
	put := want(t, s, "PUT", vms+"/a/status", body, 200, "User-Agent: virt-controller/v1")
	if vm := put.vm(t); vm.Status.Ready || vm.Status.PrintableStatus != "Stopped" || *vm.Spec.RunStrategy != "Always" {
		t.Errorf("PUT of status: %s", put.body)
	}
	want(t, s, "PUT", vms+"/a/status", body, 409)
	applied := applyVM(t, s, "a/status", "m", `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"a"},"status":{"ready":true},"spec":{"running":true}}`, 200)
	if vm := applied.vm(t); !vm.Status.Ready || vm.Spec.Running != nil {
		t.Errorf("apply of status: %s", applied.body)
	}
	applyVM(t, s, "a", "m", strings.Replace(withStatus, "Halted", "Always", 1), 200, "&force=true")
	got := want(t, s, "GET", vms+"/a", "", 200)
	for _, entry := range owned(t, got) {
		if strings.HasPrefix(entry, "m Apply :") && strings.Contains(entry, "ready") {
			t.Errorf("an apply came to own status: %s", entry)
		}
	}
}

func TestManagersByAgent(t *testing.T) {
	s := newServer(t, nil)
	for agent, manager := range map[string]string{"kubectl/v1.34 (linux)": "kubectl", "a\tb": "ab", strings.Repeat("x", 200): strings.Repeat("x", 128)} {
		a := want(t, s, "POST", vms, vmBody("vm-"+manager[:1]), 201, "User-Agent: "+agent)
		if got := a.vm(t).ManagedFields[0]; got.Manager != manager || got.Operation != metav1.ManagedFieldsOperationUpdate {
			t.Errorf("%q owns as %q", agent, got.Manager)
		}
	}
	a := want(t, s, "POST", vms+"?fieldManager=me", vmBody("b"), 201)
	if got := a.vm(t).ManagedFields[0].Manager; got != "me" {
		t.Errorf("named manager: %q", got)
	}
	reset := want(t, s, "PATCH", vms+"/b", `{"metadata":{"managedFields":[{}]}}`, 200, mergeType).vm(t)
	if len(reset.ManagedFields) != 0 {
		t.Errorf("managers after a reset: %v", reset.ManagedFields)
	}
}
