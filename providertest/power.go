package providertest

// The family POW.
var powerChecks = []check{}
