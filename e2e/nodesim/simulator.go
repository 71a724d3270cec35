package nodesim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	kubevirtclient "kubevirt.io/client-go/kubevirt"
)

// Options configures a Simulator. Config, HandlerTLS and HandlerAddress are required.
type Options struct {
	// Config reaches the API server. Its user must be allowed everything, and
	// should be KubeVirt's controller account: the webhooks let only KubeVirt's
	// own accounts write the status of an instance.
	Config *rest.Config
	// Nodes is how many nodes there are. Zero means none.
	Nodes int
	// Namespace is KubeVirt's.
	Namespace string
	// HandlerTLS is the configuration of the server virt-api talks to in place of virt-handler.
	HandlerTLS *tls.Config
	// HandlerAddress is where that server listens. Every virt-handler pod has
	// its host as the pod's address.
	HandlerAddress string
	// Logger receives what happens on the nodes, at level Debug. Nil discards it.
	Logger *slog.Logger
}

// Simulator simulates the nodes of one cluster.
type Simulator struct {
	opts   Options
	logger *slog.Logger

	core     kubernetes.Interface
	virt     kubevirtclient.Interface
	meta     metadata.Interface
	discover discovery.DiscoveryInterface

	cache  *caches
	queue  workqueue.TypedRateLimitingInterface[key]
	stages stopwatch
	ready  chan struct{}
}

// key names an object for one of the loops.
type key struct{ loop, namespace, name string }

// The loops; each is a level-triggered reconciler over its objects.
const (
	loopNode      = "node"
	loopPod       = "pod"
	loopInstance  = "instance"
	loopClaim     = "claim"
	loopNamespace = "namespace"
	loopGarbage   = "garbage"
)

// workers is how many objects are looked at in parallel.
const workers = 6

// New prepares a simulator; nothing runs before Run.
func New(opts Options) (*Simulator, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	config := rest.CopyConfig(opts.Config)
	config.UserAgent = "nodesim"
	// Emptying a namespace lists every resource, deprecated ones too.
	config.WarningHandler = rest.NoWarnings{}
	s := &Simulator{opts: opts, logger: opts.Logger, ready: make(chan struct{}), stages: newStopwatch()}
	var errs [4]error
	s.core, errs[0] = kubernetes.NewForConfig(config)
	s.virt, errs[1] = kubevirtclient.NewForConfig(config)
	s.meta, errs[2] = metadata.NewForConfig(config)
	s.discover, errs[3] = discovery.NewDiscoveryClientForConfig(config)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("make clients: %w", err)
	}
	// Conflicts are the usual error here: virt-controller writes the same
	// objects. They are gone as soon as the next event has arrived.
	s.queue = workqueue.NewTypedRateLimitingQueue(
		workqueue.NewTypedItemExponentialFailureRateLimiter[key](10*time.Millisecond, 500*time.Millisecond))
	cache, err := newCaches(s)
	if err != nil {
		return nil, err
	}
	s.cache = cache
	return s, nil
}

// Ready is closed when the nodes are registered and changes are acted upon.
func (s *Simulator) Ready() <-chan struct{} { return s.ready }

// Run simulates until ctx ends, and returns when nothing it started runs any
// more. A simulator runs once.
func (s *Simulator) Run(ctx context.Context) error {
	server, err := s.newHandlerServer()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.run(ctx) })
	group.Go(func() error { return s.cache.run(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		s.queue.ShutDown()
		return nil
	})
	group.Go(func() error { return s.work(ctx) })
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("simulate nodes: %w", err)
	}
	return nil
}

func (s *Simulator) work(ctx context.Context) error {
	if !s.cache.wait(ctx) {
		return ctx.Err()
	}
	if err := s.registerNodes(ctx); err != nil {
		return err
	}
	close(s.ready)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for s.next(ctx) {
			}
		})
	}
	running.Go(func() { s.heartbeats(ctx) })
	running.Wait()
	return nil
}

// next handles one key. It reports false when the queue is shut down.
func (s *Simulator) next(ctx context.Context) bool {
	k, quit := s.queue.Get()
	if quit {
		return false
	}
	defer s.queue.Done(k)
	again, err := s.reconcile(ctx, k)
	switch {
	case err != nil && ctx.Err() == nil:
		s.logger.Debug("will try again", "loop", k.loop, "namespace", k.namespace, "name", k.name, "error", err)
		s.queue.AddRateLimited(k)
	case again > 0:
		s.queue.Forget(k)
		s.queue.AddAfter(k, again)
	default:
		s.queue.Forget(k)
	}
	return true
}

// reconcile moves one object a step on. A positive duration asks for another
// look after that time; every write of an object brings one anyway.
func (s *Simulator) reconcile(ctx context.Context, k key) (time.Duration, error) {
	switch k.loop {
	case loopNode:
		return 0, s.node(ctx, k.name)
	case loopPod:
		return s.pod(ctx, k.namespace, k.name)
	case loopInstance:
		return s.instance(ctx, k.namespace, k.name)
	case loopClaim:
		return 0, s.claim(ctx, k.namespace, k.name)
	case loopNamespace:
		return s.namespace(ctx, k.name)
	default:
		return s.garbage(ctx, k.name)
	}
}

// knobsFor are the knobs of the instance and of the machine that owns it.
func (s *Simulator) knobsFor(namespace, name string) knobs {
	var k knobs
	if instance := s.cache.instance(namespace, name); instance != nil {
		k = append(k, instance.Annotations)
	}
	if machine := s.cache.machine(namespace, name); machine != nil {
		k = append(k, machine.Annotations)
	}
	return k
}

// podKnobs are the knobs of the instance a pod belongs to.
func (s *Simulator) podKnobs(pod *corev1.Pod) knobs {
	if name := instanceOf(pod); name != "" {
		return s.knobsFor(pod.Namespace, name)
	}
	return knobsOf(pod)
}
