package kubevirtsim

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// TestEndpoints is about what the API server has beside its resources.
func TestEndpoints(t *testing.T) {
	w := world{t, newServer(t, Options{})}
	if got := w.must(200, "GET", "/version", ""); !strings.Contains(got, `"gitVersion":"v1.34.3"`) {
		t.Error(got)
	}
	for _, path := range []string{"/readyz", "/livez", "/healthz"} {
		if got := w.must(200, "GET", path, ""); got != "ok" {
			t.Errorf("%s: %q", path, got)
		}
		if got := w.must(200, "GET", path+"?verbose", ""); !strings.HasSuffix(got, path[1:]+" check passed\n") {
			t.Errorf("%s: %q", path, got)
		}
	}
	w.must(404, "GET", "/openapi/v2", "")
}

// TestOpenAPI: kubectl finds in it that a patch's fields are validated, and what fields there are.
func TestOpenAPI(t *testing.T) {
	w := world{t, newServer(t, Options{Version: "1.7.0"})}
	var index struct {
		Paths map[string]struct{ ServerRelativeURL string }
	}
	if err := json.Unmarshal([]byte(w.must(200, "GET", "/openapi/v3", "")), &index); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"api/v1", "apis/kubevirt.io/v1", "apis/kubevirt.io/v1alpha3", "apis/instancetype.kubevirt.io/v1beta1", "apis/apiextensions.k8s.io/v1"} {
		if index.Paths[path].ServerRelativeURL == "" {
			t.Errorf("%s is not in %v", path, index.Paths)
		}
	}
	var document struct {
		Paths      map[string]map[string]json.RawMessage
		Components struct {
			Schemas map[string]struct {
				Kinds      []map[string]string `json:"x-kubernetes-group-version-kind"`
				Properties map[string]any
			}
		}
	}
	body := w.must(200, "GET", index.Paths["apis/kubevirt.io/v1"].ServerRelativeURL, "")
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		t.Fatal(err)
	}
	var patch struct {
		Kind       map[string]string `json:"x-kubernetes-group-version-kind"`
		Parameters []struct{ Name string }
	}
	if err := json.Unmarshal(document.Paths["/apis/kubevirt.io/v1/namespaces/{namespace}/virtualmachines/{name}"]["patch"], &patch); err != nil {
		t.Fatal(err)
	}
	kind := map[string]string{"group": "kubevirt.io", "version": "v1", "kind": "VirtualMachine"}
	if diff := cmp.Diff(kind, patch.Kind); diff != "" {
		t.Error(diff)
	}
	names := []string{}
	for _, p := range patch.Parameters {
		names = append(names, p.Name)
	}
	if diff := cmp.Diff([]string{"dryRun", "fieldManager", "fieldValidation", "force"}, names); diff != "" {
		t.Error(diff)
	}
	schema := document.Components.Schemas["io.kubevirt.v1.VirtualMachine"]
	if diff := cmp.Diff([]map[string]string{kind}, schema.Kinds); diff != "" || schema.Properties["spec"] == nil {
		t.Errorf("%s %v", diff, schema.Properties)
	}
	if strings.Contains(body, "rebootPolicy") || !strings.Contains(body, "changedBlockTracking") {
		t.Error("the fields are not those of 1.7")
	}
	w.must(404, "GET", "/openapi/v3/apis/snapshot.kubevirt.io/v1beta1", "")
}

