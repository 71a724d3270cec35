package kubevirtsim

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

const crdGroup = "apiextensions.k8s.io"

// addCRDs makes the definitions of KubeVirt's resources, which can be read and not be changed. They are large, and few
// clients look: so they are made when one does, and once more where a history was restored that had none.
func (s *Server) addCRDs() {
	s.crds.Lock()
	defer s.crds.Unlock()
	table := schema.GroupResource{Group: crdGroup, Resource: "customresourcedefinitions"}
	for _, r := range append(s.ofKubeVirt(), s.ofInstancetypes()...) {
		ref := rest.Ref{Resource: table, Name: r.Plural + "." + r.Group}
		if s.api.Table(table).Get(ref.Name) == nil {
			_, _ = s.api.Create(background(), ref, "virt-operator", s.crd(r)) // it has no webhook, and nobody else makes it
		}
	}
}

// crd is the definition of a resource (virt-operator/resource/generate/components/crds.go of KubeVirt v1.9.0).
func (s *Server) crd(r rest.Resource) map[string]any {
	names := map[string]any{
		"plural": r.Plural, "singular": strings.ToLower(r.Kind), "kind": r.Kind, "listKind": r.Kind + "List",
		"shortNames": r.ShortNames, "categories": r.Categories,
	}
	scope := "Cluster"
	if r.Namespaced {
		scope = "Namespaced"
	}
	var versions []any
	for _, name := range r.Versions {
		v := map[string]any{"name": name, "served": true, "storage": name == r.Stored, "schema": map[string]any{"openAPIV3Schema": r.Schema}}
		if name != r.Stored {
			v["deprecated"] = true
		}
		if r.Status {
			v["subresources"] = map[string]any{"status": map[string]any{}}
		}
		var columns []any
		for _, c := range r.Columns {
			columns = append(columns, map[string]any{"name": c.Name, "type": c.Type, "priority": c.Priority})
		}
		if columns != nil {
			v["additionalPrinterColumns"] = columns
		}
		versions = append(versions, v)
	}
	now := time.Now().UTC().Format(time.RFC3339)
	established := func(kind, reason, message string) map[string]any {
		return map[string]any{"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now}
	}
	return map[string]any{
		"metadata": map[string]any{"labels": map[string]any{
			"app.kubernetes.io/component": "kubevirt", "app.kubernetes.io/managed-by": "virt-operator", "kubevirt.io": "",
		}},
		"spec": map[string]any{
			"group": r.Group, "names": names, "scope": scope, "versions": versions, "conversion": map[string]any{"strategy": "None"},
		},
		"status": map[string]any{
			"acceptedNames": names, "storedVersions": []any{r.Stored},
			"conditions": []any{
				established("NamesAccepted", "NoConflicts", "no conflicts found"),
				established("Established", "InitialNamesAccepted", "the initial names have been accepted"),
			},
		},
	}
}
