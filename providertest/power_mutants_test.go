package providertest

var powerMutants = []mutant{}
