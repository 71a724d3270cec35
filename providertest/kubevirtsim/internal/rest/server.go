package rest

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// Options configures a Server. The zero value is ready to use.
type Options struct {
	// BookmarkEvery is how often a watch gets a bookmark. Zero means a minute.
	BookmarkEvery time.Duration
	// WatchTimeout is when a watch ends that sets no timeout: after this time and up to as much again, by chance. Zero
	// means thirty minutes.
	WatchTimeout time.Duration
	// NewUID makes the uid of an object. Nil makes random ones. It is called concurrently.
	NewUID func() types.UID
	// MaxBody is the size that a request's body may have. Zero means 3 MiB.
	MaxBody int64
	// NoInconsistentContinue leaves out the token for an inconsistent rest that the API server gives to an expired list.
	NoInconsistentContinue bool
}

// Server is the handler. Make it with [New], and register resources before it serves.
type Server struct {
	store   *store.Store
	options Options
	expired atomic.Int32

	mu         sync.RWMutex
	resources  map[schema.GroupResource]*Resource
	order      []schema.GroupResource // as registered
	extensions []Extension
	managers   sync.Map      // managerKey to *managedfields.FieldManager
	watches    chan struct{} // closed to end all watches
	closed     bool
}

// New makes a server over a store.
func New(s *store.Store, opts Options) *Server {
	if opts.BookmarkEvery <= 0 {
		opts.BookmarkEvery = time.Minute
	}
	if opts.WatchTimeout <= 0 {
		opts.WatchTimeout = 30 * time.Minute
	}
	if opts.NewUID == nil {
		opts.NewUID = uuid.NewUUID
	}
	if opts.MaxBody <= 0 {
		opts.MaxBody = 3 << 20
	}
	return &Server{store: s, options: opts, resources: map[schema.GroupResource]*Resource{}, watches: make(chan struct{})}
}

// Register adds a resource, or replaces the one of its group and plural; the objects stay.
func (s *Server) Register(r Resource) error {
	if err := r.complete(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.groupResource()
	if s.resources[key] == nil {
		s.order = append(s.order, key)
	}
	s.resources[key] = &r
	s.table(&r) // its history begins now
	return nil
}

// Extension is an API of another server, as an aggregated one: its handler gets all requests below its path, which is
// /apis/GROUP/VERSION/.
type Extension struct {
	Group, Version string
	// Resources as discovery lists them.
	Resources []ExtensionResource
	Handler   http.Handler
}

// ExtensionResource is one line of an extension's discovery.
type ExtensionResource struct {
	Name       string // with a slash for a subresource
	Kind       string
	Namespaced bool
	Verbs      []string
}

// Extend adds an extension.
func (s *Server) Extend(e Extension) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extensions = append(s.extensions, e)
}

// Store is what the server serves.
func (s *Server) Store() *store.Store { return s.store }

// Table holds a resource's objects, registered or not.
func (s *Server) Table(gr schema.GroupResource) *store.Table { return s.store.Table(gr.String()) }

func (s *Server) table(r *Resource) *store.Table { return s.Table(r.groupResource()) }

func (s *Server) resource(gr schema.GroupResource) *Resource {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.resources[gr]
}

// ExpiredForm is how a watch is told that its history is gone.
type ExpiredForm int32

// The three forms that watchers meet.
const (
	// ExpiredInStream answers 200 and one ERROR event, as the API server does; a watch that falls behind just ends.
	ExpiredInStream ExpiredForm = iota
	// ExpiredAsStatus answers with HTTP status 410.
	ExpiredAsStatus
	// ExpiredMidStream is as ExpiredInStream, and a watch that falls behind gets an ERROR event too.
	ExpiredMidStream
)

// SetExpiredForm chooses the form from now on.
func (s *Server) SetExpiredForm(form ExpiredForm) { s.expired.Store(int32(form)) }

func (s *Server) expiredForm() ExpiredForm { return ExpiredForm(s.expired.Load()) }

// EndWatches ends all watches that are open, as a restarting server does.
func (s *Server) EndWatches() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		close(s.watches)
		s.watches = make(chan struct{})
	}
}

// Close ends all watches, and lets none begin.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		close(s.watches)
		s.closed = true
	}
}

func (s *Server) watchesEnd() <-chan struct{} {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.watches
}

func (s *Server) watchTimeout(seconds *int64) time.Duration {
	if seconds != nil && *seconds > 0 {
		return time.Duration(min(*seconds, 1<<30)) * time.Second
	}
	return time.Duration(float64(s.options.WatchTimeout) * (1 + rand.Float64()))
}
