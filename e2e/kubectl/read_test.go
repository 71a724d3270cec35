package kubectl

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRead: tables, objects, pages, discovery and documentation, over HTTP/1.1 and over TLS, where kubectl speaks HTTP/2.
func TestRead(t *testing.T) {
	for name, secure := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read(t, newSite(t, secure))
		})
	}
}

func read(t *testing.T, s *site) {
	if got := s.try(t, "get", "vms"); got != (result{Err: "No resources found in default namespace.\n"}) {
		t.Errorf("kubectl get vms, where there is none: %+v", got)
	}
	s.prints(t, "virtualmachine.kubevirt.io/web serverside-applied\n", "apply", "--server-side", "-f", s.vm(t, "web", "128Mi"))
	s.prints(t, "virtualmachine.kubevirt.io/web condition met\n", "wait", "--for=condition=Ready", "vm/web", "--timeout=1m")

	s.shows(t, []string{"NAME AGE STATUS READY", "web AGE Running True"}, "get", "vms")
	s.shows(t, []string{"NAME AGE STATUS READY LABELS", "web AGE Running True app=web"}, "get", "virtualmachines", "--show-labels", "-l", "app in (web)")
	s.shows(t, []string{"NAMESPACE NAME AGE STATUS READY", "default web AGE Running True"}, "get", "vm", "-A", "--field-selector", "metadata.name=web")
	s.shows(t, []string{"NAME STATUS AGE", "default Active AGE"}, "get", "ns", "default")
	s.shows(t, []string{"NAME STATUS ROLES AGE VERSION", "node-1 Ready <none> AGE v1.34.3"}, "get", "node", "node-1")
	instance := cells(s.run(t, "get", "vmi", "-o", "wide"))
	if len(instance) != 2 || instance[0] != "NAME AGE PHASE IP NODENAME READY LIVE-MIGRATABLE PAUSED" ||
		!regexp.MustCompile(`^web AGE Running [0-9.]+ node-[0-9] True True$`).MatchString(instance[1]) {
		t.Errorf("kubectl get vmi -o wide shows\n%q", instance)
	}
	s.shows(t, []string{"virtualmachine.kubevirt.io/web", "virtualmachineinstance.kubevirt.io/web"}, "get", "all", "-o", "name")

	s.prints(t, "Always 128Mi", "get", "vm", "web", "-o", "jsonpath={.spec.runStrategy} {.spec.template.spec.domain.memory.guest}")
	if out := s.run(t, "get", "vm", "web", "-o", "yaml"); !strings.HasPrefix(out, "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\n") {
		t.Errorf("kubectl get -o yaml prints\n%s", out)
	}
	var list struct {
		Kind  string
		Items []struct{ Metadata struct{ Name string } }
	}
	if err := json.Unmarshal([]byte(s.run(t, "get", "vms", "-o", "json")), &list); err != nil || list.Kind != "List" || len(list.Items) != 1 {
		t.Errorf("kubectl get vms -o json: %+v, %v", list, err)
	}
	if out := s.run(t, "describe", "vm", "web"); !regexp.MustCompile(`(?m)^  Printable Status: +Running$`).MatchString(out) {
		t.Errorf("kubectl describe prints\n%s", out)
	}
	s.refuses(t, `Error from server (NotFound): virtualmachines.kubevirt.io "missing" not found`, "get", "vm", "missing")

	pages(t, s)
	about(t, s)
}

// pages: kubectl asks for lists in pages, and follows the tokens.
func pages(t *testing.T, s *site) {
	for n := range 3 {
		s.prints(t, fmt.Sprintf("namespace/team-%d created\n", n), "create", "namespace", fmt.Sprintf("team-%d", n))
	}
	all := s.run(t, "get", "namespaces", "-o", "name")
	if n := strings.Count(all, "\n"); n < 6 {
		t.Errorf("kubectl get namespaces prints %d lines:\n%s", n, all)
	}
	got := s.try(t, "get", "namespaces", "-o", "name", "--chunk-size=1", "-v=6")
	if diff := cmp.Diff(all, got.Out); diff != "" {
		t.Errorf("one by one, kubectl get namespaces prints (-want +got):\n%s", diff)
	}
	if asked, want := strings.Count(got.Err, "/namespaces?"), strings.Count(all, "\n"); asked != want {
		t.Errorf("kubectl has asked for %d pages, want %d:\n%s", asked, want, got.Err)
	}
}

// about: what kubectl finds out about the server.
func about(t *testing.T, s *site) {
	s.prints(t, "Client Version: v1.34.3\nKustomize Version: v5.7.1\nServer Version: v1.34.3\n", "version")
	s.shows(t, []string{
		"NAME SHORTNAMES APIVERSION NAMESPACED KIND",
		"kubevirts kv,kvs kubevirt.io/v1 true KubeVirt",
		"virtualmachineinstancemigrations vmim,vmims kubevirt.io/v1 true VirtualMachineInstanceMigration",
		"virtualmachineinstances vmi,vmis kubevirt.io/v1 true VirtualMachineInstance",
		"virtualmachines vm,vms kubevirt.io/v1 true VirtualMachine",
	}, "api-resources", "--api-group=kubevirt.io")
	versions := cells(s.run(t, "api-versions"))
	for _, want := range []string{"v1", "kubevirt.io/v1", "instancetype.kubevirt.io/v1beta1", "subresources.kubevirt.io/v1"} {
		if !slices.Contains(versions, want) {
			t.Errorf("kubectl api-versions lacks %s: %q", want, versions)
		}
	}
	explained := s.run(t, "explain", "vm.spec")
	for _, want := range []string{"GROUP:      kubevirt.io\n", "KIND:       VirtualMachine\n", "FIELD: spec <Object>", "  runStrategy\t<string>\n", "  template\t<Object>"} {
		if !strings.Contains(explained, want) {
			t.Errorf("kubectl explain vm.spec lacks %q:\n%s", want, explained)
		}
	}
	if got := s.try(t, "explain", "vm.sprc"); got.Code != 1 || got.Err != "error: field \"sprc\" does not exist\n" {
		t.Errorf("kubectl explain of a field that is none: %+v", got)
	}
	s.prints(t, "yes\n", "auth", "can-i", "create", "vms")
	s.prints(t, "yes\n", "auth", "can-i", "patch", "vms", "--subresource=status")
}
