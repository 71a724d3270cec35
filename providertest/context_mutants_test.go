package providertest

var contextMutants = []mutant{}
