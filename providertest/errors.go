package providertest

// The family ERR. ERR-03 is about native errors and belongs to the tests of each provider that has them (that of KubeVirt
// to provider/kubevirt's), ERR-05 is about the breaker and belongs to package watcher's. ERR-10 is a rule for whoever
// writes a check: none looks at the text of an error, only at its code, params and fields.
var errorChecks = []check{
	{
		id:  "ERR-01",
		why: "every error has exactly one code, which errors.Is finds through any wrapping, as errors.As does the *domain.Error; success is a nil error",
		run: checkOneCode,
	},
	{
		id:  "ERR-02",
		why: "every error tells its operation, and cluster, namespace and name as the call named them",
		run: checkErrorTells,
	},
	{
		id: "ERR-04",
		why: "Retryable holds for an unreachable or throttling cluster, for a time limit of the provider's and for a lost write race, " +
			"and for nothing that asking again does not change",
		needs: faults(FaultUnreachable, FaultThrottled, FaultHang, FaultWriteRace),
		run:   checkRetryable,
	},
	{
		id: "ERR-06",
		why: "a refusal by the VM's state is FAILED_PRECONDITION and is not tried again; a write race that is lost for good is REVISION_CONFLICT, " +
			"and nothing is written then",
		needs: all(need(NeedPower, NeedUpdate, NeedRequests), faults(FaultWriteRace)),
		run:   checkConflicts,
	},
	{
		id: "ERR-07",
		why: "a server that asks to slow down is THROTTLED with its own RetryAfter, a quota QUOTA_EXCEEDED, " +
			"a missing permission PERMISSION_DENIED",
		needs: faults(FaultThrottled, FaultQuota, FaultForbidden),
		run:   checkLimits,
	},
	{
		id:    "ERR-08",
		why:   "neither a credential nor a document of cloud-init appears in an error, however it is printed",
		needs: faults(FaultUnreachable, FaultInternal),
		run:   checkNoSecrets,
	},
	{
		id:  "ERR-09",
		why: "what is not available is CAPABILITY_UNSUPPORTED with its cause and changes nothing: a dry run of a reboot, and each capability that is declared missing",
		run: checkUnsupported,
	},
	{
		id:    "ERR-11",
		why:   "a verb that the subresource's own authorizer refuses, with 401 and an empty body, is PERMISSION_DENIED and nothing of the credential's",
		needs: all(need(NeedPower), faults(FaultVerbDenied)),
		run:   checkVerbDenied,
	},
}
