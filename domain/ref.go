package domain

import "strings"

// Ref points at one object of a fleet. UID may be empty, which means whichever object has the name now.
type Ref struct {
	Cluster   string `json:"cluster"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	UID       string `json:"uid,omitempty"`
}

// String returns cluster/namespace/name, for logs.
func (r Ref) String() string {
	return strings.TrimSuffix(strings.Join([]string{r.Cluster, r.Namespace, r.Name}, "/"), "/")
}

// Params returns the parts that are set, for an [Error].
func (r Ref) Params() Params {
	p := Params{}
	for key, value := range map[string]string{
		ParamCluster: r.Cluster, ParamNamespace: r.Namespace, ParamName: r.Name, ParamUID: r.UID,
	} {
		if value != "" {
			p[key] = value
		}
	}
	return p
}
