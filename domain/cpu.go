package domain

// CPU is the processor of a guest. Sockets, Cores and Threads make the topology; a zero among them counts as one,
// as KubeVirt has it, unless all three are zero: then Milli alone counts.
type CPU struct {
	// Milli is thousandths of a core: what the guest is promised (resources.requests.cpu), which may be less than
	// its topology when nodes are overcommitted. On a spec, zero promises the whole topology or leaves it to the cluster.
	Milli   int64  `json:"milli"`
	Sockets int32  `json:"sockets,omitempty"`
	Cores   int32  `json:"cores,omitempty"`
	Threads int32  `json:"threads,omitempty"`
	Source  Source `json:"source,omitempty"`
}

// VCPUs is the number of processors the guest sees: sockets x cores x threads, else Milli rounded up.
func (c CPU) VCPUs() int64 {
	if c.Sockets == 0 && c.Cores == 0 && c.Threads == 0 {
		return (c.Milli + 999) / 1000
	}
	return int64(max(c.Sockets, 1)) * int64(max(c.Cores, 1)) * int64(max(c.Threads, 1))
}
