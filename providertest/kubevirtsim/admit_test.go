package kubevirtsim

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// admissions are changes of a valid VM, one a line, and what KubeVirt v1.9.0 answered to the creation of each: its own
// webhooks were called, the mutating one, the CRD's schema and the validating one in this order, with the catalogue below
// and the feature gates of the line.
//
//go:embed testdata/admissions.jsonl
var admissions []byte

// admission is one line. A path leads through objects and lists; null takes away what is there.
type admission struct {
	Edit     json.RawMessage     `json:"edit"`
	Gates    []string            `json:"gates"`
	Code     int32               `json:"code"`
	Reason   metav1.StatusReason `json:"reason"`
	Causes   []string            `json:"causes"` // type and field
	Warnings []string            `json:"warnings"`
}

const validVM = `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"vm","namespace":"default"},
"spec":{"runStrategy":"Halted","template":{"metadata":{},"spec":{"domain":{"memory":{"guest":"1Gi"},"devices":{
"disks":[{"name":"root","disk":{"bus":"virtio"}},{"name":"data","disk":{"bus":"virtio"}}],"interfaces":[{"name":"default","masquerade":{}}]}},
"networks":[{"name":"default","pod":{}}],
"volumes":[{"name":"root","containerDisk":{"image":"x:1"}},{"name":"data","emptyDisk":{"capacity":"1Gi"}}]}}}}`

// catalogue is what those VMs name.
var catalogue = []string{
	`{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineClusterInstancetype","metadata":{"name":"small"},
"spec":{"cpu":{"guest":2},"memory":{"guest":"1Gi"}}}`,
	`{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineClusterInstancetype","metadata":{"name":"odd"},
"spec":{"cpu":{"guest":3,"model":"x","dedicatedCPUPlacement":true},"memory":{"guest":"1Gi","hugepages":{"pageSize":"2Mi"}},
"nodeSelector":{"a":"b"},"ioThreadsPolicy":"auto","annotations":{"k":"v"}}}`,
	`{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineClusterPreference","metadata":{"name":"spread"},
"spec":{"cpu":{"preferredCPUTopology":"spread"},"requirements":{"cpu":{"guest":4},"memory":{"guest":"2Gi"}}}}`,
	`{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineClusterPreference","metadata":{"name":"secure"},
"spec":{"firmware":{"preferredUseSecureBoot":true,"preferredUseEfi":true},"machine":{"preferredMachineType":"pc-q35-9.2"}}}`,
}

// TestAdmissions holds the webhooks for VMs against KubeVirt's own: code, reason, cause types, field paths and warnings.
func TestAdmissions(t *testing.T) {
	servers := map[string]*Server{}
	lines := bufio.NewScanner(bytes.NewReader(admissions))
	for n := 1; lines.Scan(); n++ {
		var a admission
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatalf("line %d: %v", n, err)
		}
		gates := strings.Join(a.Gates, ",")
		if servers[gates] == nil {
			servers[gates] = newServer(t, Options{FeatureGates: a.Gates})
			for _, object := range catalogue {
				if err := servers[gates].Inject([]byte(object)); err != nil {
					t.Fatal(err)
				}
			}
		}
		t.Run(fmt.Sprintf("line %d", n), func(t *testing.T) {
			w := world{t, servers[gates]}.do("POST", machinePath+"?dryRun=All", edited(t, validVM, a.Edit), "Content-Type", "application/json")
			status := statusIn(t, w.Body.Bytes())
			got := admission{Code: int32(w.Code), Reason: status.Reason, Causes: causesOf(status)}
			for _, warning := range w.Header()["Warning"] {
				got.Warnings = append(got.Warnings, strings.TrimSuffix(strings.TrimPrefix(warning, `299 - "`), `"`))
			}
			want := a
			want.Edit, want.Gates = nil, nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\n%s\n(-KubeVirt +got):\n%s", a.Edit, status.Message, diff)
			}
		})
	}
	if len(servers) < 2 {
		t.Errorf("%d sets of gates", len(servers))
	}
}

