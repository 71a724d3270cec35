package mapper_test

import (
	"encoding/json"
	"errors"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	kubevirtv1 "kubevirt.io/api/core/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/randfill"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

// survives maps a pair of objects and checks what holds of every pair: no panic, one kind of error and only for one
// reason, nothing shared with the input, and clean text.
func survives(t *testing.T, vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) {
	t.Helper()
	vmBefore, vmiBefore := vm.DeepCopy(), vmi.DeepCopy()
	m := mapper.New(mapper.Options{Cluster: "c1"})
	got, err := m.MapVM(vm, vmi)
	degraded, errDegraded := m.MapVMDegraded(vm)
	if bad := vm == nil || vm.Name == "" || vm.Namespace == ""; bad != (err != nil) || bad != (errDegraded != nil) {
		t.Fatalf("errors: %v, %v", err, errDegraded)
	}
	if err != nil {
		if e, ok := errors.AsType[*domain.Error](err); !ok || !errors.Is(err, mapper.ErrIncompatibleSchema) || len(e.Fields) == 0 {
			t.Fatalf("%v is not INCOMPATIBLE_SCHEMA with fields", err)
		}
		return
	}
	for _, value := range []*domain.VM{got, degraded} {
		if value.Status == "" || value.Instance == "" || value.Status == domain.StatusFailed && value.Reason == "" {
			t.Errorf("status %q, reason %q, instance %q", value.Status, value.Reason, value.Instance)
		}
		if domain.AvailableActions(value) == nil {
			t.Error("no actions")
		}
		scribble(t, reflect.ValueOf(value).Elem(), "vm")
	}
	if diff := cmp.Diff(vmBefore, vm); diff != "" {
		t.Errorf("the VM shares something with the result, or was changed:\n%s", diff)
	}
	if diff := cmp.Diff(vmiBefore, vmi); diff != "" {
		t.Errorf("the instance shares something with the result, or was changed:\n%s", diff)
	}
}

// scribble overwrites everything that a value refers to, and checks the strings on its way.
func scribble(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Errorf("%s is not clean: %q", path, s)
		}
		if v.CanSet() {
			v.SetString("scribbled")
		}
	case reflect.Pointer:
		if !v.IsNil() {
			scribble(t, v.Elem(), path)
		}
	case reflect.Struct:
		for n := range v.NumField() {
			if v.Type().Field(n).IsExported() {
				scribble(t, v.Field(n), path+"."+v.Type().Field(n).Name)
			}
		}
	case reflect.Slice:
		for n := range v.Len() {
			scribble(t, v.Index(n), path+"[]")
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			scribble(t, key, path+" key")
			scribble(t, v.MapIndex(key), path+" value")
			v.SetMapIndex(key, reflect.Value{})
		}
		if v.Type().Key().Kind() == reflect.String && !v.IsNil() {
			v.SetMapIndex(reflect.ValueOf("scribbled"), reflect.ValueOf("scribbled"))
		}
	case reflect.Int64, reflect.Int32:
		if v.CanSet() {
			v.SetInt(-7)
		}
	}
}

// FuzzMapVM feeds two objects as bytes, as a server might send them. The golden cases are the seeds.
func FuzzMapVM(f *testing.F) {
	for _, c := range goldenCases(f) {
		vm, _ := json.Marshal(c.vm)
		vmi, _ := json.Marshal(c.vmi)
		f.Add(vm, vmi)
	}
	f.Fuzz(func(t *testing.T, vmJSON, vmiJSON []byte) {
		vm, vmi := &kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachineInstance{}
		if kjson.UnmarshalCaseSensitivePreserveInts(vmJSON, vm) != nil || kjson.UnmarshalCaseSensitivePreserveInts(vmiJSON, vmi) != nil {
			return
		}
		survives(t, vm, vmi)
	})
}

// FuzzMapVMPruned takes a golden case apart: keys are removed or made null, lists and texts replaced, before the
// objects are decoded; then pointers, slices and maps of the decoded objects are set to nil.
func FuzzMapVMPruned(f *testing.F) {
	cases := goldenCases(f)
	for n := range cases {
		f.Add(n, int64(n), 3)
	}
	f.Fuzz(func(t *testing.T, n int, seed int64, cuts int) {
		c := cases[uint(n)%uint(len(cases))]
		if c.vm == nil {
			return
		}
		r := rand.New(rand.NewSource(seed))
		vm, vmi := &kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachineInstance{}
		if !mutated(t, r, cuts%16, c.vm, vm) {
			return
		}
		if c.vmi == nil || !mutated(t, r, cuts%16, c.vmi, vmi) {
			vmi = nil
		}
		vm.UID = "u"
		own(vmi, "u")
		cut(r, reflect.ValueOf(vm).Elem())
		if vmi != nil {
			cut(r, reflect.ValueOf(vmi).Elem())
		}
		survives(t, vm, vmi)
	})
}

