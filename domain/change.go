package domain

// VMChange is a set of edits to a VM. What is nil or empty is left alone; there is no way to change the power state.
type VMChange struct {
	// Labels and Annotations: a value sets, nil removes. The keys of Identity may not be among them.
	Labels      map[string]*string `json:"labels,omitempty"`
	Annotations map[string]*string `json:"annotations,omitempty"`
	// GuestLabels reach the instance at its next start.
	GuestLabels map[string]*string `json:"guestLabels,omitempty"`

	CPU          *CPU     `json:"cpu,omitempty"`
	MemoryBytes  *int64   `json:"memoryBytes,omitempty"`
	InstanceType *Matcher `json:"instanceType,omitempty"`

	// SetDisks adds disks, or replaces those of the same name; RemoveDisks takes them out by name.
	// Disks that neither names stay, whoever added them.
	SetDisks    []Disk   `json:"setDisks,omitempty"`
	RemoveDisks []string `json:"removeDisks,omitempty"`
	// SetNetworks and RemoveNetworks do the same for network interfaces.
	SetNetworks    []Network `json:"setNetworks,omitempty"`
	RemoveNetworks []string  `json:"removeNetworks,omitempty"`

	// NodeSelector edits single keys, as Labels; Tolerations replaces the whole list, empty and not nil clears it.
	NodeSelector map[string]*string `json:"nodeSelector,omitempty"`
	Tolerations  []Toleration       `json:"tolerations"`
}

// Applied says when an update takes effect.
type Applied string

// The values of [Applied].
const (
	AppliedLive            Applied = "LIVE"             // at once, or the VM is off
	AppliedMigrating       Applied = "MIGRATING"        // when the live migration it needs has ended
	AppliedRestartRequired Applied = "RESTART_REQUIRED" // at the next start
)

// Validation is the answer of a dry run: what is wrong with a spec, if anything.
type Validation struct {
	Valid bool `json:"valid"`
	// Code and Fields say what the write would be refused for.
	Code   Code         `json:"code,omitempty"`
	Fields []FieldError `json:"fields,omitempty"`
	// Warnings are what the server said without refusing.
	Warnings []string `json:"warnings,omitempty"`
}
