package kubevirtsim

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

const (
	migrationPath = "/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstancemigrations"
	catalogueBase = "/apis/instancetype.kubevirt.io/v1beta1/namespaces/default/"
	mergePatch    = "application/merge-patch+json"
)

// runningVM makes a VM that runs, with knobs.
func (w world) runningVM(knobs Knobs) {
	w.Helper()
	w.sim.SetKnobs("default", "vm", knobs)
	w.must(201, "POST", machinePath, edited(w, validVM, json.RawMessage(`{"spec.runStrategy":"Always"}`)))
	time.Sleep(time.Second)
}

func migrationBody(name, spec string) string {
	return `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceMigration","metadata":{"name":"` + name + `"},"spec":` + spec + `}`
}

// TestMigrationAdmission: what is wrong with the instance is a bad request without a reason.
func TestMigrationAdmission(t *testing.T) {
	const vm = `{"vmiName":"vm"}`
	for why, c := range map[string]struct {
		before func(world)
		spec   string
		code   int
		reason string
		causes []string
	}{
		"a running instance":             {func(w world) { w.runningVM(Knobs{}) }, vm, 201, "", nil},
		"no name":                        {func(world) {}, `{}`, 422, "Invalid", []string{"FieldValueRequired spec.vmiName"}},
		"no spec":                        {func(world) {}, `null`, 422, "Invalid", []string{"", ""}},
		"no instance":                    {func(world) {}, vm, 400, "", nil},
		"one that cannot be moved":       {func(w world) { w.runningVM(Knobs{NotMigratable: true}) }, vm, 400, "", nil},
		"a priority is the controller's": {func(w world) { w.runningVM(Knobs{}) }, `{"vmiName":"vm","priority":"user-triggered"}`, 422, "Invalid", []string{"FieldValueForbidden spec.migrationPriority"}},
		"a gate that is closed": {func(w world) { w.runningVM(Knobs{}) }, `{"vmiName":"vm","sendTo":{"migrationID":"a","connectURL":"b"}}`, 422, "Invalid",
			[]string{"FieldValueNotSupported"}},
		"one at a time": {func(w world) {
			w.runningVM(Knobs{MigrationNeverEnds: true})
			w.must(201, "POST", migrationPath, migrationBody("first", vm))
		}, vm, 400, "", nil},
		"one after the other": {func(w world) {
			w.runningVM(Knobs{})
			w.must(201, "POST", migrationPath, migrationBody("first", vm))
			time.Sleep(time.Minute)
		}, vm, 201, "", nil},
		"an instance that has ended": {func(w world) {
			w.sim.SetKnobs("default", "vm", Knobs{})
			w.must(201, "POST", machinePath, edited(w, validVM, json.RawMessage(`{"spec.runStrategy":"Once"}`)))
			time.Sleep(time.Second)
			if err := w.sim.Happen("default", "vm", GuestShutdown); err != nil {
				w.Fatal(err)
			}
			time.Sleep(time.Second)
		}, vm, 400, "", nil},
	} {
		t.Run(why, func(t *testing.T) {
			inWorld(t, Options{}, func(w world) {
				c.before(w)
				got := w.do("POST", migrationPath, migrationBody("move", c.spec), "Content-Type", "application/json")
				status := statusIn(w, got.Body.Bytes())
				if diff := cmp.Diff(c.causes, causesOf(status)); got.Code != c.code || string(status.Reason) != c.reason || diff != "" {
					t.Errorf("%d %q %s %s", got.Code, status.Reason, status.Message, diff)
				}
			})
		})
	}
}

// TestMigrationChanges: a migration is found by its label and held by a finalizer, and what it is about stays.
func TestMigrationChanges(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.runningVM(Knobs{MigrationNeverEnds: true})
		made := &kubevirtv1.VirtualMachineInstanceMigration{}
		if err := json.Unmarshal([]byte(w.must(201, "POST", migrationPath, migrationBody("move", `{"vmiName":"vm"}`))), made); err != nil {
			t.Fatal(err)
		}
		if made.Labels[kubevirtv1.MigrationSelectorLabel] != "vm" || len(made.Finalizers) != 1 {
			t.Errorf("%v %v", made.Labels, made.Finalizers)
		}
		path := migrationPath + "/move"
		w.must(422, "PATCH", path, `{"spec":{"vmiName":"other"}}`, "Content-Type", mergePatch)
		w.must(422, "PATCH", path, `{"metadata":{"labels":{"kubevirt.io/vmi-name":"other"}}}`, "Content-Type", mergePatch)
		w.must(422, "PATCH", path, `{"metadata":{"labels":null}}`, "Content-Type", mergePatch)
		w.must(200, "PATCH", path, `{"metadata":{"labels":{"other":"label"}}}`, "Content-Type", mergePatch)
	})
}

