package providertest

var errorMutants = []mutant{}
