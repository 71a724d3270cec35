package domain

import "time"

// ClusterStatus says whether a cluster can be used.
type ClusterStatus string

// The cluster statuses.
const (
	ClusterUnknown     ClusterStatus = "UNKNOWN"     // not probed yet
	ClusterHealthy     ClusterStatus = "HEALTHY"     // reachable, KubeVirt works
	ClusterUnhealthy   ClusterStatus = "UNHEALTHY"   // reachable, KubeVirt has a problem
	ClusterUnreachable ClusterStatus = "UNREACHABLE" // does not answer
)

// Cluster is a member of the fleet, as far as the platform knows it.
type Cluster struct {
	Name string `json:"name"`
	// Fingerprint tells one cluster from another behind the same name or address.
	Fingerprint   string        `json:"fingerprint,omitempty"`
	Status        ClusterStatus `json:"status"`
	StatusReason  string        `json:"statusReason,omitempty"`
	StatusSince   time.Time     `json:"statusSince,omitzero"`
	CheckedAt     time.Time     `json:"checkedAt,omitzero"`
	KubeVirt      string        `json:"kubevirtVersion,omitempty"` // as 1.9.0
	Kubernetes    string        `json:"kubernetesVersion,omitempty"`
	CapabilityAge time.Time     `json:"capabilitiesDetectedAt,omitzero"`
	// EnabledFeatures are the KubeVirt feature gates in effect.
	EnabledFeatures []string `json:"enabledFeatures,omitempty"`
	// HardwareCapabilities are declared by an admin.
	HardwareCapabilities map[string]bool `json:"hardwareCapabilities,omitempty"`
}

// Template is what a VM template asks of a cluster.
type Template struct {
	Name             string   `json:"name"`
	RequiredFeatures []string `json:"requiredFeatures,omitempty"`
	RequiredHardware []string `json:"requiredHardware,omitempty"`
}
