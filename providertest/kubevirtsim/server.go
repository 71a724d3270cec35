package kubevirtsim

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// Options configures a Server. The zero value is KubeVirt 1.9.0 with its default feature gates on a cluster of three nodes
// that has the namespace default, on which everything goes well.
type Options struct {
	// Version of KubeVirt, 1.3.0 to 1.9.0. Empty is 1.9.0.
	Version string
	// FeatureGates and DisabledFeatureGates are the lists of the KubeVirt object's configuration.
	FeatureGates         []string
	DisabledFeatureGates []string
	// Namespaces exist from the beginning, besides default.
	Namespaces []string
	// AnyNamespace lets objects be made in namespaces that do not exist.
	AnyNamespace bool
	// Deny says what a client is told that it may not do, when it asks by a SelfSubjectAccessReview; it is not enforced. Nil
	// denies nothing. It is called concurrently.
	Deny func(authorizationv1.SelfSubjectAccessReviewSpec) bool
	// Nodes is the number of nodes. Zero is 3.
	Nodes int
	// Timing says how long things take. A zero field is its default, a negative one no time at all.
	Timing Timing
	// Seed is that of faults by chance.
	Seed uint64
	// BookmarkEvery is how often a watch gets a bookmark. Zero is a minute.
	BookmarkEvery time.Duration
	// History is how many events of each resource are kept for watches. Zero is 10,000.
	History int
}

// Timing says how long things take. A zero field is its default, a negative one no time at all.
type Timing struct {
	// Observe is how long the controller takes to notice a change. Default 10 ms.
	Observe time.Duration
	// Provision is how long the disks of a new VM take. Default none.
	Provision time.Duration
	// Schedule is how long it takes to find a node and start a pod there. Default 50 ms.
	Schedule time.Duration
	// Boot is how long an instance takes from there until it runs. Default 100 ms.
	Boot time.Duration
	// Agent is how long the guest agent takes to connect after that. Default 20 ms.
	Agent time.Duration
	// Shutdown is how long a guest takes that was asked to shut down. Default 100 ms.
	Shutdown time.Duration
	// Grace is after how long a guest that does not shut down is killed. Default 30 s, as KubeVirt has it.
	Grace time.Duration
	// Migrate is how long a live migration takes, from its request to its end. Default 200 ms.
	Migrate time.Duration
	// ImageRetry is when a second failure to pull an image makes it ImagePullBackOff. Default 10 s.
	ImageRetry time.Duration
}

// Server is a cluster with KubeVirt, as its API shows it. It is an http.Handler; serve it as you like, or use
// [Server.Start] and [Server.Dial]. Make it with [New], and close it.
type Server struct {
	options    Options
	version    version
	store      *store.Store
	api        *rest.Server
	faults     *faultLayer
	controller *controller
	closing    chan struct{}
	once       sync.Once
	crds       sync.Mutex // while they are made
	openAPI    func() *openAPI

	network *network
	serving sync.WaitGroup // the loops that accept
	busy    requests       // what they have begun

	mu      sync.Mutex
	closed  bool
	pipes   *pipeListener
	servers []*http.Server
}

// New makes a server and starts its controller, which lives until [Server.Close]. A version that it does not know is
// INVALID_OPTION.
func New(opts Options) (*Server, error) {
	v, err := versionOf(opts)
	if err != nil {
		return nil, err
	}
	s := &Server{options: opts, version: v, closing: make(chan struct{}), network: newNetwork(), store: store.New(store.Options{Events: opts.History})}
	s.api = rest.New(s.store, rest.Options{BookmarkEvery: opts.BookmarkEvery})
	s.controller = newController(s, s.api, vmsim.NewConfig(vmsim.Timing(opts.Timing), opts.Nodes))
	if err := s.register(); err != nil {
		return nil, err
	}
	if err := s.furnish(); err != nil {
		return nil, err
	}
	s.openAPI = sync.OnceValue(s.makeOpenAPI)
	s.faults = newFaultLayer(s.handler(), opts.Seed, s.closing)
	go s.controller.run()
	return s, nil
}

// handler is the API behind the faults.
func (s *Server) handler() http.Handler {
	api := fromProtobuf(s.endpoints(s.api))
	if s.options.AnyNamespace {
		return s.anyNamespace(api)
	}
	return api
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.faults.ServeHTTP(w, r) }

// SetFaults replaces the faults that requests meet; none ends them all. The first one that is for a request is the one
// that it meets.
func (s *Server) SetFaults(faults ...Fault) { s.faults.set(faults) }

// Start serves on a loopback address until the server is closed, and returns its URL. With a TLS configuration it is
// https, and HTTP/2 where the client speaks it.
func (s *Server) Start(config *tls.Config) (url string, err error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s.Serve(listener, config)
	scheme := "http://"
	if config != nil {
		scheme = "https://"
	}
	return scheme + listener.Addr().String(), nil
}

// Dial connects to the server through a pipe in memory: give it to a client as its dialer, such as rest.Config.Dial with
// any host. In a bubble of testing/synctest such a connection blocks durably, so that time passes while it waits.
func (s *Server) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if err := s.network.reach(ctx, s.closing); err != nil {
		return nil, err
	}
	s.mu.Lock()
	if s.pipes == nil {
		s.pipes = newPipeListener()
		s.serve(s.pipes, nil)
	}
	pipes := s.pipes
	s.mu.Unlock()
	return pipes.dial(ctx)
}

// Serve serves a listener until the server is closed; it returns at once, and owns the listener. A TLS configuration may
// be nil; without one, HTTP/2 is spoken by prior knowledge.
func (s *Server) Serve(listener net.Listener, config *tls.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serve(listener, config)
}

func (s *Server) serve(listener net.Listener, config *tls.Config) {
	if s.closed {
		_ = listener.Close() // nobody is there to accept
		return
	}
	server := &http.Server{Handler: s.busy.count(s), ReadHeaderTimeout: time.Minute, TLSConfig: config, ErrorLog: log.New(io.Discard, "", 0)}
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(config != nil)
	server.Protocols.SetUnencryptedHTTP2(config == nil)
	s.servers = append(s.servers, server)
	listener = faultyListener{listener, s.network}
	s.serving.Go(func() {
		if config != nil {
			_ = server.ServeTLS(listener, "", "") // it ends with the server, or with the listener, which its clients see
			return
		}
		_ = server.Serve(listener) // likewise
	})
}

// Close ends all connections and watches, and waits for everything the server has started.
func (s *Server) Close() {
	s.once.Do(func() {
		close(s.closing)
		s.api.Close()
		s.mu.Lock()
		s.closed = true
		servers := s.servers
		s.mu.Unlock()
		for _, server := range servers {
			_ = server.Close() // the connections go, whatever is said of it
		}
		s.serving.Wait()
		s.network.close()
		s.busy.end()
		s.controller.close()
	})
}
