package controlplane_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtclient "kubevirt.io/client-go/kubevirt"

	"github.com/kv-shepherd/shepherd-go/e2e/controlplane"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

// TestStopLeavesNothing runs two more control planes, one after the other, and
// looks for what Stop may have forgotten. It must not run beside other tests.
func TestStopLeavesNothing(t *testing.T) {
	harness.Get(t) // the shared one is running in any case; its goroutines do not count
	for turn := range 2 {
		t.Run(fmt.Sprint("turn", turn), func(t *testing.T) {
			children, goroutines := children(t), goroutinesNow()
			dir := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			plane, err := controlplane.Start(ctx, controlplane.Options{
				Dir: dir, Nodes: 1,
				APIServerArgs: []string{"--feature-gates=ListFromCacheSnapshot=false"},
			})
			if err != nil {
				t.Fatal(err)
			}
			host := plane.RESTConfig().Host
			expires(t, plane)
			began := time.Now()
			if err := plane.Stop(ctx); err != nil {
				t.Errorf("stop: %v", err)
			}
			t.Logf("stopped in %s", time.Since(began))
			if err := plane.Stop(ctx); err != nil {
				t.Errorf("stop again: %v", err)
			}
			nothingLeft(t, dir, host, children)
			harness.Eventually(t, 30*time.Second, func() error {
				return added(goroutines, goroutinesNow())
			})
		})
	}
}

// expires proves on the way that Compact expires continue tokens.
func expires(t *testing.T, plane *controlplane.ControlPlane) {
	t.Helper()
	client, err := kubevirtclient.NewForConfig(plane.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	machines := client.KubevirtV1().VirtualMachines("default")
	for _, name := range []string{"a", "b"} {
		if _, err := machines.Create(t.Context(), harness.Machine("default", name, nil), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := machines.List(t.Context(), metav1.ListOptions{Limit: 1})
	if err != nil || page.Continue == "" {
		t.Fatalf("first page: %v, continue %q", err, page.Continue)
	}
	// A token is good as long as its revision is the present one.
	if err := machines.Delete(t.Context(), "b", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := plane.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = machines.List(t.Context(), metav1.ListOptions{Limit: 1, Continue: page.Continue})
	if !apierrors.IsResourceExpired(err) {
		t.Errorf("second page after a compaction answers %v; want 410 Expired", err)
	}
}

func nothingLeft(t *testing.T, dir, host string, before []string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the directory: %v, %v", left, err)
	}
	if now := children(t); len(now) != len(before) {
		t.Errorf("children: %v before, %v after", before, now)
	}
	server, err := url.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp4", server.Host)
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
}

// children are the processes of which this one is the parent.
func children(t *testing.T) []string {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		t.Skip("this system does not tell who a process's children are")
	}
	var all []string
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // a thread that has ended meanwhile
		}
		all = append(all, strings.Fields(string(text))...)
	}
	return all
}

// goroutinesNow counts goroutines by where they were started.
func goroutinesNow() map[string]int {
	var text strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&text, 2); err != nil {
		return nil
	}
	count := map[string]int{}
	for stack := range strings.SplitSeq(text.String(), "\n\n") {
		_, creator, _ := strings.Cut(stack, "created by ")
		creator, _, _ = strings.Cut(creator, " in goroutine")
		count[creator]++
	}
	return count
}

// added tells what there is more of than before.
func added(before, after map[string]int) error {
	var more []string
	for creator, count := range after {
		// Servers and clients of the shared control plane come and go.
		if count > before[creator] && !strings.HasPrefix(creator, "net/http.") && !strings.HasPrefix(creator, "golang.org/x/net/http2.") {
			more = append(more, fmt.Sprintf("%d of %s", count-before[creator], creator))
		}
	}
	if len(more) > 0 {
		return fmt.Errorf("goroutines left: %s", strings.Join(more, ", "))
	}
	return nil
}
