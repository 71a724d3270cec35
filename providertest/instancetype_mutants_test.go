package providertest

var instanceTypeMutants = []mutant{}
