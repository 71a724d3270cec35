package providertest

// The family MIG: a running VM moves to another node.
var migrationChecks = []check{
	{
		id: "MIG-01",
		why: "migrate of a running VM returns a migration under a name that stays, begun once however often it is called by that name; " +
			"it settles SUCCEEDED with the same instance on another node",
		needs: need(NeedMigration, NeedPlacement),
		run:   checkMigrationMoves,
	},
	{
		id:    "MIG-02",
		why:   "migrate of a VM that is off is VM_NOT_RUNNING, of a missing one VM_NOT_FOUND, and begins nothing",
		needs: need(NeedMigration),
		run:   checkMigrationOfNothing,
	},
	{
		id:    "MIG-03",
		why:   "migrate of an instance that says it cannot move is NOT_MIGRATABLE with the instance's own reason, and begins nothing",
		needs: all(need(NeedMigration), knobs(Knobs{NotMigratable: true})),
		run:   checkNotMigratable,
	},
	{
		id:    "MIG-04",
		why:   "a second migrate while one is active is MIGRATION_IN_PROGRESS with the active one's name in param migration",
		needs: all(need(NeedMigration), knobs(Knobs{MigrationNeverEnds: true})),
		run:   checkSecondMigration,
	},
	{
		id: "MIG-05",
		why: "cancel of an active migration ends it, and the VM runs on where it was; cancel of one that has ended is OPERATION_NOT_ACTIVE, " +
			"of another UID UID_CONFLICT, of an unknown one MIGRATION_NOT_FOUND",
		needs: all(need(NeedMigration), knobs(Knobs{MigrationNeverEnds: true})),
		run:   checkMigrationCancel,
	},
	{
		id:    "MIG-06",
		why:   "the phases of a migration only move forward, in the back end's words as well, and an end is final",
		needs: need(NeedMigration),
		run:   checkMigrationForward,
	},
	{
		// How far it is in percent comes with the role Operations: a Migration has none yet.
		id:    "MIG-07",
		why:   "every read of a migration tells a known phase, and get and list tell the same",
		needs: need(NeedMigration),
		run:   checkMigrationPhase,
	},
	{
		id: "MIG-08",
		why: "a migration that ended long ago is MIGRATION_NOT_FOUND or still has its end, and the VM tells the result of its latest one, " +
			"under that one's UID",
		needs: need(NeedMigration),
		run:   checkMigrationForgotten,
	},
	{
		id:    "MIG-09",
		why:   "a list has the migrations of its VM and no others, the active ones first, then the newest, on one page as on many",
		needs: need(NeedMigration),
		run:   checkMigrationList,
	},
	{
		id:    "MIG-10",
		why:   "a migration whose target finds no node waits, says what it is at, and ends by a cancel; the VM runs meanwhile",
		needs: all(need(NeedMigration), knobs(Knobs{MigrationPending: true})),
		run:   checkMigrationPending,
	},
}
