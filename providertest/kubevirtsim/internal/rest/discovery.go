package rest

import "net/http"

func (s *Server) serveDiscovery(w http.ResponseWriter, r *http.Request) { s.notFound(w, r) }

func (s *Server) servesBuiltIn(any) bool { return false }