func newServer(t testing.TB, opts Options) *Server {
	t.Helper()
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// statusIn is the Status in an answer; the zero one if it is another object.
func statusIn(t testing.TB, body []byte) metav1.Status {
	t.Helper()
	var status metav1.Status
	var kind metav1.TypeMeta
	if err := json.Unmarshal(body, &kind); err != nil || kind.Kind != "Status" {
		return status
	}
	if err := json.Unmarshal(body, &status); err != nil {
		t.Fatal(err)
	}
	return status
}

func causesOf(status metav1.Status) []string {
	if status.Details == nil {
		return nil
	}
	var causes []string
	for _, c := range status.Details.Causes {
		causes = append(causes, strings.TrimSpace(string(c.Type)+" "+c.Field))
	}
	return causes
}

// edited changes an object: edits are an object of paths and values, taken in order.
func edited(t testing.TB, object string, edits json.RawMessage) string {
	t.Helper()
	var root any
	if err := json.Unmarshal([]byte(object), &root); err != nil {
		t.Fatal(err)
	}
	in := json.NewDecoder(bytes.NewReader(edits))
	if _, err := in.Token(); err != nil {
		t.Fatal(err)
	}
	for in.More() {
		path, err := in.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := in.Decode(&value); err != nil {
			t.Fatal(err)
		}
		root = put(root, strings.Split(path.(string), "."), value)
	}
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func put(at any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	if list, ok := at.([]any); ok {
		n, err := strconv.Atoi(path[0])
		if err != nil {
			panic(err)
		}
		list[n] = put(list[n], path[1:], value)
		return list
	}
	object, ok := at.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	if len(path) == 1 && value == nil {
		delete(object, path[0])
		return object
	}
	object[path[0]] = put(object[path[0]], path[1:], value)
	return object
}

// TestAdmissionOfChanges is about what an update may change.
func TestAdmissionOfChanges(t *testing.T) {
	const snapshot, restore = KnobPrefix + "Snapshotting", KnobPrefix + "Restoring"
	for why, c := range map[string]struct {
		knob   string
		edit   string
		code   int
		causes []string
	}{
		"a snapshot holds the run strategy":  {snapshot, `{"spec.runStrategy":"Always"}`, 422, []string{"FieldValueNotSupported spec"}},
		"a snapshot holds the volumes":       {snapshot, `{"spec.template.spec.volumes.1.emptyDisk.capacity":"2Gi"}`, 422, []string{"FieldValueNotSupported spec"}},
		"a snapshot does not hold the rest":  {snapshot, `{"spec.template.spec.domain.memory.guest":"2Gi"}`, 200, nil},
		"a restore holds the run strategy":   {restore, `{"spec.runStrategy":"Always"}`, 422, []string{"FieldValueNotSupported spec"}},
		"a restore does not hold the rest":   {restore, `{"spec.template.spec.domain.memory.guest":"2Gi"}`, 200, nil},
		"without either everything goes":     {"a.test/none", `{"spec.runStrategy":"Always"}`, 200, nil},
		"a VM is never without run strategy": {"a.test/none", `{"spec.runStrategy":null}`, 422, []string{"FieldValueInvalid spec.running"}},
	} {
		t.Run(why, func(t *testing.T) {
			inWorld(t, Options{}, func(w world) {
				w.must(201, "POST", machinePath, edited(w, validVM, json.RawMessage(`{"metadata.annotations":{"`+c.knob+`":"true"}}`)))
				time.Sleep(time.Second)
				live := w.must(200, "GET", machinePath+"/vm", "")
				got := w.do("PUT", machinePath+"/vm", edited(w, live, json.RawMessage(c.edit)), "Content-Type", "application/json")
				status := statusIn(w, got.Body.Bytes())
				if diff := cmp.Diff(c.causes, causesOf(status)); got.Code != c.code || diff != "" {
					t.Errorf("%d %s %s", got.Code, status.Message, diff)
				}
			})
		})
	}
}

// must makes a request that is answered with a code, and returns the answer.
func (w world) must(code int, method, path, body string, headers ...string) string {
	w.Helper()
	if body != "" && len(headers) == 0 {
		headers = []string{"Content-Type", "application/json"}
	}
	got := w.do(method, path, body, headers...)
	if got.Code != code {
		w.Fatalf("%s %s: %d, want %d: %s", method, path, got.Code, code, got.Body)
	}
	return got.Body.String()
}

func (w world) getVM() *kubevirtv1.VirtualMachine {
	w.Helper()
	vm := &kubevirtv1.VirtualMachine{}
	if err := json.Unmarshal([]byte(w.must(200, "GET", machinePath+"/vm", "")), vm); err != nil {
		w.Fatal(err)
	}
	return vm
}

// TestOldSnapshotHoldsAll: up to 1.3 nothing of the spec could change.
func TestOldSnapshotHoldsAll(t *testing.T) {
	for version, want := range map[string]int{"1.3.1": 422, "1.9.0": 200} {
		inWorld(t, Options{Version: version}, func(w world) {
			w.must(201, "POST", machinePath, edited(w, validVM, json.RawMessage(`{"metadata.annotations":{"`+KnobPrefix+`Snapshotting":"true"}}`)))
			time.Sleep(time.Second)
			w.must(want, "PATCH", machinePath+"/vm", `{"spec":{"template":{"spec":{"hostname":"other"}}}}`, "Content-Type", mergePatch)
		})
	}
}

// TestLeavingVMIsNotHeld: what is going may be written as it is, or its finalizers could never go.
func TestLeavingVMIsNotHeld(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.must(201, "POST", machinePath, edited(w, validVM, json.RawMessage(`{"metadata.finalizers":["a/b"]}`)))
		w.must(200, "DELETE", machinePath+"/vm", "")
		w.must(200, "PATCH", machinePath+"/vm", `{"spec":{"runStrategy":null}}`, "Content-Type", "application/merge-patch+json")
	})
}

