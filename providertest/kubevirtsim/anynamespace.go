package kubevirtsim

import (
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// anyNamespace makes the namespace that a write is for, if it does not exist.
func (s *Server) anyNamespace(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost || r.Method == http.MethodPatch {
			if _, rest, ok := strings.Cut(r.URL.Path, "/namespaces/"); ok {
				if name, _, below := strings.Cut(rest, "/"); below {
					if err := s.needNamespace(name); err != nil {
						http.Error(w, err.Error(), http.StatusInternalServerError)
						return
					}
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// needNamespace makes a namespace unless it is there.
func (s *Server) needNamespace(name string) error {
	if err := s.AddNamespace(name); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}
