package providertest

// The family LIST.
var listChecks = []check{}
