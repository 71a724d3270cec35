package differential_test

import (
	"fmt"
	"net/http"
)

func instanceType(name string, cpus int) call {
	return post("{TYPES}/virtualmachineinstancetypes", fmt.Sprintf(`{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineInstancetype",`+
		`"metadata":{"name":%q,"labels":{"size":%q,"even":"%v"}},"spec":{"cpu":{"guest":%d},"memory":{"guest":"1Gi"}}}`, name, name, cpus%2 == 0, cpus))
}

const (
	tableType   = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
	partialList = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
	partial     = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
)

// of reads a list of instance types, which no controller writes to.
func of(query string) call { return get("{TYPES}/virtualmachineinstancetypes" + query) }

func as(accept string, c call) call {
	c.accept = accept
	return c
}

// watch is a watch that the server ends after a second, so that its frames are all of the answer.
func watch(query string) call { return of("?watch=true&timeoutSeconds=1" + query) }

var fiveTypes = []call{
	instanceType("a", 1), instanceType("b", 2), instanceType("c", 3), instanceType("d", 4), instanceType("e", 5),
}

var listGroups = []group{
	{name: "list", situation: situation{name: "absent"}, setup: fiveTypes, calls: []call{
		of(""), of("?limit=2"), of("?limit=5"), of("?limit=0"), of("?limit=-1"), of("?limit=x"), of("?limit=2&continue={continue}"),
		of("?continue={continue}"), of("?continue=garbage"), of("?continue={continue}&resourceVersion={listrv}"),
		of("?continue={continue}&resourceVersion=0"), of("?continue={continue}&resourceVersionMatch=Exact&resourceVersion={listrv}"),
		of("?resourceVersion=0"), of("?resourceVersion=0&limit=2"), of("?resourceVersion={listrv}"), of("?resourceVersion={listrv}&limit=2"),
		of("?resourceVersion=garbage"), of("?resourceVersion=-1"),
		of("?resourceVersionMatch=Exact"), of("?resourceVersionMatch=Exact&resourceVersion=0"),
		of("?resourceVersionMatch=Exact&resourceVersion={listrv}"), of("?resourceVersionMatch=Exact&resourceVersion={listrv}&limit=3"),
		of("?resourceVersionMatch=NotOlderThan"), of("?resourceVersionMatch=NotOlderThan&resourceVersion=0"),
		of("?resourceVersionMatch=NotOlderThan&resourceVersion={listrv}"), of("?resourceVersionMatch=Perhaps&resourceVersion=0"),
		of("?resourceVersionMatch=NotOlderThan&resourceVersion=99999999"), of("?resourceVersionMatch=Exact&resourceVersion=99999999"),
		of("?labelSelector=even%3Dtrue"), of("?labelSelector=even%21%3Dtrue"), of("?labelSelector=even%20in%20(true)&limit=1"),
		of("?labelSelector=%21even"), of("?labelSelector=a%20b%20c"), of("?labelSelector=size%20in%20(a,b)"), of("?labelSelector=size%20notin%20(a,b)"),
		of("?fieldSelector=metadata.name%3Db"), of("?fieldSelector=metadata.name%21%3Db"), of("?fieldSelector=spec.cpu%3D1"),
		of("?fieldSelector=metadata.namespace%3D{ns}"), of("?fieldSelector=metadata.namespace%3Dother"), of("?fieldSelector=x%3E1"),
		of("?sendInitialEvents=true"), of("?timeoutSeconds=x"), of("?allowWatchBookmarks=perhaps"), of("?watch=perhaps&timeoutSeconds=1"),
		as(tableType, of("")), as(tableType, of("?limit=2")), as(tableType, of("/a")), as(tableType, of("/missing")),
		as(partialList, of("")), as(partial, of("/a")), as("application/yaml", of("/a")), as("text/html", of("")), as("application/json;as=Spoon;v=v1;g=meta.k8s.io", of("")),
		as("application/json;as=Table;v=v1;g=meta.k8s.io", get("{VMS}")), as(tableType, get("{VMIS}")),
		of("/a"), of("/missing"), of("/a?resourceVersion=0"), of("/a?resourceVersion=99999999"), of("/a?resourceVersion=x"), of("/a/status"), of("/a/b/c"),
		get("{VMS}"), get("{VMIS}"), get("{API}/virtualmachineinstancemigrations"), get("{VMS}/missing"), get("{VMIS}/missing"),
		get("/apis/instancetype.kubevirt.io/v1beta1/virtualmachineinstancetypes?labelSelector=size%3Da&fieldSelector=metadata.namespace%3D{ns}"),
		get("/apis/kubevirt.io/v1/namespaces/nowhere/virtualmachines"),
	}},
	{name: "watch", situation: situation{name: "absent"}, setup: fiveTypes, calls: []call{
		watch(""), watch("&resourceVersion=0"), watch("&resourceVersion={listrv}"), watch("&resourceVersion=1"), watch("&resourceVersion=garbage"),
		watch("&resourceVersion=-1"), watch("&resourceVersion=99999999"),
		watch("&allowWatchBookmarks=true"), watch("&allowWatchBookmarks=true&resourceVersion=0"), watch("&allowWatchBookmarks=true&resourceVersion={listrv}"),
		watch("&sendInitialEvents=true"), watch("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"),
		watch("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"),
		watch("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=0"),
		watch("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion={listrv}"),
		watch("&sendInitialEvents=true&resourceVersionMatch=Exact&allowWatchBookmarks=true"),
		watch("&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion={listrv}"), watch("&sendInitialEvents=false"),
		watch("&resourceVersionMatch=NotOlderThan&resourceVersion={listrv}"), watch("&resourceVersionMatch=Exact&resourceVersion={listrv}"),
		watch("&labelSelector=even%3Dtrue"), watch("&labelSelector=a%20b%20c"), watch("&fieldSelector=metadata.name%3Db"), watch("&fieldSelector=spec.x%3D1"),
		watch("&limit=2"), watch("&continue=x"), as(tableType, watch("")), as(partial, watch("")), as("text/html", watch("")), as("application/yaml", watch("")),
		of("?watch=true&timeoutSeconds=x"), of("?watch=1&timeoutSeconds=1"),
		get("/apis/instancetype.kubevirt.io/v1beta1/watch/namespaces/{ns}/virtualmachineinstancetypes?timeoutSeconds=1"),
		get("/apis/instancetype.kubevirt.io/v1beta1/watch/namespaces/{ns}/virtualmachineinstancetypes/b?timeoutSeconds=1"),
		get("{VMS}?watch=true&timeoutSeconds=1"), get("{VMIS}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true"),
		{method: http.MethodHead, path: "{VMS}"}, {method: http.MethodOptions, path: "{VMS}"},
	}},
}
