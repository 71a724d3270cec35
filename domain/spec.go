package domain

import "encoding/json"

// VMSpec is what a caller asks for. Everything that is not set is left to the cluster.
type VMSpec struct {
	// Name is a DNS-1123 label of at most 63 characters.
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// GuestLabels reach the instance, and its pod, at the next start.
	GuestLabels map[string]string `json:"guestLabels,omitempty"`
	// Identity is written as labels under the provider's prefix.
	Identity Identity `json:"identity,omitzero"`
	// RunStrategy is required, here or in Manifest.
	RunStrategy RunStrategy `json:"runStrategy"`

	// InstanceType gives CPU and memory; then neither may be set here. Preference gives devices and the like.
	InstanceType *Matcher `json:"instanceType,omitempty"`
	Preference   *Matcher `json:"preference,omitempty"`
	CPU          CPU      `json:"cpu,omitzero"`
	// MemoryBytes is the guest's memory.
	MemoryBytes int64 `json:"memoryBytes,omitempty"`

	Disks []Disk `json:"disks,omitempty"`
	// Networks nil is one interface on the pod network; empty and not nil is none.
	Networks []Network `json:"networks"`
	// CloudInit adds a disk named cloudinit.
	CloudInit *CloudInit `json:"cloudInit,omitempty"`

	NodeSelector map[string]string `json:"nodeSelector,omitempty"`
	Tolerations  []Toleration      `json:"tolerations,omitempty"`

	// Manifest is a KubeVirt VirtualMachine as JSON, for all that has no field above. Fields this version does not
	// know travel to the cluster as they are. Where both speak, the field above wins; a contradiction in name,
	// namespace or run strategy is refused instead. Whatever secrets it holds are printed with it: prefer CloudInit.
	Manifest json.RawMessage `json:"manifest,omitempty"`
}

// Matcher names an instance type or a preference.
type Matcher struct {
	Name string `json:"name"`
	// Namespaced says that Name is one of the VM's own namespace; else it is one of the whole cluster.
	Namespaced bool `json:"namespaced,omitempty"`
	// Revision is the stored revision in use, on a VM that was read. Ignored on a spec.
	Revision string `json:"revision,omitempty"`
}

// CloudInit is the first-boot configuration of a guest. Prefer the references: then nothing secret passes through.
type CloudInit struct {
	// ConfigDrive presents it as a config drive instead of a NoCloud disk.
	ConfigDrive bool `json:"configDrive,omitempty"`
	// UserData and NetworkData are the documents themselves.
	UserData    Secret `json:"userData,omitzero"`
	NetworkData Secret `json:"networkData,omitzero"`
	// UserDataSecret and NetworkDataSecret name Kubernetes secrets of the VM's namespace that hold them.
	UserDataSecret    string `json:"userDataSecret,omitempty"`
	NetworkDataSecret string `json:"networkDataSecret,omitempty"`
}

// UnmarshalJSON reads a CloudInit. A secret's mask is refused with the field that has it, see [Secret.UnmarshalJSON].
func (c *CloudInit) UnmarshalJSON(data []byte) error {
	type plain CloudInit // without this method
	var masked struct {
		UserData, NetworkData json.RawMessage
	}
	if json.Unmarshal(data, &masked) == nil {
		for field, value := range map[string]json.RawMessage{"cloudInit.userData": masked.UserData, "cloudInit.networkData": masked.NetworkData} {
			if string(value) == `"`+SecretMask+`"` {
				return Invalid(FieldError{Field: field, Reason: FieldInvalid, Detail: "is the mask of a secret, not its value"})
			}
		}
	}
	return json.Unmarshal(data, (*plain)(c))
}

// Toleration lets a VM run on nodes with a matching taint; the words are Kubernetes'.
type Toleration struct {
	Key      string `json:"key,omitempty"`
	Operator string `json:"operator,omitempty"` // Equal (default) or Exists
	Value    string `json:"value,omitempty"`
	Effect   string `json:"effect,omitempty"` // NoSchedule, PreferNoSchedule, NoExecute; empty is all
	// Seconds that NoExecute is tolerated; nil is for ever.
	Seconds *int64 `json:"seconds,omitempty"`
}
