package rest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	discoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// described is what discovery knows of one resource in one version.
type described struct {
	gv           schema.GroupVersion
	resource     metav1.APIResource
	subresources []metav1.APIResource
}

// describe lists everything that is served, in the order of registration.
func (s *Server) describe() []described {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []described
	for _, gr := range s.order {
		r := s.resources[gr]
		for _, version := range r.Versions {
			all = append(all, r.describe(version))
		}
	}
	for _, e := range s.extensions {
		all = append(all, e.describe()...)
	}
	return all
}

func (r *Resource) describe(version string) described {
	d := described{gv: r.gv(version), resource: metav1.APIResource{
		Name: r.Plural, SingularName: r.Singular, Namespaced: r.Namespaced, Kind: r.Kind,
		Verbs: r.Verbs, ShortNames: r.ShortNames, Categories: r.Categories,
	}}
	if !r.BuiltIn {
		d.resource.StorageVersionHash = storageVersionHash(r.gvk(r.Stored))
	}
	if r.Status {
		d.subresources = append(d.subresources, metav1.APIResource{
			Name: r.Plural + "/status", Namespaced: r.Namespaced, Kind: r.Kind, Verbs: []string{"get", "patch", "update"},
		})
	}
	for name, sub := range r.Subresources {
		d.subresources = append(d.subresources, metav1.APIResource{
			Name: r.Plural + "/" + name, Namespaced: r.Namespaced, Group: sub.Group, Version: sub.Version, Kind: sub.Kind, Verbs: sub.Verbs,
		})
	}
	slices.SortFunc(d.subresources, func(a, b metav1.APIResource) int { return strings.Compare(a.Name, b.Name) })
	return d
}

// storageVersionHash tells clients that a resource is stored in another version (StorageVersionHash, apiserver v0.34
// endpoints/discovery/storageversionhash.go).
func storageVersionHash(gvk schema.GroupVersionKind) string {
	const length = 8
	sum := sha256.Sum256([]byte(gvk.Group + "/" + gvk.Version + "/" + gvk.Kind))
	return base64.StdEncoding.EncodeToString(sum[:length])
}

// describe groups an extension's lines by resource.
func (e Extension) describe() []described {
	var all []described
	gv := schema.GroupVersion{Group: e.Group, Version: e.Version}
	for _, line := range e.Resources {
		r := metav1.APIResource{Name: line.Name, Namespaced: line.Namespaced, Kind: line.Kind, Verbs: line.Verbs}
		parent, _, isSub := strings.Cut(line.Name, "/")
		i := slices.IndexFunc(all, func(d described) bool { return d.resource.Name == parent })
		switch {
		case !isSub && i >= 0:
			all[i].resource = r
		case !isSub:
			all = append(all, described{gv: gv, resource: r})
		case i >= 0:
			all[i].subresources = append(all[i].subresources, r)
		default: // a subresource of nothing, as virt-api has them
			all = append(all, described{gv: gv, resource: metav1.APIResource{Name: parent, Namespaced: line.Namespaced}, subresources: []metav1.APIResource{r}})
		}
	}
	return all
}

// versions of a group, the preferred one first.
func versions(all []described, group string) []string {
	var found []string
	for _, d := range all {
		if d.gv.Group == group && !slices.Contains(found, d.gv.Version) {
			found = append(found, d.gv.Version)
		}
	}
	return found
}

// groups but the core group, which has a path of its own.
func groups(all []described) []string {
	var found []string
	for _, d := range all {
		if d.gv.Group != "" && !slices.Contains(found, d.gv.Group) {
			found = append(found, d.gv.Group)
		}
	}
	return found
}

func (s *Server) servesBuiltIn(gv schema.GroupVersion) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.resources {
		if r.BuiltIn && r.Group == gv.Group && slices.Contains(r.Versions, gv.Version) {
			return true
		}
	}
	return false
}

// serveDiscovery serves what is no resource: the lists of groups, versions and resources.
func (s *Server) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	document := s.document(r)
	if document == nil {
		s.notFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "405: Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	if list, ok := document.(*discoveryv2.APIGroupDiscoveryList); ok {
		writeAggregated(w, list)
		return
	}
	if err := WriteObject(w, r, http.StatusOK, document); err != nil {
		WriteError(w, r, err)
	}
}

// document is what a path lists; nil for a path that is none.
func (s *Server) document(r *http.Request) any {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	all := s.describe()
	switch {
	case len(parts) == 1 && (parts[0] == "api" || parts[0] == "apis") && wantsAggregated(r):
		return aggregated(all, parts[0] == "api")
	case len(parts) == 1 && parts[0] == "api":
		return &metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: versions(all, ""),
			ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{}}
	case len(parts) == 1 && parts[0] == "apis":
		list := &metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: []metav1.APIGroup{}}
		for _, group := range groups(all) {
			list.Groups = append(list.Groups, groupOf(all, group))
		}
		return list
	case len(parts) == 2 && parts[0] == "api":
		return resourceList(all, schema.GroupVersion{Version: parts[1]})
	case len(parts) == 2 && parts[0] == "apis" && len(versions(all, parts[1])) > 0:
		g := groupOf(all, parts[1])
		g.TypeMeta = metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
		return &g
	case len(parts) == 3 && parts[0] == "apis":
		return resourceList(all, schema.GroupVersion{Group: parts[1], Version: parts[2]})
	}
	return nil
}

func groupOf(all []described, group string) metav1.APIGroup {
	g := metav1.APIGroup{Name: group}
	for _, version := range versions(all, group) {
		g.Versions = append(g.Versions, metav1.GroupVersionForDiscovery{GroupVersion: group + "/" + version, Version: version})
	}
	g.PreferredVersion = g.Versions[0]
	return g
}

// resourceList is nil, and no pointer of that value, for a version that is not served.
func resourceList(all []described, gv schema.GroupVersion) any {
	list := &metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv.String()}
	for _, d := range all {
		if d.gv != gv {
			continue
		}
		if d.resource.Kind != "" {
			list.APIResources = append(list.APIResources, d.resource)
		}
		list.APIResources = append(list.APIResources, d.subresources...)
	}
	if len(list.APIResources) == 0 {
		return nil
	}
	return list
}
