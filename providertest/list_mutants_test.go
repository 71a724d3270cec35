package providertest

var listMutants = []mutant{}
