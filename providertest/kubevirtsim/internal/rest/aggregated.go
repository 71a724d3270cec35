package rest

import (
	"encoding/json"
	"net/http"
	"strings"

	discoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// aggregatedType is the content type of discovery in one document.
const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// wantsAggregated says whether discovery in one document is what the client likes best of what there is.
func wantsAggregated(r *http.Request) bool {
	for _, c := range clauses(r.Header.Get("Accept")) {
		if c.params["as"] != "" {
			if c.mediaType == typeJSON && c.params["as"] == "APIGroupDiscoveryList" && c.params["g"] == "apidiscovery.k8s.io" && c.params["v"] == "v2" {
				return true
			}
			continue
		}
		if c.mediaType == typeJSON || c.mediaType == typeYAML || strings.HasPrefix(c.mediaType, "*/") {
			return false
		}
	}
	return false
}

// aggregated lists everything of the core group, or of all others.
func aggregated(all []described, core bool) *discoveryv2.APIGroupDiscoveryList {
	list := &discoveryv2.APIGroupDiscoveryList{
		TypeMeta: metav1.TypeMeta{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2"},
		Items:    []discoveryv2.APIGroupDiscovery{},
	}
	names := groups(all)
	if core {
		names = []string{""}
	}
	for _, group := range names {
		g := discoveryv2.APIGroupDiscovery{ObjectMeta: metav1.ObjectMeta{Name: group}}
		for _, version := range versions(all, group) {
			g.Versions = append(g.Versions, aggregatedVersion(all, group, version))
		}
		if len(g.Versions) > 0 {
			list.Items = append(list.Items, g)
		}
	}
	return list
}

func aggregatedVersion(all []described, group, version string) discoveryv2.APIVersionDiscovery {
	v := discoveryv2.APIVersionDiscovery{Version: version, Freshness: discoveryv2.DiscoveryFreshnessCurrent}
	for _, d := range all {
		if d.gv.Group != group || d.gv.Version != version {
			continue
		}
		r := discoveryv2.APIResourceDiscovery{
			Resource: d.resource.Name, Scope: scopeOf(d.resource), SingularResource: d.resource.SingularName,
			Verbs: d.resource.Verbs, ShortNames: d.resource.ShortNames, Categories: d.resource.Categories,
		}
		if d.resource.Kind != "" {
			r.ResponseKind = &metav1.GroupVersionKind{Group: group, Version: version, Kind: d.resource.Kind}
		}
		for _, sub := range d.subresources {
			_, name, _ := strings.Cut(sub.Name, "/")
			kind := metav1.GroupVersionKind{Group: group, Version: version, Kind: sub.Kind}
			if sub.Version != "" {
				kind.Group, kind.Version = sub.Group, sub.Version
			}
			r.Subresources = append(r.Subresources, discoveryv2.APISubresourceDiscovery{Subresource: name, ResponseKind: &kind, Verbs: sub.Verbs})
		}
		v.Resources = append(v.Resources, r)
	}
	return v
}

func scopeOf(r metav1.APIResource) discoveryv2.ResourceScope {
	if r.Namespaced {
		return discoveryv2.ScopeNamespace
	}
	return discoveryv2.ScopeCluster
}

func writeAggregated(w http.ResponseWriter, list *discoveryv2.APIGroupDiscoveryList) {
	body, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings always marshal
	}
	w.Header().Set("Content-Type", aggregatedType)
	w.Header().Set("Vary", "Accept")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(append(body, '\n')) // a client that has gone needs no answer
}
