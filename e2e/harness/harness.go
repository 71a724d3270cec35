package harness

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/klog/v2"

	"github.com/kv-shepherd/shepherd-go/e2e/controlplane"
)

// startTimeout is generous: a machine that also compiles is slow.
const startTimeout = 3 * time.Minute

// shared is the package's control plane. There is one for the whole test
// binary, hence package-level state.
var shared struct {
	mu    sync.Mutex
	opts  controlplane.Options
	plane *controlplane.ControlPlane
	err   error // why it did not start; it is not tried twice
	logs  string
}

// Main is the body of TestMain. It becomes a server when this process is a
// child of a control plane; otherwise it runs the tests, stops what they
// started, and exits.
func Main(m *testing.M) { MainWith(m, controlplane.Options{}) }

// MainWith is Main with options for the control plane. LogDir is set by the
// harness when it is empty.
func MainWith(m *testing.M, opts controlplane.Options) {
	controlplane.RunChild()
	shared.opts = opts
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		os.Exit(finish(130)) // the tests go on meanwhile, and fail
	}()
	os.Exit(finish(m.Run()))
}

// Get returns the control plane of this test binary and starts it if need be.
// Do not stop it. The test fails at once when it cannot be started.
func Get(tb testing.TB) *controlplane.ControlPlane {
	tb.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.plane == nil && shared.err == nil {
		shared.plane, shared.err = start()
	}
	if shared.err != nil {
		tb.Fatalf("no control plane: %v", shared.err)
	}
	return shared.plane
}

func start() (*controlplane.ControlPlane, error) {
	opts := shared.opts
	if opts.LogDir == "" {
		dir, err := logDir()
		if err != nil {
			return nil, err
		}
		opts.LogDir = dir
	}
	shared.logs = opts.LogDir
	if opts.Logger == nil {
		// Closed by the end of the process; every line is written at once.
		nodes, err := os.OpenFile(filepath.Join(opts.LogDir, "nodes.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open a log: %w", err)
		}
		opts.Logger = slog.New(slog.NewTextHandler(nodes, &slog.HandlerOptions{Level: slog.LevelDebug}))
		// Kubernetes' client libraries tell of every broken watch. That is
		// worth reading when a test has failed, not in the midst of its output.
		klog.LogToStderr(false)
		klog.SetOutput(nodes)
	}
	// Not the test's context: the control plane outlives the test.
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return controlplane.Start(ctx, opts)
}

// finish stops the control plane and returns the status to exit with. The
// second caller waits until the first has exited.
func finish(status int) int {
	shared.mu.Lock() // for good: nothing may start any more
	if shared.plane != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := shared.plane.Stop(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = max(status, 1)
		}
	}
	if shared.logs == "" {
		return status
	}
	if status != 0 {
		printLogs(shared.logs)
	}
	if os.Getenv(artifactsVariable) == "" && shared.opts.LogDir == "" {
		if err := os.RemoveAll(shared.logs); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	return status
}