// TestRefusalTellsTen: a refusal with more findings says only how many there are.
func TestRefusalTellsTen(t *testing.T) {
	f := &findings{}
	for range 12 {
		f.invalid(nil, "no")
	}
	status := f.refusal("hook").(interface{ Status() metav1.Status }).Status() //nolint:forcetypeassert // it panics if not
	want := `admission webhook "hook" denied the request: ` + strings.Repeat("no, ", 10) + "and 2 more validation errors"
	if len(status.Details.Causes) != 10 || status.Message != want {
		t.Errorf("%d %s", len(status.Details.Causes), status.Message)
	}
}

// TestDefaults is about what a VM gets that a client has left open, by version.
func TestDefaults(t *testing.T) {
	for version, want := range map[string]struct{ firmware, layout bool }{
		"1.4.0": {false, false}, "1.5.3": {true, false}, "1.6.0": {true, true}, "1.9.0": {true, true},
	} {
		inWorld(t, Options{Version: version}, func(w world) {
			w.must(201, "POST", machinePath, validVM)
			spec := w.getVM().Spec.Template
			got := struct{ firmware, layout bool }{
				spec.Spec.Domain.Firmware != nil && spec.Spec.Domain.Firmware.UUID != "" && spec.Spec.Domain.Firmware.Serial != "",
				spec.ObjectMeta.Annotations[kubevirtv1.PciTopologyVersionAnnotation] == kubevirtv1.PciTopologyVersionV3,
			}
			if got != want || spec.Spec.Architecture != "amd64" || spec.Spec.Domain.Machine.Type != "q35" {
				t.Errorf("%s: %+v, want %+v: %+v", version, got, want, spec.Spec)
			}
		})
	}
}
