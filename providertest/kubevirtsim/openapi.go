package kubevirtsim

import (
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// openAPI are the OpenAPI documents of a server, one for each API group and version, as kubectl reads them to find out
// whether the server validates fields, and to explain these.
type openAPI struct {
	paths     []string // in order
	documents map[string][]byte
}

// serveOpenAPI serves the index of the documents, or one of them.
func (s *Server) serveOpenAPI(w http.ResponseWriter, r *http.Request, path string) {
	made := s.openAPI()
	if path == "" {
		index := map[string]any{}
		for _, p := range made.paths {
			index[p] = map[string]any{"serverRelativeURL": fmt.Sprintf("/openapi/v3/%s?hash=%X", p, sha512.Sum512(made.documents[p]))}
		}
		writeJSON(w, map[string]any{"paths": index})
		return
	}
	document, ok := made.documents[path]
	if !ok {
		http.Error(w, "404 page not found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", typeJSON)
	w.Header().Set("Etag", fmt.Sprintf("%q", fmt.Sprintf("%X", sha512.Sum512(document))))
	_, _ = w.Write(document) // the client is gone, if anything
}

// makeOpenAPI describes all resources that are registered.
func (s *Server) makeOpenAPI() *openAPI {
	made := &openAPI{documents: map[string][]byte{}}
	paths, schemas := map[string]map[string]any{}, map[string]map[string]any{}
	for _, r := range slices.Concat(s.ofKubernetes(), s.ofKubeVirt(), s.ofInstancetypes()) {
		for _, version := range r.Versions {
			at := "apis/" + r.Group + "/" + version
			if r.Group == "" {
				at = "api/" + version
			}
			if paths[at] == nil {
				made.paths = append(made.paths, at)
				paths[at], schemas[at] = map[string]any{}, map[string]any{}
			}
			describePaths(paths[at], "/"+at, r, version)
			schemas[at][schemaName(r, version)] = describeSchema(r, version)
		}
	}
	for _, at := range made.paths {
		document, err := json.Marshal(map[string]any{
			"openapi": "3.0.0", "info": map[string]any{"title": "Kubernetes", "version": kubernetesVersion},
			"paths": paths[at], "components": map[string]any{"schemas": schemas[at]},
		})
		if err != nil {
			panic(fmt.Sprintf("openapi: %v", err)) // all of it are maps and schemas
		}
		made.documents[at] = document
	}
	return made
}

// schemaName is the name of a schema, as CRDs' are made: the group the other way round, the version and the kind.
func schemaName(r rest.Resource, version string) string {
	parts := strings.Split(r.Group, ".")
	slices.Reverse(parts)
	return strings.TrimPrefix(strings.Join(append(parts, version, r.Kind), "."), ".")
}

func kindOf(r rest.Resource, version string) map[string]any {
	return map[string]any{"group": r.Group, "version": version, "kind": r.Kind}
}

// describeSchema is a resource's schema with its kind.
func describeSchema(r rest.Resource, version string) map[string]any {
	described := map[string]any{"type": "object"}
	if r.Schema != nil {
		described["properties"] = r.Schema.Properties
	} else {
		described["x-kubernetes-preserve-unknown-fields"] = true
	}
	described["x-kubernetes-group-version-kind"] = []any{kindOf(r, version)}
	return described
}

// describePaths adds the paths of a resource: those of one object, and those of all of them.
func describePaths(paths map[string]any, at string, r rest.Resource, version string) {
	var inPath []any
	if r.Namespaced {
		at += "/namespaces/{namespace}"
		inPath = append(inPath, parameter("namespace", "path"))
	}
	at += "/" + r.Plural
	answer := map[string]any{"200": map[string]any{"description": "OK", "content": map[string]any{typeJSON: map[string]any{
		"schema": map[string]any{"$ref": "#/components/schemas/" + schemaName(r, version)},
	}}}}
	operation := func(action string, query ...string) map[string]any {
		parameters := []any{}
		for _, name := range query {
			parameters = append(parameters, parameter(name, "query"))
		}
		return map[string]any{"x-kubernetes-action": action, "x-kubernetes-group-version-kind": kindOf(r, version),
			"parameters": parameters, "responses": answer}
	}
	verbs := func(item map[string]any) map[string]any {
		for method, verb := range map[string]string{"get": "get", "post": "create", "put": "update", "patch": "patch", "delete": "delete"} {
			if r.Verbs != nil && !slices.Contains(r.Verbs, verb) {
				delete(item, method)
			}
		}
		return item
	}
	write := []string{"dryRun", "fieldManager", "fieldValidation"}
	paths[at] = verbs(map[string]any{
		"parameters": inPath, "get": operation("list", "limit", "continue", "labelSelector", "fieldSelector", "resourceVersion", "watch"),
		"post": operation("post", write...), "delete": operation("deletecollection", "dryRun", "labelSelector"),
	})
	paths[at+"/{name}"] = verbs(map[string]any{
		"parameters": append(slices.Clone(inPath), parameter("name", "path")), "get": operation("get", "resourceVersion"),
		"put": operation("put", write...), "patch": operation("patch", append(write, "force")...), "delete": operation("delete", "dryRun"),
	})
}

func parameter(name, in string) map[string]any {
	return map[string]any{"name": name, "in": in, "required": in == "path", "schema": map[string]any{"type": "string", "uniqueItems": true}}
}
