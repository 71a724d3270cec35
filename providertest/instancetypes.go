package providertest

// The family INST.
var instanceTypeChecks = []check{}
