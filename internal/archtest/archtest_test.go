// Package archtest holds the import table of ARCHITECTURE.md against the code, tests included: go mod tidy records the
// imports of a package's tests in a consumer's go.sum, so that they count as well.
package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"strings"
	"testing"
)

const module = "github.com/kv-shepherd/shepherd-go"

// room is a row of the table. A pattern ending in "/..." covers what is below it; paths without a dot in their first
// part are of this module. The standard library is always allowed.
type room struct {
	code  []string // what its code may import
	tests []string // what its tests may import besides
}

var table = map[string]room{
	".":                     {},
	"domain":                {},
	"internal/backoff":      {code: []string{"domain"}},
	"internal/keyed":        {},
	"internal/jsontree":     {},
	"internal/names":        {code: []string{"domain"}},
	"internal/selector":     {code: []string{"domain", "internal/names"}},
	"internal/paging":       {code: []string{"domain"}},
	"internal/vmspec":       {code: []string{"domain", "internal/names"}},
	"internal/vmsim":        {code: []string{"domain"}, tests: []string{"pgregory.net/rapid"}},
	"internal/args":         {code: []string{"domain", "internal/...", "provider"}},
	"provider":              {code: []string{"domain", "internal/..."}, tests: []string{"provider/mock"}},
	"provider/mock":         {code: []string{"domain", "provider", "internal/..."}, tests: []string{"providertest", "pgregory.net/rapid"}},
	"provider/contract":     {code: []string{"domain", "provider", "internal/..."}},
	"provider/providermock": {code: []string{"domain", "provider", "go.uber.org/mock/gomock"}},
	"providertest":          {code: []string{"domain", "provider", "github.com/google/go-cmp/cmp"}, tests: []string{"provider/mock"}},
	"capability":            {code: []string{"domain"}},
	"watcher":               {code: []string{"domain", "provider", "internal/...", "github.com/sony/gobreaker/v2"}, tests: []string{"provider/mock"}},
	"providertest/kubevirtsim": {
		code: []string{"domain", "mapper", "capability", "internal/...", "providertest/kubevirtsim/internal/...",
			"kubevirt.io/api/...", "k8s.io/api/...", "k8s.io/apimachinery/..."},
		tests: []string{"k8s.io/client-go/...", "kubevirt.io/client-go/..."},
	},
	"providertest/kubevirtsim/internal/rest": {
		code: []string{"providertest/kubevirtsim/internal/store", "k8s.io/api/...", "k8s.io/apimachinery/...", "sigs.k8s.io/yaml",
			"gopkg.in/evanphx/json-patch.v4", "internal/..."},
		tests: []string{"kubevirt.io/api/...", "k8s.io/client-go/..."},
	},
	"providertest/kubevirtsim/internal/store": {},
	"mapper": {
		code: []string{"domain", "internal/...", "kubevirt.io/api/...", "k8s.io/api/...", "k8s.io/apimachinery/...",
			"sigs.k8s.io/yaml", "github.com/go-json-experiment/json/..."},
		tests: []string{"sigs.k8s.io/json", "sigs.k8s.io/randfill", "golang.org/x/tools/txtar"},
	},
	"provider/kubevirt": {
		code: []string{"domain", "provider", "mapper", "watcher", "health", "capability", "internal/...",
			"k8s.io/...", "kubevirt.io/api/...", "kubevirt.io/client-go/kubevirt/...", "github.com/gorilla/websocket"},
		tests: []string{"providertest/...", "kubevirt.io/client-go/..."},
	},
	"examples/quickstart": anything,
	"examples/watchcache": anything,
	// What a third party can import, and nothing else.
	"examples/customprovider": {code: []string{"domain", "provider", "provider/contract"}, tests: []string{"providertest"}},
	"internal/archtest":       {},
}

var anything = room{code: []string{"..."}, tests: []string{"..."}}

// forAllTests are the test libraries every room may use.
var forAllTests = []string{"github.com/google/go-cmp/...", "pgregory.net/rapid"}

// listed is the part of "go list -json" that is of interest.
type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func TestImportTable(t *testing.T) {
	packages := list(t)
	if len(packages) == 0 {
		t.Fatal("go list found no package")
	}
	for _, p := range packages {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if name == "" {
			name = "."
		}
		r, ok := table[name]
		if !ok {
			t.Errorf("package %s is in no row of the import table", name)
			continue
		}
		for _, imported := range p.Imports {
			if !allowed(imported, name, r.code) {
				t.Errorf("%s may not import %s", name, imported)
			}
		}
		for _, imported := range append(p.TestImports, p.XTestImports...) {
			if !allowed(imported, name, r.code, r.tests, forAllTests) {
				t.Errorf("tests of %s may not import %s", name, imported)
			}
		}
	}
}

// TestTableIsStrict keeps the check itself honest.
func TestTableIsStrict(t *testing.T) {
	for _, c := range []struct {
		imported, importer string
		want               bool
	}{
		{"net/http", "domain", true},
		{"k8s.io/apimachinery/pkg/types", "domain", false},
		{module + "/mapper", "provider", false},
		{module + "/domain", "provider", true},
		{module + "/internal/names", "provider", true},
		{module + "/provider/mock", "provider", false},
		{"kubevirt.io/client-go/kubecli", "provider/kubevirt", false},
		{"kubevirt.io/client-go/kubevirt/typed/core/v1", "provider/kubevirt", true},
		{"github.com/google/go-cmp/cmp", "domain", false},
	} {
		if got := allowed(c.imported, c.importer, table[c.importer].code); got != c.want {
			t.Errorf("may %s import %s: %t, want %t", c.importer, c.imported, got, c.want)
		}
	}
}

// TestLightPackages follows the light packages to the end of their imports: none reaches Kubernetes.
func TestLightPackages(t *testing.T) {
	for _, name := range []string{"domain", "provider", "provider/contract", "provider/mock", "provider/providermock", "providertest"} {
		out := run(t, "list", "-deps", "-test", module+"/"+name)
		for dep := range strings.Lines(out) {
			dep, _, _ = strings.Cut(strings.TrimSpace(dep), " ")
			if strings.HasPrefix(dep, "k8s.io/") || strings.HasPrefix(dep, "kubevirt.io/") || strings.HasPrefix(dep, "sigs.k8s.io/") {
				t.Errorf("%s or its tests reach %s", name, dep)
			}
		}
	}
}

func allowed(imported, importer string, lists ...[]string) bool {
	own := strings.TrimPrefix(imported, module+"/")
	if imported == module {
		own = "."
	}
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") || own == importer { // the standard library, or its own external tests
		return true
	}
	for _, patterns := range lists {
		for _, pattern := range patterns {
			if matches(pattern, own) {
				return true
			}
		}
	}
	return false
}

func matches(pattern, name string) bool {
	if pattern == "..." {
		return true
	}
	if parent, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == parent || strings.HasPrefix(name, parent+"/")
	}
	return path.Clean(pattern) == name
}

func list(t *testing.T) []listed {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(run(t, "list", "-json=ImportPath,Imports,TestImports,XTestImports", module+"/...")))
	var packages []listed
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func run(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = "../.."
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
