package providertest

// The family ERR.
var errorChecks = []check{}
