package providertest

// The family CTX.
var contextChecks = []check{}
