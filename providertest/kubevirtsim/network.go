package kubevirtsim

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Network is what a connection to the server meets, before any request: see [Server.SetNetwork].
type Network string

// The states of the network.
const (
	// NetworkUp lets everybody connect.
	NetworkUp Network = ""
	// NetworkRefused refuses new connections, as a host does on which nobody listens; those that are open live on. A
	// listener given to [Server.Serve] cannot refuse: there a connection is reset as soon as it is made.
	NetworkRefused Network = "refused"
	// NetworkSilent lets everybody connect and never answers, neither a request nor a TLS handshake; open connections fall
	// silent as well. That is a load balancer in front of a dead server, or a peer that has lost power.
	NetworkSilent Network = "silent"
	// NetworkUnreachable lets connecting last until the client gives up or the network comes back, as where packets are
	// dropped; open connections fall silent. At a listener given to [Server.Serve] it is NetworkSilent, as the kernel connects
	// by itself.
	NetworkUnreachable Network = "unreachable"
)

// SetNetwork changes what connections meet from now on. A connection that has fallen silent stays so when the network comes
// back: what was sent meanwhile is lost.
func (s *Server) SetNetwork(n Network) { s.network.set(n) }

// BreakConnections breaks all open connections, as a server does that goes down.
func (s *Server) BreakConnections() { s.network.breakAll() }

// network knows all connections to a server.
type network struct {
	mu       sync.Mutex
	state    Network
	changed  chan struct{} // closed at the next change of state
	conns    map[*faultyConn]struct{}
	closed   bool
	draining sync.WaitGroup
}

func newNetwork() *network {
	return &network{changed: make(chan struct{}), conns: map[*faultyConn]struct{}{}}
}

func (n *network) set(state Network) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state = state
	close(n.changed)
	n.changed = make(chan struct{})
	if state == NetworkSilent || state == NetworkUnreachable {
		for conn := range n.conns {
			conn.silent.Store(true)
		}
	}
}

// now is the state, and a channel that is closed when there is another.
func (n *network) now() (Network, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state, n.changed
}

func (n *network) breakAll() {
	n.mu.Lock()
	conns := make([]*faultyConn, 0, len(n.conns))
	for conn := range n.conns {
		conns = append(conns, conn)
	}
	n.mu.Unlock()
	for _, conn := range conns {
		conn.hangUp()
		n.forget(conn)
	}
}

// close breaks all connections, and those that come later.
func (n *network) close() {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.breakAll()
	n.draining.Wait()
}

// admit takes a new connection in hand. It returns nil for one that the server is not to see.
func (n *network) admit(conn net.Conn) net.Conn {
	c := &faultyConn{Conn: conn, network: n}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.state == NetworkRefused {
		c.hangUp()
		return nil
	}
	n.conns[c] = struct{}{}
	if n.state == NetworkUp {
		return c
	}
	c.silent.Store(true)
	n.drain(c)
	return nil
}

// drain lets the client of a silent connection send into the void until one of the two breaks it. n.mu must be held.
func (n *network) drain(c *faultyConn) {
	n.draining.Go(func() {
		_, _ = io.Copy(io.Discard, c.Conn)
		c.hangUp()
		n.forget(c)
	})
}

// leave is what becomes of a connection that the server closes: the client of a silent one learns nothing of it.
func (n *network) leave(c *faultyConn) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, open := n.conns[c]; !open || n.closed || !c.silent.Load() {
		delete(n.conns, c)
		return c.Conn.Close()
	}
	if !c.left {
		c.left = true
		n.drain(c)
	}
	return c.SetDeadline(time.Time{}) // those that the server has set were its own
}

func (n *network) forget(c *faultyConn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c)
}

// faultyConn is a connection as the server sees it.
type faultyConn struct {
	net.Conn
	network *network
	// silent: what either side sends is lost.
	silent atomic.Bool
	left   bool // by the server; network.mu is over it
}

// Read implements net.Conn.
func (c *faultyConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || !c.silent.Load() {
			return n, err
		}
	}
}

// Write implements net.Conn.
func (c *faultyConn) Write(b []byte) (int, error) {
	if c.silent.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// Close implements net.Conn.
func (c *faultyConn) Close() error { return c.network.leave(c) }

// hangUp breaks the connection in a way that the client sees at once, whatever is under way.
func (c *faultyConn) hangUp() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // so that closing resets it
	}
	_ = c.Conn.Close() // it goes, whatever is said of it
}

// faultyListener has the connections of a listener meet the state of the network.
type faultyListener struct {
	net.Listener
	network *network
}

// Accept implements net.Listener.
func (l faultyListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if admitted := l.network.admit(conn); admitted != nil {
			return admitted, nil
		}
	}
}

// reach waits until the network lets a new connection pass, or tells why it does not.
func (n *network) reach(ctx context.Context, closing <-chan struct{}) error {
	for {
		state, changed := n.now()
		switch state {
		case NetworkRefused:
			return refused(syscall.ECONNREFUSED)
		case NetworkUnreachable:
		default:
			return nil
		}
		select {
		case <-changed:
		case <-closing:
			return refused(syscall.ECONNREFUSED)
		case <-ctx.Done():
			return refused(ctx.Err())
		}
	}
}
