package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/kv-shepherd/shepherd-go/e2e/nodesim"
)

// nodes runs the simulated nodes. The zero value is ready to use.
type nodes struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error // valid when done is closed
}

// startNodes returns when the nodes are registered.
func (c *ControlPlane) startNodes(ctx context.Context) error {
	// virt-handler's own account is refused without the node's name in its
	// token, which a certificate cannot carry; the controller's may write the
	// same things. Scheduler and kubelet need the rest.
	id, err := c.ca.client(controllerUser, append(serviceAccountGroups(), "system:masters")...)
	if err != nil {
		return err
	}
	handler, err := c.handlerTLS()
	if err != nil {
		return err
	}
	simulator, err := nodesim.New(nodesim.Options{
		Config: c.configFor(id), Nodes: c.opts.Nodes, Namespace: Namespace,
		HandlerTLS: handler, HandlerAddress: loopback(c.ports.handler), Logger: c.logger,
	})
	if err != nil {
		return err
	}
	c.nodes.start(simulator)
	select {
	case <-simulator.Ready():
		return nil
	case <-c.nodes.done:
		return fmt.Errorf("ended before it was ready: %w", c.nodes.err)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (n *nodes) start(simulator *nodesim.Simulator) {
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel, n.done = cancel, make(chan struct{})
	go func() {
		defer close(n.done)
		n.err = simulator.Run(ctx)
	}()
}

func (n *nodes) stop(ctx context.Context) error {
	if n.cancel == nil {
		return nil
	}
	n.cancel()
	select {
	case <-n.done:
		n.cancel = nil
		return n.err
	case <-ctx.Done():
		return fmt.Errorf("the simulated nodes do not end: %w", context.Cause(ctx))
	}
}

// handlerTLS accepts virt-api only, as the real virt-handler does.
func (c *ControlPlane) handlerTLS() (*tls.Config, error) {
	id, err := c.ca.server(handlerServer)
	if err != nil {
		return nil, err
	}
	certificate, err := tls.X509KeyPair(id.cert, id.key)
	if err != nil {
		return nil, fmt.Errorf("load virt-handler's certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c.ca.cert)
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool,
		VerifyConnection: func(state tls.ConnectionState) error {
			if name := state.PeerCertificates[0].Subject.CommonName; name != handlerClient {
				return errors.New("not virt-api but " + name)
			}
			return nil
		},
	}, nil
}
