package kubevirtsim

import (
	"encoding/json"
	"net/http"
	"runtime"
	"strings"
	"time"

	apiversion "k8s.io/apimachinery/pkg/version"
)

// kubernetesVersion is that of the API server.
const kubernetesVersion = "v1.34.3"

// endpoints serves what the API server has beside its resources, and passes on everything else.
func (s *Server) endpoints(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimSuffix(r.URL.Path, "/")
		switch {
		case path == "/version":
			s.serveVersion(w)
		case path == "/readyz" || path == "/livez" || path == "/healthz":
			serveHealth(w, r, path[1:])
		case path == "/openapi/v3" || strings.HasPrefix(path, "/openapi/v3/"):
			s.serveOpenAPI(w, r, strings.Trim(strings.TrimPrefix(path, "/openapi/v3"), "/"))
		default:
			if strings.HasPrefix(path, "/apis/"+crdGroup+"/") {
				s.addCRDs()
			}
			next.ServeHTTP(w, r)
		}
	})
}

func (s *Server) serveVersion(w http.ResponseWriter) {
	writeJSON(w, apiversion.Info{
		Major: "1", Minor: "34", EmulationMajor: "1", EmulationMinor: "34", MinCompatibilityMajor: "1", MinCompatibilityMinor: "33",
		GitVersion: kubernetesVersion, GitCommit: strings.Repeat("0", 40), GitTreeState: "clean",
		BuildDate: time.Unix(0, 0).UTC().Format(time.RFC3339), GoVersion: runtime.Version(), Compiler: runtime.Compiler, Platform: "linux/amd64",
	})
}

// serveHealth answers as apiserver v0.34 does (server/healthz/healthz.go): one word, or the checks one by one.
func serveHealth(w http.ResponseWriter, r *http.Request, name string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	text := "ok"
	if _, verbose := r.URL.Query()["verbose"]; verbose {
		text = "[+]ping ok\n[+]etcd ok\n" + name + " check passed\n"
	}
	_, _ = w.Write([]byte(text)) // the client is gone, if anything
}

// writeJSON writes what always marshals.
func writeJSON(w http.ResponseWriter, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", typeJSON)
	_, _ = w.Write(body) // the client is gone, if anything
}