// TestInstanceAdmission: an instance is its VM's, and clients may hardly touch it.
func TestInstanceAdmission(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.runningVM(Knobs{})
		path := instancePath + "/vm"
		for why, c := range map[string]struct {
			body   string
			code   int
			causes []string
		}{
			"its spec":             {`{"spec":{"hostname":"other"}}`, 422, []string{"FieldValueNotSupported"}},
			"a label of KubeVirt":  {`{"metadata":{"labels":{"kubevirt.io/nodeName":"other"}}}`, 422, []string{"FieldValueNotSupported"}},
			"a label":              {`{"metadata":{"labels":{"other":"label"}}}`, 200, nil},
			"its status, in vain":  {`{"status":{"phase":"Failed"}}`, 200, nil},
			"a value of no type":   {`{"spec":{"hostname":1}}`, 422, []string{""}},
			"a finalizer of one's": {`{"metadata":{"finalizers":["a/b","foregroundDeleteVirtualMachine"]}}`, 200, nil},
		} {
			got := w.do("PATCH", path, c.body, "Content-Type", mergePatch)
			if diff := cmp.Diff(c.causes, causesOf(statusIn(w, got.Body.Bytes()))); got.Code != c.code || diff != "" {
				t.Errorf("%s: %d %s %s", why, got.Code, got.Body, diff)
			}
		}
		instance := &kubevirtv1.VirtualMachineInstance{}
		if err := json.Unmarshal([]byte(w.must(200, "GET", path, "")), instance); err != nil || instance.Status.Phase != kubevirtv1.Running {
			t.Errorf("%v %s", err, instance.Status.Phase)
		}
		lone := `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","metadata":{"name":"lone","namespace":"default"},"spec":{"domain":{"memory":{"guest":"1Gi"},"devices":{}}}}`
		w.must(400, "POST", instancePath, lone)
		status := statusIn(w, []byte(w.must(422, "POST", instancePath, edited(w, lone, json.RawMessage(`{"spec.domain.memory":null}`)))))
		if diff := cmp.Diff([]string{"FieldValueRequired"}, causesOf(status)); diff != "" {
			t.Error(diff)
		}
		if err := w.sim.Inject([]byte(lone)); err != nil {
			t.Errorf("somebody else's instance: %v", err)
		}
	})
}

// TestCatalogueAdmission: instance types and preferences are checked by their CRDs' schemas first.
func TestCatalogueAdmission(t *testing.T) {
	const kinds, preferences = "virtualmachineinstancetypes", "virtualmachinepreferences"
	s := newServer(t, Options{})
	for why, c := range map[string]struct {
		plural, spec string
		code         int
		causes       []string
	}{
		"a size":                 {kinds, `{"cpu":{"guest":1},"memory":{"guest":"1Gi"}}`, 201, nil},
		"no spec":                {kinds, `null`, 422, []string{"FieldValueRequired spec"}},
		"an empty spec":          {kinds, `{}`, 422, []string{"FieldValueRequired spec.cpu", "FieldValueRequired spec.memory"}},
		"no numbers":             {kinds, `{"cpu":{},"memory":{}}`, 422, []string{"FieldValueRequired spec.cpu.guest", "FieldValueRequired spec.memory.guest"}},
		"a number of letters":    {kinds, `{"cpu":{"guest":"a"},"memory":{"guest":"1Gi"}}`, 422, []string{"FieldValueTypeInvalid spec.cpu.guest"}},
		"more than all":          {kinds, `{"cpu":{"guest":1},"memory":{"guest":"1Gi","overcommitPercent":200}}`, 422, []string{"FieldValueInvalid spec.memory.overcommitPercent"}},
		"huge pages are held":    {kinds, `{"cpu":{"guest":1},"memory":{"guest":"1Gi","overcommitPercent":20,"hugepages":{"pageSize":"2Mi"}}}`, 422, []string{"FieldValueInvalid spec.memory.overcommitPercent"}},
		"a preference":           {preferences, `{}`, 201, nil},
		"an unknown topology":    {preferences, `{"cpu":{"preferredCPUTopology":"x"}}`, 422, []string{"FieldValueInvalid spec.cpu.preferredCPUTopology"}},
		"spread across nothing":  {preferences, `{"cpu":{"preferredCPUTopology":"spread","spreadOptions":{"across":"x"}}}`, 422, []string{"FieldValueInvalid spec.cpu.spreadOptions.across"}},
		"two threads a core":     {preferences, `{"cpu":{"preferredCPUTopology":"spread","spreadOptions":{"across":"CoresThreads","ratio":3}}}`, 422, []string{"FieldValueInvalid spec.cpu.spreadOptions.ratio"}},
		"an old name is good":    {preferences, `{"cpu":{"preferredCPUTopology":"preferCores"}}`, 201, nil},
		"an amount of no amount": {kinds, `{"cpu":{"guest":1},"memory":{"guest":"lots"}}`, 422, []string{"FieldValueInvalid spec.memory.guest"}},
	} {
		kind := map[string]string{kinds: "VirtualMachineInstancetype", preferences: "VirtualMachinePreference"}[c.plural]
		body := `{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"` + kind + `","metadata":{"name":"a"},"spec":` + c.spec + `}`
		got := world{t, s}.do("POST", catalogueBase+c.plural+"?dryRun=All", body, "Content-Type", "application/json")
		if diff := cmp.Diff(c.causes, causesOf(statusIn(t, got.Body.Bytes()))); got.Code != c.code || diff != "" {
			t.Errorf("%s: %d %s %s", why, got.Code, got.Body, diff)
		}
	}
	got := world{t, s}.do("POST", catalogueBase+preferences, `{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachinePreference",
"metadata":{"name":"a"},"spec":{"cpu":{"preferredCPUTopology":"preferCores"}}}`, "Content-Type", "application/json")
	if got.Header().Get("Warning") == "" {
		t.Error("an old name is not warned of")
	}
}
