package provider

// Op names a method of Provider in errors, hooks and records.
type Op = string

// The operations, one for each method of Provider.
const (
	OpGetVM     Op = "get_vm"
	OpListVMs   Op = "list_vms"
	OpCreateVM  Op = "create_vm"
	OpDeleteVM  Op = "delete_vm"
	OpStartVM   Op = "start_vm"
	OpStopVM    Op = "stop_vm"
	OpRestartVM Op = "restart_vm"
	OpPauseVM   Op = "pause_vm"
	OpUnpauseVM Op = "unpause_vm"
)
