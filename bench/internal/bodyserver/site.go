package bodyserver

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Options of a [Site].
type Options struct {
	// Clusters, and VMs in each; every VM has an instance.
	Clusters, VMs int
	// WatchList offers the initial set as a stream.
	WatchList bool
	// TLS serves HTTP/2 under a certificate that nobody knows. Without it, HTTP/1.1 in plain text.
	TLS bool
}

// Site serves a number of clusters, each under an address of its own.
type Site struct {
	opts     Options
	began    time.Time
	clusters []*cluster
	servers  []*http.Server
	hosts    []string
	control  string

	lists, listsNow, listsPeak, watchesNow, watches, items, frames atomic.Int64
}

// Listen opens the clusters and the control endpoint, all on loopback. Close the site.
func Listen(opts Options) (*Site, error) {
	s := &Site{opts: opts, began: time.Now()}
	var config *tls.Config
	scheme := "http"
	if opts.TLS {
		certificate, err := selfSigned()
		if err != nil {
			return nil, err
		}
		config = &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}
		scheme = "https"
	}
	for n := range opts.Clusters {
		c := newCluster(s, n, opts.VMs)
		host, err := s.serve(c, c.connected, config)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.clusters, s.hosts = append(s.clusters, c), append(s.hosts, scheme+"://"+host)
	}
	host, err := s.serve(s.controls(), nil, nil)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.control = "http://" + host
	return s, nil
}

func (s *Site) serve(handler http.Handler, state func(net.Conn, http.ConnState), config *tls.Config) (host string, err error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("body server: %w", err)
	}
	server := &http.Server{
		Handler: handler, ConnState: state, TLSConfig: config, ReadHeaderTimeout: time.Minute,
		ErrorLog: log.New(io.Discard, "", 0), // of connections that clients gave up
	}
	s.servers = append(s.servers, server)
	go func() { // ends with Close
		if config == nil {
			_ = server.Serve(listener)
		} else {
			_ = server.ServeTLS(listener, "", "")
		}
	}()
	return listener.Addr().String(), nil
}

// Hosts are the addresses of the clusters, Control that of the control endpoint, for [NewControl].
func (s *Site) Hosts() []string { return s.hosts }

// Control is the address for [NewControl].
func (s *Site) Control() string { return s.control }

// Close ends everything at once.
func (s *Site) Close() {
	for _, server := range s.servers {
		_ = server.Close()
	}
}

// listing counts a list that is under way, until what it returns is called.
func (s *Site) listing() (over func()) {
	s.lists.Add(1)
	now := s.listsNow.Add(1)
	for peak := s.listsPeak.Load(); now > peak && !s.listsPeak.CompareAndSwap(peak, now); peak = s.listsPeak.Load() {
	}
	return func() { s.listsNow.Add(-1) }
}

func (s *Site) watching() (over func()) {
	s.watches.Add(1)
	s.watchesNow.Add(1)
	return func() { s.watchesNow.Add(-1) }
}

func (s *Site) listed(items int) { s.items.Add(int64(items)) }

// connected counts the connections of a cluster.
func (c *cluster) connected(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		now := c.connections.Add(1)
		for peak := c.connectionsPeak.Load(); now > peak && !c.connectionsPeak.CompareAndSwap(peak, now); peak = c.connectionsPeak.Load() {
		}
	case http.StateClosed, http.StateHijacked:
		c.connections.Add(-1)
	default:
	}
}