// own makes an instance the VM's, so that it is looked at.
func own(vmi *kubevirtv1.VirtualMachineInstance, uid string) {
	if vmi != nil && len(vmi.OwnerReferences) > 0 {
		vmi.OwnerReferences[0].UID, vmi.OwnerReferences[0].Controller = "u", new(true)
	}
}

// mutated decodes a mutated copy of an object, and says whether that worked.
func mutated(t *testing.T, r *rand.Rand, cuts int, from, into any) bool {
	t.Helper()
	raw, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	for range cuts {
		tree = mutate(r, tree, 0)
	}
	if raw, err = json.Marshal(tree); err != nil {
		t.Fatal(err)
	}
	return kjson.UnmarshalCaseSensitivePreserveInts(raw, into) == nil
}

// mutate changes one place of a JSON tree.
func mutate(r *rand.Rand, tree any, depth int) any {
	if depth > 1 && r.Intn(6) == 0 {
		return []any{nil, "", "\x00\u202e", map[string]any{}, []any{}, float64(-1), float64(1 << 40), true, "9Ei"}[r.Intn(9)]
	}
	switch tree := tree.(type) {
	case map[string]any:
		for key := range tree { // random order is wanted here
			if depth > 0 && r.Intn(4) == 0 {
				delete(tree, key)
			} else {
				tree[key] = mutate(r, tree[key], depth+1)
			}
			break
		}
	case []any:
		if len(tree) > 0 {
			n := r.Intn(len(tree))
			tree[n] = mutate(r, tree[n], depth+1)
			if r.Intn(4) == 0 {
				return append(tree, tree[n])
			}
		}
	}
	return tree
}

// cut sets some pointers, slices and maps below a value to nil.
func cut(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return
		}
		if v.CanSet() && r.Intn(12) == 0 {
			v.SetZero()
			return
		}
		switch v.Kind() {
		case reflect.Pointer:
			cut(r, v.Elem())
		case reflect.Slice:
			for n := range v.Len() {
				cut(r, v.Index(n))
			}
		}
	case reflect.Struct:
		for n := range v.NumField() {
			if v.Type().Field(n).IsExported() {
				cut(r, v.Field(n))
			}
		}
	}
}

// TestMapVMFilled maps objects whose every field is filled at random by Kubernetes' own fuzzers.
func TestMapVMFilled(t *testing.T) {
	for seed := range int64(200) {
		vm, vmi := filled(t, seed)
		survives(t, vm, vmi)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// kubevirtFuncs fills what has rules of its own: the phases and words that the mapper tells apart.
func kubevirtFuncs(serializer.CodecFactory) []any {
	pick := func(c randfill.Continue, words ...string) string { return words[c.Intn(len(words))] }
	return []any{
		func(q *resource.Quantity, c randfill.Continue) {
			*q = *resource.NewQuantity(c.Int63()>>uint(c.Intn(63)), resource.BinarySI)
			if c.Intn(8) == 0 {
				*q = resource.MustParse(pick(c, "-1", "9223372036854775807", "1e18", "1500m", "0"))
			}
		},
		func(p *kubevirtv1.VirtualMachineInstancePhase, c randfill.Continue) {
			*p = kubevirtv1.VirtualMachineInstancePhase(pick(c, "", "Pending", "Scheduling", "Scheduled", "Running", "Succeeded", "Failed", "Unknown", "WaitingForSync"))
		},
		func(p *kubevirtv1.VirtualMachinePrintableStatus, c randfill.Continue) {
			*p = kubevirtv1.VirtualMachinePrintableStatus(pick(c, "", "Stopped", "Running", "Provisioning", "Stopping", "ErrorUnschedulable", "CrashLoopBackOff", "WaitingForReceiver", "Migrating", "x"))
		},
		func(p *kubevirtv1.VirtualMachineConditionType, c randfill.Continue) {
			*p = kubevirtv1.VirtualMachineConditionType(pick(c, "Ready", "Failure", "RestartRequired", "Paused", "ManualRecoveryRequired",
				"Initialized", "Provisioning", "Synchronized", "PodScheduled", "LiveMigratable", "AgentConnected"))
		},
		func(p *kubevirtv1.VirtualMachineInstanceConditionType, c randfill.Continue) {
			*p = kubevirtv1.VirtualMachineInstanceConditionType(pick(c, "Ready", "Paused", "Synchronized", "PodScheduled", "LiveMigratable",
				"AgentConnected", "Provisioning", "DataVolumesReady", "StorageLiveMigratable"))
		},
		func(p *corev1.ConditionStatus, c randfill.Continue) {
			*p = corev1.ConditionStatus(pick(c, "True", "False", "Unknown", ""))
		},
	}
}
