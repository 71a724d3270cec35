package rest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	applyType = "Content-Type: application/apply-patch+yaml"
	mergeType = "Content-Type: application/merge-patch+json"
	jsonType  = "Content-Type: application/json-patch+json"
)

// refusal is what can be told of a Status.
type refusal struct {
	Code    int
	Reason  metav1.StatusReason
	Kind    string
	Name    string
	Causes  string // type and field of each
	Message string
}

func refusalOf(t *testing.T, a answer) refusal {
	s := a.status(t)
	r := refusal{Code: a.code, Reason: s.Reason, Message: s.Message}
	if d := s.Details; d != nil {
		r.Kind, r.Name = d.Kind, d.Name
		for _, c := range d.Causes {
			r.Causes += string(c.Type) + " " + c.Field + ";"
		}
	}
	if int(s.Code) != a.code || s.Status != "Failure" || s.APIVersion != "v1" {
		t.Errorf("HTTP %d with a Status of %+v", a.code, s)
	}
	return r
}

// TestRefusals asks in a server that has the VM a. Messages are those of Kubernetes 1.34.
func TestRefusals(t *testing.T) {
	const spec = `"spec":{"runStrategy":"Halted","template":{"spec":{"domain":{"devices":{}}}}}}`
	apply := func(metadata, spec string) string {
		return `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{` + metadata + `},` + spec
	}
	for name, c := range map[string]struct {
		why                string
		method, path, body string
		headers            []string
		want               refusal
	}{
		"get missing": {"", "GET", vms + "/b", "", nil,
			refusal{404, "NotFound", "virtualmachines", "b", "", `virtualmachines.kubevirt.io "b" not found`}},
		"get a future revision": {"", "GET", vms + "/a?resourceVersion=9999", "", nil,
			refusal{504, "Timeout", "", "", "ResourceVersionTooLarge ;", `Timeout: Too large resource version: 9999, current: 103`}},
		"create what is there": {"", "POST", vms, vmBody("a"), nil,
			refusal{409, "AlreadyExists", "virtualmachines", "a", "", `virtualmachines.kubevirt.io "a" already exists`}},
		"create in a missing namespace": {"the kind is that of the namespace", "POST", strings.Replace(vms, "/ns/", "/none/", 1), vmBody("b"), nil,
			refusal{404, "NotFound", "namespaces", "none", "", `namespaces "none" not found`}},
		"create with a revision": {"", "POST", vms, vmBody("b", `"resourceVersion":"5"`), nil,
			refusal{500, "", "", "", "", `resourceVersion should not be set on objects to be created`}},
		"create with a bad name": {"", "POST", vms, vmBody("B_b"), nil,
			refusal{422, "Invalid", "VirtualMachine", "B_b", "FieldValueInvalid metadata.name;", `VirtualMachine.kubevirt.io "B_b" is invalid: metadata.name: Invalid value: "B_b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`}},
		"create without a name": {"", "POST", vms, apply(`"labels":{}`, spec), nil,
			refusal{422, "Invalid", "VirtualMachine", "", "FieldValueRequired metadata.name;", `VirtualMachine.kubevirt.io "" is invalid: metadata.name: Required value: name or generateName is required`}},
		"create in another namespace": {"", "POST", vms, vmBody("b", `"namespace":"other"`), nil,
			refusal{400, "BadRequest", "", "", "", `the namespace of the provided object does not match the namespace sent on the request`}},
		"create another version": {"", "POST", vms, strings.Replace(vmBody("b"), "/v1", "/v1alpha3", 1), nil,
			refusal{400, "BadRequest", "", "", "", `the API version in the data (kubevirt.io/v1alpha3) does not match the expected API version (kubevirt.io/v1)`}},
		"create another kind": {"", "POST", vms, strings.Replace(vmBody("b"), "VirtualMachine", "Pod", 1), nil,
			refusal{422, "Invalid", "Pod", "b", "FieldValueInvalid kind;", `Pod.kubevirt.io "b" is invalid: kind: Invalid value: "Pod": must be VirtualMachine`}},
		"create no object": {"", "POST", vms, `[]`, nil,
			refusal{400, "BadRequest", "", "", "", `the object provided is unrecognized (must be of type VirtualMachine): couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" } (5b5d)`}},
		"create with an unknown field, strictly": {"", "POST", vms + "?fieldValidation=Strict", strings.Replace(vmBody("b"), `"spec":{`, `"spec":{"foo":1,`, 1), nil,
			refusal{400, "BadRequest", "", "", "", `VirtualMachine in version "v1" cannot be handled as a VirtualMachine: strict decoding error: unknown field "spec.foo"`}},
		"create with a bad dry run": {"", "POST", vms + "?dryRun=Some", vmBody("b"), nil,
			refusal{422, "Invalid", "CreateOptions", "", "FieldValueNotSupported dryRun;", `CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"`}},
		"create of another type": {"", "POST", vms, vmBody("b"), []string{"Content-Type: text/plain"},
			refusal{415, "UnsupportedMediaType", "", "", "", `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml`}},
		"put missing": {"", "PUT", vms + "/b", vmBody("b", `"resourceVersion":"5"`), nil,
			refusal{404, "NotFound", "virtualmachines", "b", "", `virtualmachines.kubevirt.io "b" not found`}},
		"put over another revision": {"", "PUT", vms + "/a", vmBody("a", `"resourceVersion":"5"`), nil,
			refusal{409, "Conflict", "virtualmachines", "a", "", `Operation cannot be fulfilled on virtualmachines.kubevirt.io "a": the object has been modified; please apply your changes to the latest version and try again`}},
		"put without a revision": {"custom resources are not written over blindly", "PUT", vms + "/a", vmBody("a"), nil,
			refusal{422, "Invalid", "virtualmachines", "a", "FieldValueInvalid metadata.resourceVersion;", `virtualmachines.kubevirt.io "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`}},
		"put with another name": {"", "PUT", vms + "/a", vmBody("b"), nil,
			refusal{400, "BadRequest", "", "", "", `the name of the object (b) does not match the name on the URL (a)`}},
		"put to the collection": {"", "PUT", vms, vmBody("b"), nil,
			refusal{400, "BadRequest", "", "", "", `name must be provided`}},
		"delete missing": {"", "DELETE", vms + "/b", "", nil,
			refusal{404, "NotFound", "virtualmachines", "b", "", `virtualmachines.kubevirt.io "b" not found`}},
		"delete another revision": {"", "DELETE", vms + "/a", `{"preconditions":{"resourceVersion":"7"}}`, nil,
			refusal{409, "Conflict", "VirtualMachine", "a", "", `Operation cannot be fulfilled on VirtualMachine.kubevirt.io "a": the ResourceVersion in the precondition (7) does not match the ResourceVersion in record (103). The object might have been modified`}},
		"delete with a bad dry run": {"", "DELETE", vms + "/a?dryRun=x", "", nil,
			refusal{422, "Invalid", "DeleteOptions", "", "FieldValueNotSupported dryRun;", `DeleteOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["x"]: supported values: "All"`}},
		"list with a bad label selector": {"", "GET", vms + "?labelSelector=a%20b", "", nil,
			refusal{400, "BadRequest", "", "", "", `unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt`}},
		"list by a field of status": {"", "GET", vms + "?fieldSelector=status.ready=true", "", nil,
			refusal{400, "BadRequest", "", "", "", `field label not supported: status.ready`}},
		"list with a garbage token": {"", "GET", vms + "?limit=1&continue=garbage%21", "", nil,
			refusal{400, "BadRequest", "", "", "", `invalid continue token: continue key is not valid: illegal base64 data at input byte 7`}},
		"list with a token and a revision": {"", "GET", vms + "?resourceVersion=5&continue=" + token{Revision: 103, Start: "a\x00"}.encode(), "", nil,
			refusal{400, "BadRequest", "", "", "", `specifying resource version is not allowed when using continue`}},
		"list a match of no revision": {"", "GET", vms + "?resourceVersionMatch=Exact", "", nil,
			refusal{422, "Invalid", "ListOptions", "", "FieldValueForbidden resourceVersionMatch;", `ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided`}},
		"list a future revision": {"", "GET", vms + "?resourceVersion=9999&resourceVersionMatch=NotOlderThan", "", nil,
			refusal{504, "Timeout", "", "", "ResourceVersionTooLarge ;", `Timeout: Too large resource version: 9999, current: 103`}},
		"list a bad revision": {"", "GET", vms + "?resourceVersion=abc", "", nil,
			refusal{400, "BadRequest", "", "", "", `invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax`}},
		"watch a bad revision": {"an error that the server does not translate", "GET", vms + "?watch=true&resourceVersion=abc", "", nil,
			refusal{500, "", "", "", "", `resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax`}},
		"watch with initial events and no match": {"", "GET", vms + "?watch=true&sendInitialEvents=true", "", nil,
			refusal{422, "Invalid", "ListOptions", "", "FieldValueForbidden resourceVersionMatch;", `ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`}},
		"patch of an unknown type": {"strategic merge is for built-in types", "PATCH", vms + "/a", `{}`, []string{"Content-Type: application/strategic-merge-patch+json"},
			refusal{415, "UnsupportedMediaType", "", "", "", `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`}},
		"merge missing": {"", "PATCH", vms + "/b", `{}`, []string{mergeType},
			refusal{404, "NotFound", "virtualmachines", "b", "", `virtualmachines.kubevirt.io "b" not found`}},
		"merge no object": {"", "PATCH", vms + "/a", `{`, []string{mergeType},
			refusal{400, "BadRequest", "", "", "", `error decoding patch: unexpected end of JSON input`}},
		"merge an older revision": {"", "PATCH", vms + "/a", `{"metadata":{"resourceVersion":"5"}}`, []string{mergeType},
			refusal{409, "Conflict", "virtualmachines", "a", "", `Operation cannot be fulfilled on virtualmachines.kubevirt.io "a": the object has been modified; please apply your changes to the latest version and try again`}},
		"merge another name": {"", "PATCH", vms + "/a", `{"metadata":{"name":"b"}}`, []string{mergeType},
			refusal{400, "BadRequest", "", "", "", `the name of the object (b) does not match the name on the URL (a)`}},
		"json patch whose test fails": {"", "PATCH", vms + "/a", `[{"op":"test","path":"/spec/runStrategy","value":"Always"}]`, []string{jsonType},
			refusal{422, "Invalid", "", "", "", `the server rejected our request due to an error in our request`}},
		"json patch that is none": {"", "PATCH", vms + "/a", `{}`, []string{jsonType},
			refusal{400, "BadRequest", "", "", "", `json: cannot unmarshal object into Go value of type jsonpatch.Patch`}},
		"apply without a manager": {"", "PATCH", vms + "/a", vmBody("a"), []string{applyType},
			refusal{422, "Invalid", "PatchOptions", "", "FieldValueRequired fieldManager;", `PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch`}},
		"apply another name": {"", "PATCH", vms + "/a?fieldManager=m", vmBody("b"), []string{applyType},
			refusal{400, "BadRequest", "", "", "", `the name of the object (b) does not match the name on the URL (a)`}},
		"apply against another manager": {"", "PATCH", vms + "/a?fieldManager=m", strings.Replace(vmBody("a"), "Halted", "Always", 1), []string{applyType},
			refusal{409, "Conflict", "", "", "FieldManagerConflict .spec.runStrategy;", `Apply failed with 1 conflict: conflict with "tester" using kubevirt.io/v1: .spec.runStrategy`}},
		"apply an older revision": {"no causes: so it is told from another manager's claim", "PATCH", vms + "/a?fieldManager=m&force=true", apply(`"name":"a","resourceVersion":"5"`, spec), []string{applyType},
			refusal{409, "Conflict", "virtualmachines", "a", "", `Operation cannot be fulfilled on virtualmachines.kubevirt.io "a": the object has been modified; please apply your changes to the latest version and try again`}},
		"strict create of what is there": {"", "PATCH", vms + "/a?fieldManager=m&force=true&dryRun=All", apply(`"name":"a","resourceVersion":"1"`, spec), []string{applyType},
			refusal{409, "Conflict", "virtualmachines", "a", "", `Operation cannot be fulfilled on virtualmachines.kubevirt.io "a": the object has been modified; please apply your changes to the latest version and try again`}},
		"apply revision 0": {"", "PATCH", vms + "/a?fieldManager=m&force=true", apply(`"name":"a","resourceVersion":"0"`, spec), []string{applyType},
			refusal{422, "Invalid", "virtualmachines", "a", "FieldValueInvalid metadata.resourceVersion;", `virtualmachines.kubevirt.io "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`}},
		"apply to another uid": {"", "PATCH", vms + "/a?fieldManager=m&force=true", apply(`"name":"a","uid":"other"`, spec), []string{applyType},
			refusal{422, "Invalid", "VirtualMachine", "a", "FieldValueInvalid metadata.uid;FieldValueInvalid metadata.uid;", `VirtualMachine.kubevirt.io "a" is invalid: metadata.uid: Invalid value: "other": field is immutable`}},
		"apply with a uid to nothing": {"", "PATCH", vms + "/b?fieldManager=m", apply(`"name":"b","uid":"other"`, spec), []string{applyType},
			refusal{409, "Conflict", "virtualmachines", "b", "", `Operation cannot be fulfilled on virtualmachines.kubevirt.io "b": uid mismatch: the provided object specified uid other, and no existing object was found`}},
		"apply an unknown field": {"a caller's fault that looks like the server's", "PATCH", vms + "/a?fieldManager=m&fieldValidation=Ignore", strings.Replace(vmBody("a"), `"spec":{`, `"spec":{"foo":1,`, 1), []string{applyType},
			refusal{500, "", "", "", "", `failed to create typed patch object (/a; kubevirt.io/v1, Kind=VirtualMachine): .spec.foo: field not declared in schema`}},
		"apply to a missing namespace": {"", "PATCH", strings.Replace(vms, "/ns/", "/none/", 1) + "/b?fieldManager=m", vmBody("b"), []string{applyType},
			refusal{404, "NotFound", "namespaces", "none", "", `namespaces "none" not found`}},
		"apply of no document": {"", "PATCH", vms + "/a?fieldManager=m", `a: [`, []string{applyType},
			refusal{400, "BadRequest", "", "", "", `error decoding YAML: error converting YAML to JSON: yaml: line 1: did not find expected node content`}},
		"apply managed fields": {"", "PATCH", vms + "/a?fieldManager=m", apply(`"name":"a","managedFields":[{"manager":"x"}]`, spec), []string{applyType},
			refusal{400, "BadRequest", "", "", "", `metadata.managedFields must be nil`}},
		"status of a missing VM": {"a subresource never creates", "PATCH", vms + "/b/status?fieldManager=m", vmBody("b"), []string{applyType},
			refusal{404, "NotFound", "virtualmachines", "b", "", `virtualmachines.kubevirt.io "b" not found`}},
		"an unknown subresource": {"", "GET", vms + "/a/console", "", nil,
			refusal{404, "NotFound", "virtualmachines", "a", "", `virtualmachines.kubevirt.io "a" not found`}},
		"a method that status lacks": {"", "DELETE", vms + "/a/status", "", nil,
			refusal{405, "MethodNotAllowed", "virtualmachines", "", "", `delete is not supported on resources of kind "virtualmachines.kubevirt.io"`}},
		"protobuf alone": {"", "GET", vms, "", []string{"Accept: application/vnd.kubernetes.protobuf"},
			refusal{406, "NotAcceptable", "", "", "", `only the following media types are accepted: application/json, application/yaml`}},
		"an unknown core resource": {"", "GET", "/api/v1/foos", "", nil,
			refusal{404, "NotFound", "", "", "", `the server could not find the requested resource`}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, nil)
			createVMs(t, s, "a")
			before := s.Store().Revision()
			got := refusalOf(t, do(s, c.method, c.path, c.body, c.headers...))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s\n%s %s (-want +got):\n%s", c.why, c.method, c.path, diff)
			}
			if s.Store().Revision() != before {
				t.Error("a refused request wrote something")
			}
		})
	}
}

func TestPlain404(t *testing.T) {
	s := newServer(t, nil)
	for _, path := range []string{
		"/", "/foo", "/apis/none.io/v1/foos", "/apis/kubevirt.io/v1/namespaces/ns/foos", "/apis/kubevirt.io/v2/virtualmachines",
		"/apis/kubevirt.io/v2", "/apis/none.io", "/apis/kubevirt.io/v1/namespaces//virtualmachines",
	} {
		if a := do(s, "GET", path, ""); a.code != 404 || string(a.body) != "404 page not found\n" {
			t.Errorf("GET %s: %d %s", path, a.code, a.body)
		}
	}
	if a := do(s, "POST", "/apis/kubevirt.io/v1/virtualmachines", vmBody("a")); a.code != 404 || string(a.body) != "404 page not found\n" {
		t.Errorf("POST without a namespace: %d %s", a.code, a.body)
	}
}
