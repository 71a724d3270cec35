package providertest

var concurrencyMutants = []mutant{}
