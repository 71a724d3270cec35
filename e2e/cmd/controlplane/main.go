// Command controlplane runs a Kubernetes and KubeVirt control plane with
// simulated nodes until it is told to stop.
//
//	go run ./cmd/controlplane -kubeconfig-out FILE [-nodes N]
//
// It writes the administrator's kubeconfig when everything answers, and then
// prints one line. SIGINT and SIGTERM end it with status 0 and nothing left
// behind. Under `go run` a SIGTERM reaches the go command only, which dies and
// leaves its child to itself: therefore this program also ends when its parent
// was the go command and is gone; -exit-with-parent does the same for any parent.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/kv-shepherd/shepherd-go/e2e/controlplane"
)

func main() {
	controlplane.RunChild()
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "controlplane:", err)
		os.Exit(1)
	}
}

type settings struct {
	kubeconfig     string
	exitWithParent bool
	verbose        bool
	plane          controlplane.Options
}

func parse(args []string) (settings, error) {
	var s settings
	var gates, apiServer string
	flags := flag.NewFlagSet("controlplane", flag.ContinueOnError)
	flags.StringVar(&s.kubeconfig, "kubeconfig-out", "", "file to write the administrator's kubeconfig to (required)")
	flags.IntVar(&s.plane.Nodes, "nodes", 2, "number of simulated nodes")
	flags.StringVar(&s.plane.LogDir, "log-dir", "", "existing directory for the servers' logs, which are thrown away otherwise")
	flags.StringVar(&gates, "feature-gates", "", "KubeVirt's feature gates to turn on, separated by commas")
	flags.StringVar(&apiServer, "api-server-args", "", "further flags of kube-apiserver, separated by spaces")
	flags.BoolVar(&s.exitWithParent, "exit-with-parent", startedByGo(), "end when the parent process is gone")
	flags.BoolVar(&s.verbose, "v", false, "log what happens on the nodes")
	if err := flags.Parse(args); err != nil {
		return s, fmt.Errorf("parse flags: %w", err)
	}
	if s.kubeconfig == "" || flags.NArg() > 0 {
		return s, errors.New("usage: controlplane -kubeconfig-out FILE [-nodes N]")
	}
	if gates != "" {
		s.plane.FeatureGates = strings.Split(gates, ",")
	}
	s.plane.APIServerArgs = strings.Fields(apiServer)
	return s, nil
}

func run(args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if s.exitWithParent {
		var orphaned context.CancelFunc
		ctx, orphaned = withParent(ctx)
		defer orphaned()
	}
	if s.verbose {
		s.plane.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	starting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	plane, err := controlplane.Start(starting, s.plane)
	if err != nil {
		return err
	}
	if err := writeFile(s.kubeconfig, plane.Kubeconfig()); err != nil {
		return errors.Join(err, plane.Stop(context.WithoutCancel(ctx)))
	}
	fmt.Printf("control plane ready: %s, kubeconfig %s\n", plane.RESTConfig().Host, s.kubeconfig)
	<-ctx.Done()
	// A second signal ends the program at once.
	stop()
	stopping, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(plane.Stop(stopping), os.Remove(s.kubeconfig))
}

// writeFile replaces the file in one step, so that a reader that waits for it
// never sees half of it.
func writeFile(name string, content []byte) error {
	part, err := os.CreateTemp(filepath.Dir(name), ".kubeconfig-") // mode 0600
	if err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	_, err = part.Write(content)
	if err = errors.Join(err, part.Close()); err == nil {
		err = os.Rename(part.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the kubeconfig: %w", err), os.Remove(part.Name()))
	}
	return nil
}

// startedByGo reports whether the parent is the go command.
func startedByGo() bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", os.Getppid()))
	return err == nil && strings.TrimSpace(string(name)) == "go"
}

// withParent returns a context that ends when the parent process does. An
// orphan gets another parent, which is the one sign that needs no permission.
func withParent(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		ticker := time.NewTicker(500 * time.Millisecond)
		defer ticker.Stop()
		for os.Getppid() == parent {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()
	return ctx, func() {
		cancel()
		<-done
	}
}
