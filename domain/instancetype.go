package domain

// InstanceType is a named size for VMs. Namespace is empty for one of the whole cluster.
type InstanceType struct {
	Cluster     string            `json:"cluster"`
	Namespace   string            `json:"namespace,omitempty"`
	Name        string            `json:"name"`
	UID         string            `json:"uid"`
	Revision    string            `json:"revision,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// VCPUs and MemoryBytes are what the guest gets.
	VCPUs       int64 `json:"vcpus"`
	MemoryBytes int64 `json:"memoryBytes"`
	// MaxVCPUs and MaxMemoryBytes bound what may be plugged in while running; zero is not said.
	MaxVCPUs       int64 `json:"maxVcpus,omitempty"`
	MaxMemoryBytes int64 `json:"maxMemoryBytes,omitempty"`
	// OvercommitPercent of memory that is not promised by the node.
	OvercommitPercent int64 `json:"overcommitPercent,omitempty"`
	DedicatedCPU      bool  `json:"dedicatedCpu,omitempty"`
	// Hugepages is the page size asked for, "" for none.
	Hugepages string   `json:"hugepages,omitempty"`
	GPUs      []string `json:"gpus,omitempty"` // device names
}

// Preference is a named set of device preferences for VMs. Namespace is empty for one of the whole cluster.
type Preference struct {
	Cluster     string            `json:"cluster"`
	Namespace   string            `json:"namespace,omitempty"`
	Name        string            `json:"name"`
	UID         string            `json:"uid"`
	Revision    string            `json:"revision,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// MinVCPUs and MinMemoryBytes are what a VM must have to use it; zero is no requirement.
	MinVCPUs       int64 `json:"minVcpus,omitempty"`
	MinMemoryBytes int64 `json:"minMemoryBytes,omitempty"`
	// CPUTopology is how it spreads vCPUs: sockets, cores, threads, spread, any.
	CPUTopology  string `json:"cpuTopology,omitempty"`
	MachineType  string `json:"machineType,omitempty"`
	Architecture string `json:"architecture,omitempty"`
	// DiskBus and InterfaceModel are its defaults for devices that say nothing.
	DiskBus        string `json:"diskBus,omitempty"`
	InterfaceModel string `json:"interfaceModel,omitempty"`
}

// InstanceTypeList is a page of instance types.
type InstanceTypeList = Page[*InstanceType]

// PreferenceList is a page of preferences.
type PreferenceList = Page[*Preference]
