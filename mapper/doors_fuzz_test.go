package mapper_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	kubevirtv1 "kubevirt.io/api/core/v1"
	kjson "sigs.k8s.io/json"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

// FuzzDoors feeds the same bytes to both doors: objects decoded as Kubernetes does, and JSON read without objects.
func FuzzDoors(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(marshalled(f, c.vm), instanceJSON(f, c.vmi))
	}
	for seed := range int64(40) {
		vm, vmi := filled(f, seed)
		f.Add(marshalled(f, vm), marshalled(f, vmi))
	}
	for _, seed := range strangeJSON {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, vmJSON, vmiJSON []byte) {
		sameDoors(t, vmJSON, vmiJSON)
	})
}

// strangeJSON is what a server does not send, or seldom.
var strangeJSON = []string{
	``, ` `, `null`, `[]`, `{}`, `{`, `{}{}`, `"x"`, `{"metadata":null}`, `{"metadata":{"name":5,"namespace":"a"}}`,
	"\t{ \"metadata\" : { \"name\" : \"a\" ,\n\"namespace\" : \"b\" , \"uid\":null } , \"spec\" : null }\r\n",
	`{"metadata":{"name":"a\u0041\ud83d\ude00\ud800x\n\\","namespace":"b\"","labels":{"\u0061":"1","b":null}}}`,
	"{\"metadata\":{\"name\":\"a\xff\xfeb\",\"namespace\":\"b\",\"labels\":{\"x\xff\":\"\\u0000\"}}}",
	`{"metadata":{"n\u0061me":"a","namespace":"b","deletionTimestamp":"0001-01-01T00:00:00Z"}}`,
	`{"metadata":{"name":"a","namespace":"b","creationTimestamp":"2024-02-30T00:00:00Z"}}`,
	`{"metadata":{"name":"a","namespace":"b","creationTimestamp":"2024-02-28T00:00:00.123+02:00"}}`,
	`{"metadata":{"name":"a","namespace":"b"},"spec":{"template":{"spec":{"domain":{"cpu":{"cores":-1}}}}}}`,
	`{"metadata":{"name":"a","namespace":"b"},"spec":{"template":{"spec":{"domain":{"resources":{"requests":{"cpu":1.5,"memory":" 1Gi "}}}}}}}`,
	`{"metadata":{"name":"a","namespace":"b"},"spec":{"template":{"spec":{"domain":{"resources":{"requests":{"cpu":"x"}}}}}}}`,
}

// sameDoors says whether it could compare both objects.
func sameDoors(t *testing.T, vmJSON, vmiJSON []byte) bool {
	t.Helper()
	m := recordMapper()
	vm, vmi := &kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachineInstance{}
	record, comparable := sameRecord(t, vmJSON, vm, m.DecodeVM, func() (mapper.VMRecord, error) { return m.VMRecord(vm) }, "VirtualMachine")
	instance, comparableToo := sameRecord(t, vmiJSON, vmi, m.DecodeInstance, func() (mapper.InstanceRecord, error) { return m.InstanceRecord(vmi) }, "VirtualMachineInstance")
	if !comparable || record.IsZero() {
		return false
	}
	degraded, err := m.MapVMDegraded(vm)
	if diff := sameVM(recorded(degraded), m.JoinDegraded(record)); diff != "" || err != nil {
		t.Errorf("degraded (-objects +JSON): %v\n%s", err, diff)
	}
	if !comparableToo {
		return false
	}
	if instance.IsZero() {
		vmi = nil
	}
	joined, err := m.MapVM(vm, vmi)
	if diff := sameVM(recorded(joined), m.Join(record, instance)); diff != "" || err != nil {
		t.Errorf("(-objects +JSON): %v\n%s", err, diff)
	}
	return true
}

