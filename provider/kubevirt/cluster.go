package kubevirt

import (
	"context"
	"net/http"
	"sync"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	clientset "kubevirt.io/client-go/kubevirt"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// cluster is one member: its client, its limits, and the calls under way.
type cluster struct {
	name    string
	set     clientset.Interface
	http    *http.Client
	timeout time.Duration
	list    time.Duration

	// life ends when the member is removed.
	life  context.Context //nolint:containedctx // the lifetime of the member itself, not of a call
	end   context.CancelCauseFunc
	calls sync.WaitGroup
}

const userAgent = "kv-shepherd/shepherd-go"

func newCluster(name string, config *rest.Config, opts ClusterOptions) (*cluster, error) {
	if config == nil {
		return nil, domain.E(domain.CodeInvalidOption, domain.Params{domain.ParamCluster: name, domain.ParamField: "config"}, nil)
	}
	if opts.MaxAnswer <= 0 {
		opts.MaxAnswer = 256 << 20
	}
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = opts.QPS, opts.Burst
	if config.QPS == 0 {
		config.QPS = 50
	}
	if config.Burst <= 0 {
		config.Burst = 100
	}
	if config.UserAgent == "" {
		config.UserAgent = userAgent
	}
	config.Timeout = 0                        // contexts bound every request; a client timeout would hide whose limit passed
	config.WarningHandler = rest.NoWarnings{} // the default one prints them to the process's log
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return guard{next, opts.MaxAnswer} })

	client, err := rest.HTTPClientFor(config)
	if err == nil {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	var set clientset.Interface
	if err == nil {
		set, err = clientset.NewForConfigAndClient(config, client)
	}
	if err != nil {
		return nil, domain.E(domain.CodeInvalidOption, domain.Params{domain.ParamCluster: name, domain.ParamField: "config"}, err)
	}
	c := &cluster{name: name, set: set, http: client, timeout: opts.Timeout, list: opts.ListTimeout}
	if c.timeout <= 0 {
		c.timeout = 15 * time.Second
	}
	if c.list <= 0 {
		c.list = 30 * time.Second
	}
	c.life, c.end = context.WithCancelCause(context.Background())
	return c, nil
}

// release ends a call that Clusters.get began.
func (c *cluster) release() { c.calls.Done() }

// close cancels the calls under way and waits for them, or for ctx.
func (c *cluster) close(ctx context.Context) error {
	c.end(domain.CodeClosed)
	drained := make(chan struct{})
	go func() { // ends with the last call, which the canceled life ends
		c.calls.Wait()
		close(drained)
	}()
	defer utilnet.CloseIdleConnectionsFor(c.http.Transport)
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		return domain.E(domain.CodeOf(ctx.Err()), domain.Params{domain.ParamCluster: c.name}, ctx.Err())
	}
}
