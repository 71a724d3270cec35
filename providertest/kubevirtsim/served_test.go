package kubevirtsim

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"

	"github.com/kv-shepherd/shepherd-go/capability"
)

// TestTablesAreWhole: every minor serves every resource, and every field of the table is one of the API.
func TestTablesAreWhole(t *testing.T) {
	for minor := oldest.Minor; minor <= capability.Newest().Minor; minor++ {
		if rows := servedTable()[capability.Version{Major: 1, Minor: minor}]; len(rows) != 8 {
			t.Errorf("1.%d serves %d resources", minor, len(rows))
		}
	}
	known := map[typeField]bool{}
	for _, object := range []any{kubevirtv1.VirtualMachine{}, kubevirtv1.VirtualMachineInstance{}, kubevirtv1.VirtualMachineInstanceMigration{},
		kubevirtv1.KubeVirt{}, instancetypev1.VirtualMachineInstancetype{}, instancetypev1.VirtualMachinePreference{}} {
		fieldsOf(reflect.TypeOf(object), known, map[reflect.Type]bool{})
	}
	reached := 0
	for field := range fieldsTable() {
		if known[field] {
			reached++
		}
	}
	if enough := 140; reached < enough { // the others are options of subresources
		t.Errorf("only %d of %d fields of the table are in what is served", reached, len(fieldsTable()))
	}
}

func fieldsOf(t reflect.Type, known map[typeField]bool, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[typeField{t.PkgPath(), t.Name(), name}] = true
		fieldsOf(f.Type, known, seen)
	}
}

// TestServedVersions: discovery lists the versions of each minor, and their paths answer.
func TestServedVersions(t *testing.T) {
	for version, want := range map[string][]string{
		"1.3.1": {"v1beta1", "v1alpha2", "v1alpha1"}, "1.5.0": {"v1beta1", "v1alpha2", "v1alpha1"}, "1.6.0": {"v1beta1"}, "1.9.0": {"v1beta1"},
	} {
		w := world{t, newServer(t, Options{Version: version})}
		group := metav1.APIGroup{}
		if err := json.Unmarshal([]byte(w.must(200, "GET", "/apis/instancetype.kubevirt.io", "")), &group); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range group.Versions {
			got = append(got, v.Version)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", version, diff)
		}
		old := 404
		if slices.Contains(want, "v1alpha1") {
			old = 200
		}
		w.must(old, "GET", "/apis/instancetype.kubevirt.io/v1alpha1/virtualmachineclusterpreferences", "")
		w.must(200, "GET", "/apis/kubevirt.io/v1alpha3/virtualmachines", "")
		w.must(404, "GET", "/apis/snapshot.kubevirt.io/v1beta1", "")
	}
}

// TestYoungFields: a field that a minor does not know is an internal error for an apply, and dropped with a warning
// otherwise.
func TestYoungFields(t *testing.T) {
	for why, c := range map[string]struct {
		version, edit string
		known         bool
	}{
		"a reboot policy before 1.8":   {"1.7.0", `{"spec.template.spec.domain.rebootPolicy":"Reboot"}`, false},
		"a reboot policy in 1.9":       {"1.9.0", `{"spec.template.spec.domain.rebootPolicy":"Reboot"}`, true},
		"a video device before 1.6":    {"1.5.0", `{"spec.template.spec.domain.devices.video":{"type":"vga"}}`, false},
		"a video device from 1.6":      {"1.6.0", `{"spec.template.spec.domain.devices.video":{"type":"vga"}}`, true},
		"I/O threads before 1.5":       {"1.4.0", `{"spec.template.spec.domain.ioThreads":{}}`, false},
		"block tracking before 1.7":    {"1.6.0", `{"spec.template.spec.domain.devices.disks.0.changedBlockTracking":true}`, false},
		"block tracking from 1.7":      {"1.7.0", `{"spec.template.spec.domain.devices.disks.0.changedBlockTracking":true}`, true},
		"an inlined field before 1.8":  {"1.7.0", `{"spec.template.spec.domain.devices.interfaces.0.passtBinding":{}}`, false},
		"a field that no minor has":    {"1.9.0", `{"spec.template.spec.nothing":1}`, false},
		"a field that all minors have": {"1.3.0", `{"spec.template.spec.hostname":"a"}`, true},
	} {
		w := world{t, newServer(t, Options{Version: c.version})}
		body := edited(t, validVM, json.RawMessage(c.edit))
		apply := w.do("PATCH", machinePath+"/vm?fieldManager=a&dryRun=All", body, "Content-Type", "application/apply-patch+yaml")
		post := w.do("POST", machinePath+"?dryRun=All", body, "Content-Type", "application/json")
		strict := w.do("POST", machinePath+"?dryRun=All&fieldValidation=Strict", body, "Content-Type", "application/json")
		if c.known {
			if apply.Code == 500 || post.Header().Get("Warning") != "" || strict.Code == 400 {
				t.Errorf("%s: %d %s %v", why, apply.Code, apply.Body, post.Header())
			}
			continue
		}
		if apply.Code != 500 || post.Code != 201 || !strings.Contains(post.Header().Get("Warning"), "unknown field") || strict.Code != 400 {
			t.Errorf("%s: %d %s %d %v", why, apply.Code, apply.Body, post.Code, post.Header())
		}
	}
}

