package providertest

var migrationMutants = []mutant{}
