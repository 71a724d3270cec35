package differential_test

import "net/http"

const (
	aType = `{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineInstancetype","metadata":{"name":"new"},"spec":`
	aPref = `{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachinePreference","metadata":{"name":"new"},"spec":`
)

func newType(spec string) call {
	return post("{TYPES}/virtualmachineinstancetypes?dryRun=All", aType+spec+"}")
}
func newPreference(spec string) call {
	return post("{TYPES}/virtualmachinepreferences?dryRun=All", aPref+spec+"}")
}

func migration(name, vmi string) call {
	return post("{API}/virtualmachineinstancemigrations?dryRun=All",
		`{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceMigration","metadata":{"name":"`+name+`"},"spec":{"vmiName":"`+vmi+`"}}`)
}

var migrationCalls = []call{
	migration("m", "{name}"),
	migration("m", ""),
	migration("m", "missing"),
	migration("", "{name}"),
	post("{API}/virtualmachineinstancemigrations?dryRun=All", `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceMigration","metadata":{"generateName":"m-"},"spec":{"vmiName":"{name}"}}`),
	post("{API}/virtualmachineinstancemigrations?dryRun=All", `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceMigration","metadata":{"name":"m"},"spec":{"vmiName":"{name}","addedNodeSelector":{"a":"b"}}}`),
	post("{API}/virtualmachineinstancemigrations?dryRun=All", `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceMigration","metadata":{"name":"m"},"spec":{"vmiName":"{name}","priority":"user-triggered"}}`),
	post("{API}/virtualmachineinstancemigrations?dryRun=All", `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceMigration","metadata":{"name":"m"},"spec":{"vmiName":"{name}","receive":{"migrationID":"x"}}}`),
	get("{API}/virtualmachineinstancemigrations/missing"),
	patch(typeMerge, "{API}/virtualmachineinstancemigrations/{name}-m?dryRun=All", `{"spec":{"vmiName":"other"}}`),
	takeAway("{API}/virtualmachineinstancemigrations/{name}-m?dryRun=All", ``),
	patch(typeMerge, "{VMI}?dryRun=All", `{"spec":{"domain":{"memory":{"guest":"9Gi"}}}}`),
	patch(typeMerge, "{VMI}?dryRun=All", `{"metadata":{"labels":{"x":"y"}}}`),
	patch(typeMerge, "{VMI}?dryRun=All", `{"metadata":{"labels":{"kubevirt.io/nodeName":"y"}}}`),
	takeAway("{VMI}?dryRun=All", ``),
}

func addVolume(path, options string) call {
	return put(path+"/addvolume", `{"name":"hot","disk":{"disk":{"bus":"scsi"}},"volumeSource":{"persistentVolumeClaim":{"claimName":"pvc"}}`+options+`}`)
}

// volumeCalls are of a VM and, in the second place, of its instance.
func volumeCalls() []call {
	var all []call
	for _, path := range []string{"{vm}", "{vmi}"} {
		all = append(all,
			put(path+"/addvolume", `{}`),
			put(path+"/addvolume", `{"name":"hot"}`),
			put(path+"/addvolume", `{"name":"hot","disk":{"disk":{"bus":"scsi"}}}`),
			put(path+"/addvolume", `{"name":"hot","disk":{"disk":{"bus":"scsi"}},"volumeSource":{}}`),
			put(path+"/addvolume", `{"name":"root","disk":{"disk":{"bus":"scsi"}},"volumeSource":{"persistentVolumeClaim":{"claimName":"pvc"}},"dryRun":["All"]}`),
			put(path+"/addvolume", `nothing`),
			addVolume(path, `,"dryRun":["All"]`),
			addVolume(path, `,"dryRun":[]`),
			put(path+"/addvolume", `{"name":"hot","disk":{"disk":{"bus":"floppy"}},"volumeSource":{"persistentVolumeClaim":{"claimName":"pvc"}},"dryRun":["All"]}`),
			put(path+"/removevolume", `{}`),
			put(path+"/removevolume", `{"name":"root","dryRun":["All"]}`),
			put(path+"/removevolume", `{"name":"missing","dryRun":["All"]}`),
			put(path+"/removevolume", `{"name":"missing","dryRun":[]}`),
			put(path+"/removevolume", `nothing`),
			addVolume(path, ``),
		)
	}
	return all
}