// TestReceiver: the run strategy of a receiver came with 1.6, behind a gate.
func TestReceiver(t *testing.T) {
	body := edited(t, validVM, json.RawMessage(`{"spec.runStrategy":"WaitAsReceiver"}`))
	for version, want := range map[string]int{"1.5.0": 422, "1.6.0": 201, "1.9.0": 201} {
		w := world{t, newServer(t, Options{Version: version, FeatureGates: []string{"DecentralizedLiveMigration"}})}
		w.must(want, "POST", machinePath+"?dryRun=All", body)
	}
}

// TestMissingInstancetype: up to 1.5 a VM is refused that names what is not there; from 1.6 it is taken and gets no
// instance, until what it names is there.
func TestMissingInstancetype(t *testing.T) {
	vm := edited(t, validVM, json.RawMessage(`{"spec.runStrategy":"Always","spec.instancetype":{"name":"small"},"spec.template.spec.domain.memory":null}`))
	inWorld(t, Options{Version: "1.5.0"}, func(w world) {
		status := statusIn(w, []byte(w.must(422, "POST", machinePath, vm)))
		if diff := cmp.Diff([]string{"FieldValueNotFound spec.instancetype"}, causesOf(status)); diff != "" {
			t.Error(diff)
		}
		// One that has been there may go: the VM has its revision.
		if err := w.sim.Inject([]byte(catalogue[0])); err != nil {
			t.Fatal(err)
		}
		w.must(201, "POST", machinePath, vm)
		w.must(200, "DELETE", "/apis/instancetype.kubevirt.io/v1beta1/virtualmachineclusterinstancetypes/small", "")
		w.must(200, "PATCH", machinePath+"/vm", `{"metadata":{"labels":{"a":"b"}}}`, "Content-Type", mergePatch)
		w.must(422, "PATCH", machinePath+"/vm", `{"spec":{"instancetype":{"name":"gone"}}}`, "Content-Type", mergePatch)
	})
	inWorld(t, Options{Version: "1.6.0"}, func(w world) {
		w.must(201, "POST", machinePath, vm)
		time.Sleep(time.Minute)
		got := w.getVM()
		if failure := conditionOf(got, kubevirtv1.VirtualMachineFailure); failure.Reason != "FailedFindInstancetype" {
			t.Errorf("%+v", got.Status)
		}
		if got.Status.PrintableStatus != kubevirtv1.VirtualMachineStatusStopped || got.Status.InstancetypeRef != nil {
			t.Errorf("%+v", got.Status)
		}
		w.must(404, "GET", instancePath+"/vm", "")
		if err := w.sim.Inject([]byte(catalogue[0])); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		got = w.getVM()
		if got.Status.PrintableStatus != kubevirtv1.VirtualMachineStatusRunning || conditionOf(got, kubevirtv1.VirtualMachineFailure).Type != "" {
			t.Errorf("%+v", got.Status)
		}
		if ref := got.Status.InstancetypeRef; ref == nil || ref.Name != "small" || ref.ControllerRevisionRef == nil {
			t.Errorf("%+v", ref)
		}
		w.must(200, "DELETE", "/apis/instancetype.kubevirt.io/v1beta1/virtualmachineclusterinstancetypes/small", "")
		time.Sleep(time.Minute)
		w.must(200, "PATCH", machinePath+"/vm", `{"metadata":{"labels":{"look":"again"}}}`, "Content-Type", mergePatch)
		time.Sleep(time.Minute)
		if got = w.getVM(); conditionOf(got, kubevirtv1.VirtualMachineFailure).Type != "" {
			t.Errorf("a VM keeps the revision that it has: %+v", got.Status)
		}
	})
}

func conditionOf(vm *kubevirtv1.VirtualMachine, kind kubevirtv1.VirtualMachineConditionType) kubevirtv1.VirtualMachineCondition {
	for _, c := range vm.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return kubevirtv1.VirtualMachineCondition{}
}
