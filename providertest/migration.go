package providertest

// The family MIG.
var migrationChecks = []check{}
