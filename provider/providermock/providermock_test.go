package providermock_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/providermock"
)

// A method that a double lacks is found by the compiler.
var (
	_ provider.VMReader      = (*providermock.MockVMReader)(nil)
	_ provider.VMWatcher     = (*providermock.MockVMWatcher)(nil)
	_ provider.VMWriter      = (*providermock.MockVMWriter)(nil)
	_ provider.Power         = (*providermock.MockPower)(nil)
	_ provider.Rebooter      = (*providermock.MockRebooter)(nil)
	_ provider.Migrator      = (*providermock.MockMigrator)(nil)
	_ provider.InstanceTypes = (*providermock.MockInstanceTypes)(nil)
	_ provider.VMFollower    = (*providermock.MockVMFollower)(nil)
	_ provider.PowerReader   = (*providermock.MockPowerReader)(nil)
	_ provider.Provider      = (*providermock.MockProvider)(nil)
)

// TestEveryRole finds the interfaces of package provider that have no double: the Makefile names them one by one.
func TestEveryRole(t *testing.T) {
	doubles := exported(t, ".")
	roles := 0
	for name, spec := range exported(t, "..") {
		if _, ok := spec.Type.(*ast.InterfaceType); !ok {
			continue
		}
		roles++
		if doubles["Mock"+name] == nil {
			t.Errorf("provider.%s has no double: name it in the Makefile, and make generate", name)
		}
	}
	if roles == 0 {
		t.Error("package provider has no roles")
	}
}

// exported parses the types of a directory's package.
func exported(t *testing.T, dir string) map[string]*ast.TypeSpec {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]*ast.TypeSpec{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for node := range ast.Preorder(file) {
			if spec, ok := node.(*ast.TypeSpec); ok && spec.Name.IsExported() {
				types[spec.Name.Name] = spec
			}
		}
	}
	return types
}