var otherGroups = []group{
	{name: "migrations-absent", situation: situation{name: "absent"}, calls: migrationCalls},
	{name: "migrations-stopped", situation: quiet, calls: migrationCalls},
	{name: "migrations-running", situation: situation{strategy: "Always", settled: running}, calls: migrationCalls},
	{name: "migrations-paused", situation: situation{strategy: "Always", steps: []step{suspend}, settled: paused}, calls: migrationCalls},
	{name: "migrations-forbidden", situation: situation{strategy: "Always", annotations: heavyKnob, settled: running}, calls: migrationCalls},
	{name: "migrations-under-way", situation: situation{strategy: "Always", annotations: holdKnob, steps: []step{move}, settled: printable("Migrating")}, calls: migrationCalls},
	{name: "volumes-absent", situation: situation{name: "absent"}, calls: volumeCalls()},
	{name: "volumes-stopped", situation: quiet, calls: volumeCalls()},
	{name: "volumes-running", situation: situation{strategy: "Always", settled: running}, calls: volumeCalls()},
	{name: "catalogue", situation: situation{name: "absent"}, setup: fiveTypes, calls: []call{
		newType(`{"cpu":{"guest":1},"memory":{"guest":"1Gi"}}`), newType(`{"cpu":{"guest":1}}`), newType(`{"memory":{"guest":"1Gi"}}`), newType(`{}`),
		newType(`{"cpu":{"guest":0},"memory":{"guest":"1Gi"}}`), newType(`{"cpu":{"guest":-1},"memory":{"guest":"1Gi"}}`),
		newType(`{"cpu":{"guest":1},"memory":{"guest":"x"}}`), newType(`{"cpu":{"guest":1},"memory":{"guest":"1Gi","overcommitPercent":200}}`),
		newType(`{"cpu":{"guest":1},"memory":{"guest":"1Gi","overcommitPercent":10,"hugepages":{"pageSize":"2Mi"}}}`),
		newType(`{"cpu":{"guest":1,"maxSockets":1},"memory":{"guest":"2Gi","maxGuest":"1Gi"}}`),
		newPreference(`{}`), newPreference(`{"cpu":{"preferredCPUTopology":"sideways"}}`), newPreference(`{"cpu":{"preferredCPUTopology":"cores"}}`),
		newPreference(`{"requirements":{"cpu":{"guest":2}}}`), newPreference(`{"cpu":{"preferredCPUTopology":"spread","spreadOptions":{"ratio":1}}}`),
		newPreference(`{"firmware":{"preferredUseEfi":true,"preferredEfi":{}}}`), newPreference(`{"devices":{"preferredDiskBus":"scsi"}}`),
		post("{TYPES}/virtualmachineinstancetypes", aType+`{"cpu":{"guest":1},"memory":{"guest":"1Gi"}}}`),
		post("{TYPES}/virtualmachineinstancetypes", aType+`{"cpu":{"guest":1},"memory":{"guest":"1Gi"}}}`),
		post("{TYPES}/virtualmachinepreferences", aPref+`{}}`),
		get("{TYPES}/virtualmachineinstancetypes/new"), get("{TYPES}/virtualmachinepreferences/new"),
		patch(typeMerge, "{TYPES}/virtualmachineinstancetypes/new", `{"metadata":{"labels":{"a":"b"}}}`),
		patch(typeMerge, "{TYPES}/virtualmachineinstancetypes/new", `{"spec":{"cpu":{"guest":2}}}`),
		patch(typeJSONP, "{TYPES}/virtualmachineinstancetypes/new", `[{"op":"remove","path":"/spec/cpu"}]`),
		patch(typeApply, "{TYPES}/virtualmachineinstancetypes/new?fieldManager=m", aType+`{"cpu":{"guest":3},"memory":{"guest":"1Gi"}}}`),
		patch(typeApply, "{TYPES}/virtualmachineinstancetypes/new?fieldManager=m&force=true", aType+`{"cpu":{"guest":3},"memory":{"guest":"1Gi"}}}`),
		patch(typeApply, "{TYPES}/virtualmachineinstancetypes/new?fieldManager=m", aType+`{"cpu":{"guest":3},"memory":{"guest":"1Gi"}}}`),
		patch(typeApply, "{TYPES}/virtualmachineinstancetypes/applied?fieldManager=m", `{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineInstancetype","metadata":{"name":"applied"},"spec":{"cpu":{"guest":3},"memory":{"guest":"1Gi"}}}`),
		patch(typeMerge, "{TYPES}/virtualmachineinstancetypes/new?dryRun=All", `{"kind":"Spoon"}`),
		post("{TYPES}/virtualmachineinstancetypes?dryRun=All", `{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"Spoon","metadata":{"name":"x"},"spec":{}}`),
		put("{TYPES}/virtualmachineinstancetypes/new?dryRun=All", `{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"Spoon","metadata":{"name":"new"},"spec":{}}`),
		takeAway("{TYPES}/virtualmachineinstancetypes/new?propagationPolicy=Orphan", ``),
		takeAway("{TYPES}/virtualmachineinstancetypes/a?propagationPolicy=Background", ``), takeAway("{TYPES}/virtualmachineinstancetypes/b", ``),
		takeAway("{TYPES}/virtualmachineinstancetypes/b", ``), takeAway("{TYPES}/virtualmachineinstancetypes?labelSelector=even%3Dtrue", ``),
		takeAway("{TYPES}/virtualmachineinstancetypes?fieldSelector=metadata.name%21%3Dnew", ``),
	}},
	{name: "other", situation: situation{name: "absent"}, calls: []call{
		get("/version"), get("/readyz"), get("/livez"), get("/api/v1/namespaces/{ns}"), get("/api/v1/namespaces/missing"),
		get("/apis/kubevirt.io"), get("/apis/instancetype.kubevirt.io"), get("/apis/instancetype.kubevirt.io/v1beta1"),
		get("/apis/nothing.kubevirt.io"), get("/apis/kubevirt.io/v9"), get("/apis/kubevirt.io/v1/namespaces/{ns}/spoons"), get("/nowhere"),
		get("/apis/subresources.kubevirt.io"), get("/apis/subresources.kubevirt.io/v1/healthz"), get("/apis/subresources.kubevirt.io/v1/nothing"),
		get("/apis/subresources.kubevirt.io/v1/namespaces/{ns}/virtualmachines"), get("{vm}"), get("{vm}/nothing"), get("{vm}/start"), put("{vm}/expand-spec", `{}`),
		post("{vm}/start", `{}`), takeAway("{vm}/start", ``), as(typeJSON, put("{vm}/start", `{}`)), as("text/html", get("{vm}/expand-spec")),
		put("/apis/subresources.kubevirt.io/v1/namespaces/{ns}/expand-vm-spec", vm("", halted, plainD)),
		put("/apis/subresources.kubevirt.io/v1/namespaces/{ns}/expand-vm-spec", `{}`), put("/apis/subresources.kubevirt.io/v1/namespaces/{ns}/expand-vm-spec", `x`),
		put("/apis/subresources.kubevirt.io/v1/namespaces/{ns}/expand-vm-spec", vm("", halted+`"instancetype":{"name":"missing"},`, plainD)),
		put("/apis/subresources.kubevirt.io/v1alpha3/namespaces/{ns}/virtualmachines/x/start", `{}`),
		post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", `{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"namespace":"{ns}","verb":"get","group":"kubevirt.io","resource":"virtualmachines"}}}`),
		post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", `{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{}}`),
		post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", `{`),
		{method: http.MethodPost, path: "{VM}"}, {method: http.MethodPut, path: "{VMS}", body: `{}`}, {method: http.MethodPatch, path: "{VMS}", contentType: typeMerge, body: `{}`},
		{method: "BREW", path: "{VMS}"}, post("/api/v1/namespaces", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"Bad_Name"}}`),
		post("/api/v1/namespaces", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{ns}"}}`),
		get("/apis/kubevirt.io/v1alpha3/namespaces/{ns}/virtualmachines"), get("/apis/kubevirt.io/v1/kubevirts"),
		post("{VMIS}?dryRun=All", `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","metadata":{"name":"lone"},"spec":{"domain":{"devices":{},"memory":{"guest":"64Mi"}}}}`),
	}},
}
