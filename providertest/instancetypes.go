package providertest

// The family INST: named sizes and preferences, of a namespace or of the whole cluster.
var instanceTypeChecks = []check{
	{
		id:    "INST-01",
		why:   "a list of instance types has those of its namespace only, or the cluster's only, in order, selected and paged",
		needs: need(NeedInstanceTypes, NeedCatalogue),
		run:   func(e *env) { checkCatalogueList(e, instanceTypes) },
	},
	{
		id:    "INST-02",
		why:   "get of an instance type tells what it is; of one that is not in that very scope it is INSTANCE_TYPE_NOT_FOUND",
		needs: need(NeedInstanceTypes, NeedCatalogue),
		run:   func(e *env) { checkCatalogueGet(e, instanceTypes) },
	},
	{
		id:    "INST-03",
		why:   "preferences are listed and read as instance types are, and PREFERENCE_NOT_FOUND",
		needs: need(NeedInstanceTypes, NeedCatalogue),
		run: func(e *env) {
			checkCatalogueList(e, preferences)
			checkCatalogueGet(e, preferences)
		},
	},
	{
		id:    "INST-04",
		why:   "a VM with an instance type and CPU or memory of its own is INVALID_SPEC naming the field, and is not stored",
		needs: need(NeedInstanceTypes, NeedCatalogue),
		run:   checkOwnSizeBesideType,
	},
	{
		id: "INST-05",
		why: "a VM with an unknown instance type or preference is refused before it is stored: " +
			"INSTANCE_TYPE_NOT_FOUND or PREFERENCE_NOT_FOUND naming the field",
		needs: need(NeedInstanceTypes, NeedCatalogue),
		run:   checkUnknownType,
	},
	{
		id: "INST-06",
		why: "CPU and memory of a running VM with an instance type are the instance's and equal the type; " +
			"those of a stopped one equal the type or are said to be unknown, and are never zero otherwise",
		needs: need(NeedInstanceTypes, NeedCatalogue),
		run:   checkEffectiveSize,
	},
}
