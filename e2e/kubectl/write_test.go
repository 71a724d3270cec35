package kubectl

import (
	"strings"
	"testing"
)

const made = "virtualmachine.kubevirt.io/web "

// guest is where the memory of a VM stands.
const guest = "jsonpath={.spec.template.spec.domain.memory.guest}"

// TestServerSideApply: a VM is made, changed, fought over with another manager, and taken from it by force.
func TestServerSideApply(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	small, large := s.vm(t, "web", "128Mi"), s.vm(t, "web", "256Mi")
	s.prints(t, made+"created (server dry run)\n", "create", "--dry-run=server", "-f", small)
	s.prints(t, made+"serverside-applied (server dry run)\n", "apply", "--server-side", "--dry-run=server", "-f", small)
	s.refuses(t, `Error from server (NotFound): virtualmachines.kubevirt.io "web" not found`, "get", "vm", "web")

	s.prints(t, made+"serverside-applied\n", "apply", "--server-side", "-f", small)
	s.prints(t, made+"serverside-applied\n", "apply", "--server-side", "-f", large)
	s.prints(t, "256Mi", "get", "vm", "web", "-o", guest)

	other := []string{"apply", "--server-side", "--field-manager=other", "-f", small}
	s.refuses(t, `error: Apply failed with 1 conflict: conflict with "kubectl": .spec.template.spec.domain.memory.guest`, other...)
	s.prints(t, "256Mi", "get", "vm", "web", "-o", guest)
	s.prints(t, made+"serverside-applied\n", append(other, "--force-conflicts")...)
	s.prints(t, "128Mi", "get", "vm", "web", "-o", guest)
	s.refuses(t, `error: Apply failed with 1 conflict: conflict with "other": .spec.template.spec.domain.memory.guest`, "apply", "--server-side", "-f", large)
	if out := s.run(t, "get", "vm", "web", "-o", "jsonpath={.metadata.managedFields[*].manager}", "--show-managed-fields"); !strings.Contains(out, "other") {
		t.Errorf("the managers are %s", out)
	}
}

// TestClientSideApply: kubectl makes the patch itself, from what it applied the last time.
func TestClientSideApply(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	small, large := s.vm(t, "web", "128Mi"), s.vm(t, "web", "256Mi")
	s.prints(t, made+"created\n", "apply", "-f", small)
	s.prints(t, made+"unchanged\n", "apply", "-f", small)
	s.prints(t, made+"configured\n", "apply", "-f", large)
	s.prints(t, "256Mi", "get", "vm", "web", "-o", guest)
	s.prints(t, made+"configured\n", "apply", "-f", small)
	s.prints(t, "128Mi", "get", "vm", "web", "-o", guest)
	s.refuses(t, `Error from server (AlreadyExists): error when creating "`+small+`": virtualmachines.kubevirt.io "web" already exists`, "create", "-f", small)
	s.prints(t, made+"replaced\n", "replace", "-f", large)
}

// TestPatch: patches of both kinds, labels and annotations, and what the server does not take.
func TestPatch(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	s.prints(t, made+"created\n", "create", "-f", s.vm(t, "web", "128Mi"))
	s.prints(t, made+"condition met\n", "wait", "--for=condition=Ready", "vm/web", "--timeout=1m")
	s.prints(t, made+"patched\n", "patch", "vm", "web", "--type=merge", "-p", `{"spec":{"runStrategy":"Halted"}}`)
	s.prints(t, made+"condition met\n", "wait", "--for=jsonpath={.status.printableStatus}=Stopped", "vm/web", "--timeout=1m")
	s.prints(t, made+"patched\n", "patch", "vm", "web", "--type=json", "-p", `[{"op":"replace","path":"/spec/runStrategy","value":"Always"}]`)
	s.prints(t, made+"condition met\n", "wait", "--for=condition=Ready", "vm/web", "--timeout=1m")
	s.prints(t, made+"patched (no change)\n", "patch", "vm", "web", "--type=merge", "-p", `{"spec":{"runStrategy":"Always"}}`)

	s.prints(t, made+"labeled\n", "label", "vm", "web", "tier=front")
	s.refuses(t, "error: 'tier' already has a value (front), and --overwrite is false", "label", "vm", "web", "tier=back")
	s.prints(t, made+"unlabeled\n", "label", "vm", "web", "tier-")
	s.prints(t, made+"annotated\n", "annotate", "vm", "web", "note=hello")
	s.prints(t, "hello", "get", "vm", "web", "-o", "jsonpath={.metadata.annotations.note}")

	s.refuses(t, `The request is invalid: spec.running: Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead`,
		"patch", "vm", "web", "--type=merge", "-p", `{"spec":{"running":true}}`)
	s.refuses(t, `error: application/strategic-merge-patch+json is not supported by kubevirt.io/v1, Kind=VirtualMachine: the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`,
		"patch", "vm", "web", "-p", `{}`)
	s.refuses(t, `Error from server (BadRequest): error when creating "wrong.json": VirtualMachine in version "v1" cannot be handled as a VirtualMachine: strict decoding error: unknown field "spec.runStrtegy"`,
		"create", "-f", misspelt(t, s))
}

func misspelt(t *testing.T, s *site) string {
	t.Helper()
	s.write(t, "wrong.json", map[string]any{
		"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": map[string]any{"name": "wrong"},
		"spec": map[string]any{"runStrtegy": "Always", "template": map[string]any{"spec": map[string]any{"domain": map[string]any{}}}},
	})
	return "wrong.json"
}

// TestDelete: kubectl waits until a VM is gone; by its uid it deletes that one only.
func TestDelete(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	s.prints(t, made+"created\n", "create", "-f", s.vm(t, "web", "128Mi"))
	const path = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines/web"
	only := func(uid string) string {
		return s.write(t, "delete.json", map[string]any{"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": map[string]any{"uid": uid}})
	}
	uid := s.run(t, "get", "vm", "web", "-o", "jsonpath={.metadata.uid}")
	s.refuses(t, `Error from server (Conflict): Operation cannot be fulfilled on VirtualMachine.kubevirt.io "web": the UID in the precondition (another) does not match the UID in record (`+uid+`). The object might have been deleted and then recreated`,
		"delete", "--raw", path, "-f", only("another"))
	s.run(t, "delete", "--raw", path, "-f", only(uid))
	s.run(t, "wait", "--for=delete", "vm/web", "--timeout=1m") // which prints nothing where it was gone before

	s.prints(t, made+"created\n", "create", "-f", s.vm(t, "web", "128Mi"))
	s.prints(t, "virtualmachine.kubevirt.io \"web\" deleted from default namespace\n", "delete", "vm", "web", "--wait", "--timeout=1m")
	s.refuses(t, `Error from server (NotFound): virtualmachines.kubevirt.io "web" not found`, "get", "vm", "web")
	s.refuses(t, `Error from server (NotFound): virtualmachines.kubevirt.io "web" not found`, "delete", "vm", "web")
}
