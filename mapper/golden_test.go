package mapper_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

var update = flag.Bool("update", false, "rewrite want.json of the golden cases")

// golden is one file of testdata/vm: a comment with a line "why: ...", the sections vm.yaml and vmi.yaml, of which
// either may be missing, and want.json. A comment line "degraded" maps the VM without its instance.
type golden struct {
	name     string
	why      string
	degraded bool
	vm       *kubevirtv1.VirtualMachine
	vmi      *kubevirtv1.VirtualMachineInstance
	archive  *txtar.Archive
}

func goldenCases(t testing.TB) []golden {
	t.Helper()
	files, err := filepath.Glob("testdata/vm/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatalf("golden cases: %d, %v", len(files), err)
	}
	cases := make([]golden, len(files))
	for n, file := range files {
		cases[n] = readGolden(t, file)
	}
	return cases
}

func readGolden(t testing.TB, file string) golden {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := golden{name: strings.TrimSuffix(filepath.Base(file), ".txtar"), archive: archive}
	for line := range strings.Lines(string(archive.Comment)) {
		line = strings.TrimSpace(line)
		if why, ok := strings.CutPrefix(line, "why: "); ok {
			c.why = why
		}
		c.degraded = c.degraded || line == "degraded"
	}
	if c.why == "" {
		t.Fatalf("%s: no line \"why: ...\"", file)
	}
	if data := section(archive, "vm.yaml"); data != nil {
		c.vm = &kubevirtv1.VirtualMachine{}
		decodeYAML(t, file, data, c.vm)
	}
	if data := section(archive, "vmi.yaml"); data != nil {
		c.vmi = &kubevirtv1.VirtualMachineInstance{}
		decodeYAML(t, file, data, c.vmi)
	}
	return c
}

func decodeYAML(t testing.TB, file string, data []byte, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(data, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func section(archive *txtar.Archive, name string) []byte {
	for _, f := range archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func (c golden) run(m *mapper.Mapper) (*domain.VM, error) {
	if c.degraded {
		return m.MapVMDegraded(c.vm)
	}
	return m.MapVM(c.vm, c.vmi)
}

// outcome is what want.json holds.
type outcome struct {
	VM    *domain.VM    `json:"vm,omitempty"`
	Error *domain.Error `json:"error,omitempty"`
}

func TestGolden(t *testing.T) {
	m := mapper.New(mapper.Options{Cluster: "c1"})
	for _, c := range goldenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			vm, err := c.run(m)
			got := outcome{VM: vm}
			if err != nil {
				got.Error, _ = errors.AsType[*domain.Error](err)
			}
			text, err := json.MarshalIndent(got, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, '\n')
			if *update {
				rewrite(t, c, text)
				return
			}
			if diff := cmp.Diff(string(section(c.archive, "want.json")), string(text)); diff != "" {
				t.Errorf("%s\n(-want +got):\n%s", c.why, diff)
			}
		})
	}
}

func rewrite(t *testing.T, c golden, want []byte) {
	t.Helper()
	files := slices.DeleteFunc(c.archive.Files, func(f txtar.File) bool { return f.Name == "want.json" })
	c.archive.Files = append(files, txtar.File{Name: "want.json", Data: want})
	file := filepath.Join("testdata/vm", c.name+".txtar")
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if data := txtar.Format(c.archive); !bytes.Equal(old, data) {
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// The golden cases say what a VM looks like in every status and for every reason; a status without a case is one whose
// derivation nobody looked at.
func TestGoldenCoversEveryStatus(t *testing.T) {
	m := mapper.New(mapper.Options{Cluster: "c1"})
	statuses, reasons := map[domain.VMStatus]bool{}, map[domain.Reason]bool{}
	for _, c := range goldenCases(t) {
		if vm, err := c.run(m); err == nil {
			statuses[vm.Status], reasons[vm.Reason] = true, true
			if vm.Status == domain.StatusFailed && (vm.Reason == "" || vm.Message == "") {
				t.Errorf("%s: FAILED without reason or message", c.name)
			}
		}
	}
	for _, status := range domain.VMStatuses() {
		if !statuses[status] {
			t.Errorf("no golden case is %s", status)
		}
	}
	for _, reason := range append(domain.FailureReasons(), domain.ReasonPausedByUser, domain.ReasonPausedIOError, domain.ReasonPausedByMigration) {
		if !reasons[reason] {
			t.Errorf("no golden case has reason %s", reason)
		}
	}
}
