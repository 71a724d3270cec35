package mapper_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	clonev1beta1 "kubevirt.io/api/clone/v1beta1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	exportv1 "kubevirt.io/api/export/v1"
	instancetypev1beta1 "kubevirt.io/api/instancetype/v1beta1"
	snapshotv1beta1 "kubevirt.io/api/snapshot/v1beta1"
	"sigs.k8s.io/yaml"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

// doors map an object of a kind, given as YAML.
var doors = map[string]func(t *testing.T, m *mapper.Mapper, data []byte) (any, error){
	"VirtualMachineInstanceMigration":   door((*mapper.Mapper).MapMigration),
	"VirtualMachineSnapshot":            door((*mapper.Mapper).MapSnapshot),
	"VirtualMachineRestore":             door((*mapper.Mapper).MapRestore),
	"VirtualMachineClone":               door((*mapper.Mapper).MapClone),
	"VirtualMachineExport":              door((*mapper.Mapper).MapExport),
	"VirtualMachineInstancetype":        door((*mapper.Mapper).MapInstanceType),
	"VirtualMachineClusterInstancetype": door((*mapper.Mapper).MapClusterInstanceType),
	"VirtualMachinePreference":          door((*mapper.Mapper).MapPreference),
	"VirtualMachineClusterPreference":   door((*mapper.Mapper).MapClusterPreference),
}

func door[K, D any](mapIt func(*mapper.Mapper, *K) (*D, error)) func(*testing.T, *mapper.Mapper, []byte) (any, error) {
	return func(t *testing.T, m *mapper.Mapper, data []byte) (any, error) {
		t.Helper()
		object := new(K)
		decodeYAML(t, "object.yaml", data, object)
		value, err := mapIt(m, object)
		if err != nil {
			return nil, err
		}
		return value, nil
	}
}

// TestGoldenOther runs testdata/other: sections object.yaml, of any kind that has a door, and want.json.
func TestGoldenOther(t *testing.T) {
	m := mapper.New(mapper.Options{Cluster: "c1"})
	files, err := filepath.Glob("testdata/other/*.txtar")
	if err != nil || len(files) < 25 {
		t.Fatalf("golden cases: %d, %v", len(files), err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil || !strings.Contains(string(archive.Comment), "why: ") {
				t.Fatalf("no line \"why: ...\", or %v", err)
			}
			object := section(archive, "object.yaml")
			kind := kindOf(t, object)
			seen[kind] = true
			value, err := doors[kind](t, m, object)
			got := struct {
				Value any           `json:"value,omitempty"`
				Error *domain.Error `json:"error,omitempty"`
			}{Value: value}
			if err != nil {
				got.Error, _ = errors.AsType[*domain.Error](err)
			}
			text, err := json.MarshalIndent(got, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, '\n')
			if *update {
				archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want.json" })
				archive.Files = append(archive.Files, txtar.File{Name: "want.json", Data: text})
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(section(archive, "want.json")), string(text)); diff != "" {
				t.Errorf("%s(-want +got):\n%s", archive.Comment, diff)
			}
		})
	}
	for kind := range doors {
		if !seen[kind] {
			t.Errorf("no golden case of kind %s", kind)
		}
	}
}

func kindOf(t *testing.T, data []byte) string {
	t.Helper()
	var object struct {
		Kind string `json:"kind"`
	}
	if err := yaml.Unmarshal(data, &object); err != nil || doors[object.Kind] == nil {
		t.Fatalf("kind %q has no door: %v", object.Kind, err)
	}
	return object.Kind
}

// Every door answers nil, and an object with nothing in it, with INCOMPATIBLE_SCHEMA.
func TestOtherRefuse(t *testing.T) {
	m := mapper.New(mapper.Options{Cluster: "c1"})
	code := func(_ any, err error) domain.Code { return domain.CodeOf(err) }
	for name, got := range map[string]domain.Code{
		"nil migration":               code(m.MapMigration(nil)),
		"nil snapshot":                code(m.MapSnapshot(nil)),
		"nil restore":                 code(m.MapRestore(nil)),
		"nil clone":                   code(m.MapClone(nil)),
		"nil export":                  code(m.MapExport(nil)),
		"nil instance type":           code(m.MapInstanceType(nil)),
		"nil cluster instance type":   code(m.MapClusterInstanceType(nil)),
		"nil preference":              code(m.MapPreference(nil)),
		"nil cluster preference":      code(m.MapClusterPreference(nil)),
		"empty migration":             code(m.MapMigration(&kubevirtv1.VirtualMachineInstanceMigration{})),
		"empty snapshot":              code(m.MapSnapshot(&snapshotv1beta1.VirtualMachineSnapshot{})),
		"empty restore":               code(m.MapRestore(&snapshotv1beta1.VirtualMachineRestore{})),
		"empty clone":                 code(m.MapClone(&clonev1beta1.VirtualMachineClone{})),
		"empty export":                code(m.MapExport(&exportv1.VirtualMachineExport{})),
		"empty instance type":         code(m.MapInstanceType(&instancetypev1beta1.VirtualMachineInstancetype{})),
		"empty cluster instance type": code(m.MapClusterInstanceType(&instancetypev1beta1.VirtualMachineClusterInstancetype{})),
		"empty preference":            code(m.MapPreference(&instancetypev1beta1.VirtualMachinePreference{})),
		"empty cluster preference":    code(m.MapClusterPreference(&instancetypev1beta1.VirtualMachineClusterPreference{})),
	} {
		if got != domain.CodeIncompatibleSchema {
			t.Errorf("%s: %q", name, got)
		}
	}
}
