package kubevirtsim

import (
	"net/http"
	"runtime"
)

// What virt-api tells of itself.

// versionInfo is the version of KubeVirt, as clients detect it (client-go/version).
func (a *virtAPI) versionInfo(q *question) error {
	q.answer(http.StatusOK, struct {
		GitVersion   string `json:"gitVersion"`
		GitCommit    string `json:"gitCommit"`
		GitTreeState string `json:"gitTreeState"`
		BuildDate    string `json:"buildDate"`
		GoVersion    string `json:"goVersion"`
		Compiler     string `json:"compiler"`
		Platform     string `json:"platform"`
	}{"v" + a.version.text, "0000000000000000000000000000000000000000", "clean", "1970-01-01T00:00:00Z", runtime.Version(), runtime.Compiler, "linux/amd64"})
	return nil
}

// guestfs says where the image of virtctl's guestfs is.
func (a *virtAPI) guestfs(q *question) error {
	q.answer(http.StatusOK, struct {
		Registry    string `json:"registry"`
		Tag         string `json:"tag"`
		Digest      string `json:"digest"`
		ImagePrefix string `json:"imagePrefix"`
		GsImage     string `json:"gsImage"`
	}{Registry: "quay.io/kubevirt", Tag: "v" + a.version.text})
	return nil
}

// health says that the API server can be reached.
func (a *virtAPI) health(q *question) error {
	q.answer(http.StatusOK, map[string]any{
		"apiserver":               map[string]any{"connectivity": "ok", "version": map[string]any{"major": "1", "minor": "34", "gitVersion": "v1.34.3"}},
		"config-resource-version": "1",
	})
	return nil
}