// TestDefinitions: the CRDs can be read and not be changed.
func TestDefinitions(t *testing.T) {
	w := world{t, newServer(t, Options{})}
	const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct {
				Group, Scope string
				Versions     []struct {
					Name            string
					Served, Storage bool
					Schema          struct {
						OpenAPIV3Schema struct{ Properties map[string]any }
					}
				}
			}
			Status struct{ StoredVersions []string }
		}
	}
	if err := json.Unmarshal([]byte(w.must(200, "GET", path, "")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 8 {
		t.Errorf("%d CRDs", len(list.Items))
	}
	for _, crd := range list.Items {
		if crd.Metadata.Name != "virtualmachines.kubevirt.io" {
			continue
		}
		versions := crd.Spec.Versions
		if len(versions) != 2 || !versions[0].Storage || versions[1].Name != "v1alpha3" || versions[0].Schema.OpenAPIV3Schema.Properties["spec"] == nil ||
			crd.Spec.Scope != "Namespaced" || len(crd.Status.StoredVersions) != 1 {
			t.Errorf("%+v", crd.Spec.Scope)
		}
	}
	w.must(405, "DELETE", path+"/virtualmachines.kubevirt.io", "")
	w.must(405, "PATCH", path+"/virtualmachines.kubevirt.io", `{}`, "Content-Type", mergePatch)
}

// TestAccessReview: all may be done but what is denied.
func TestAccessReview(t *testing.T) {
	w := world{t, newServer(t, Options{Deny: func(spec authorizationv1.SelfSubjectAccessReviewSpec) bool {
		return spec.ResourceAttributes != nil && spec.ResourceAttributes.Verb == "delete"
	}})}
	const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
	for verb, want := range map[string]bool{"get": true, "delete": false} {
		body := `{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"verb":"` + verb + `","resource":"virtualmachines"}}}`
		review := &authorizationv1.SelfSubjectAccessReview{}
		if err := json.Unmarshal([]byte(w.must(201, "POST", path, body)), review); err != nil || review.Status.Allowed != want || review.Spec.ResourceAttributes.Verb != verb {
			t.Errorf("%s: %v %+v", verb, err, review)
		}
	}
	w.must(422, "POST", path, `{"spec":{}}`)
	w.must(405, "GET", path, "")
}

// TestKubeVirtObject: it says which version is deployed and which gates are listed, and takes no other configuration.
func TestKubeVirtObject(t *testing.T) {
	w := world{t, newServer(t, Options{Version: "1.8.4", FeatureGates: []string{"Snapshot"}})}
	const path = "/apis/kubevirt.io/v1/namespaces/kubevirt/kubevirts/kubevirt"
	kubevirt := &kubevirtv1.KubeVirt{}
	if err := json.Unmarshal([]byte(w.must(200, "GET", path, "")), kubevirt); err != nil {
		t.Fatal(err)
	}
	if kubevirt.Status.Phase != kubevirtv1.KubeVirtPhaseDeployed || kubevirt.Status.ObservedKubeVirtVersion != "v1.8.4" ||
		kubevirt.Status.DefaultArchitecture != "amd64" || len(kubevirt.Status.Conditions) != 4 {
		t.Errorf("%+v", kubevirt.Status)
	}
	if diff := cmp.Diff([]string{"Snapshot"}, kubevirt.Spec.Configuration.DeveloperConfiguration.FeatureGates); diff != "" {
		t.Error(diff)
	}
	w.must(400, "PATCH", path, `{"spec":{"configuration":{"developerConfiguration":{"featureGates":[]}}}}`, "Content-Type", mergePatch)
	w.must(200, "PATCH", path, `{"metadata":{"labels":{"a":"b"}}}`, "Content-Type", mergePatch)
}

// TestNamespaceDeletion: a namespace goes once it is empty, and takes nothing in meanwhile.
func TestNamespaceDeletion(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.runningVM(Knobs{})
		const path = "/api/v1/namespaces/default"
		phase := func() corev1.NamespacePhase {
			namespace := &corev1.Namespace{}
			if err := json.Unmarshal([]byte(w.must(200, "GET", path, "")), namespace); err != nil {
				t.Fatal(err)
			}
			return namespace.Status.Phase
		}
		if got := phase(); got != corev1.NamespaceActive {
			t.Errorf("before: %s", got)
		}
		w.must(200, "DELETE", path+"?dryRun=All", "")
		w.must(200, "DELETE", path, "")
		if got := phase(); got != corev1.NamespaceTerminating {
			t.Errorf("meanwhile: %s", got)
		}
		status := statusIn(w, []byte(w.must(403, "POST", machinePath, edited(w, validVM, json.RawMessage(`{"metadata.name":"late"}`)))))
		if diff := cmp.Diff([]string{"NamespaceTerminating metadata.namespace"}, causesOf(status)); diff != "" {
			t.Error(diff)
		}
		time.Sleep(time.Minute)
		w.must(404, "GET", path, "")
		w.must(404, "GET", machinePath+"/vm", "")
		w.must(404, "GET", instancePath+"/vm", "")
		w.must(201, "POST", "/api/v1/namespaces", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}}`)
		w.must(201, "POST", machinePath, validVM)
	})
}
