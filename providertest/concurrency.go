package providertest

// The family CON.
var concurrencyChecks = []check{}