// sameRecord decodes one object by both doors, and says whether they can be compared.
func sameRecord[R comparable](t *testing.T, data []byte, into any, decode func([]byte) (R, error), reduce func() (R, error), kind string) (R, bool) {
	t.Helper()
	input := bytes.Clone(data)
	got, err := decode(input)
	for n := range input {
		input[n] = 'x'
	}
	again, _ := decode(bytes.Clone(data))
	if got != again {
		t.Error("the record shares something with the input")
	}
	var none R
	if err != nil && got != none {
		t.Error("a record beside an error")
	}
	if isJSON := json.Valid(data); isJSON == (domain.CodeOf(err) == domain.CodeProtocolError) {
		t.Fatalf("JSON %t, error %v", isJSON, err)
	}
	if kjson.UnmarshalCaseSensitivePreserveInts(data, into) != nil || !plain(data) {
		return got, false // the door asks nothing of fields it does not read
	}
	if !isKind(data, kind) {
		if domain.CodeOf(err) != domain.CodeUnexpectedObject {
			t.Errorf("another kind: %v", err)
		}
		return got, false
	}
	want, wantErr := reduce()
	if domain.CodeOf(wantErr) != domain.CodeOf(err) {
		t.Fatalf("the object: %v, its JSON: %v", wantErr, err)
	}
	if want != got {
		t.Errorf("the object's record:\n%+v\nthat of its JSON:\n%+v", want, got)
	}
	return got, true
}

func isKind(data []byte, want string) bool {
	var is struct {
		Kind       string `json:"kind"`
		APIVersion string `json:"apiVersion"`
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, &is); err != nil {
		return false
	}
	return (is.Kind == "" || is.Kind == want) && (is.APIVersion == "" || strings.HasPrefix(is.APIVersion, "kubevirt.io/"))
}

// plain says whether JSON has no two fields of one name, which encoding/json lays one over the other, and none whose
// name is right but for its case: VirtualMachineInstanceSpec.UnmarshalJSON takes those, and no server sends them.
func plain(data []byte) bool {
	names := fieldNames()
	d := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowInvalidUTF8(true))
	for {
		token, err := d.ReadToken()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		kind, length := d.StackIndex(d.StackDepth())
		if kind != '{' || length%2 != 1 {
			continue
		}
		name := token.String()
		if exact, known := names[strings.ToLower(name)]; known && !exact[name] {
			return false
		}
		for _, r := range name {
			if r == 'ſ' || r == '\u212a' { // fold to s and k
				return false
			}
		}
	}
}

// fieldNames are the names of all fields of both kinds, by their lower case.
var fieldNames = sync.OnceValue(func() map[string]map[string]bool {
	names := map[string]map[string]bool{}
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(typ.Elem())
		case reflect.Struct:
			if seen[typ] {
				return
			}
			seen[typ] = true
			for field := range typ.Fields() {
				name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				if lower := strings.ToLower(name); names[lower] == nil {
					names[lower] = map[string]bool{}
				}
				names[strings.ToLower(name)][name] = true
				walk(field.Type)
			}
		}
	}
	walk(reflect.TypeFor[kubevirtv1.VirtualMachine]())
	walk(reflect.TypeFor[kubevirtv1.VirtualMachineInstance]())
	return names
})

// filled makes a pair of objects whose every field is filled at random by Kubernetes' own fuzzers.
func filled(t testing.TB, seed int64) (*kubevirtv1.VirtualMachine, *kubevirtv1.VirtualMachineInstance) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := kubevirtv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	filler := fuzzer.FuzzerFor(fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, kubevirtFuncs), rand.NewSource(seed), serializer.NewCodecFactory(scheme)).
		NilChance(0.3).NumElements(0, 3).MaxDepth(12)
	vm, vmi := &kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachineInstance{}
	filler.Fill(vm)
	filler.Fill(vmi)
	if seed%4 != 0 {
		vm.Name, vm.Namespace, vm.UID = "vm-1", "team-a", "u"
		vmi.Name, vmi.Namespace = "vm-1", "team-a"
		own(vmi, "u")
	}
	vm.Kind, vm.APIVersion = "VirtualMachine", "kubevirt.io/v1"
	vmi.Kind, vmi.APIVersion = "VirtualMachineInstance", "kubevirt.io/v1"
	return vm, vmi
}

// TestDoorsAgreeOnFilledObjects is FuzzDoors on many objects of Kubernetes' fuzzers, in every run.
func TestDoorsAgreeOnFilledObjects(t *testing.T) {
	const objects = 300
	compared := 0
	for seed := range int64(objects) {
		vm, vmi := filled(t, seed)
		if sameDoors(t, marshalled(t, vm), marshalled(t, vmi)) {
			compared++
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if compared < objects/2 {
		t.Errorf("only %d of %d pairs could be compared", compared, objects)
	}
}
