package provider

// Op names a method of Provider in errors, hooks and records.
type Op = string

// The operations, one for each method of Provider.
const (
	OpGetVM             Op = "get_vm"
	OpListVMs           Op = "list_vms"
	OpWatchVMs          Op = "watch_vms"
	OpCreateVM          Op = "create_vm"
	OpApplyVM           Op = "apply_vm"
	OpUpdateVM          Op = "update_vm"
	OpValidateVM        Op = "validate_vm"
	OpDeleteVM          Op = "delete_vm"
	OpStartVM           Op = "start_vm"
	OpStopVM            Op = "stop_vm"
	OpRestartVM         Op = "restart_vm"
	OpPauseVM           Op = "pause_vm"
	OpUnpauseVM         Op = "unpause_vm"
	OpSoftRebootVM      Op = "soft_reboot_vm"
	OpResetVM           Op = "reset_vm"
	OpMigrateVM         Op = "migrate_vm"
	OpGetMigration      Op = "get_migration"
	OpListMigrations    Op = "list_migrations"
	OpCancelMigration   Op = "cancel_migration"
	OpGetInstanceType   Op = "get_instance_type"
	OpListInstanceTypes Op = "list_instance_types"
	OpGetPreference     Op = "get_preference"
	OpListPreferences   Op = "list_preferences"
)
