package kubevirt_test

import (
	"context"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// The tests of this file stop servers that all tests share, so they are not parallel: those that are begin when these
// have ended.

// TestAPIServerRestart: calls fail as unavailable while there is no server, and the same provider works afterwards.
func TestAPIServerRestart(t *testing.T) {
	site := setup.New(t, harness.Namespace(t))
	vm := site.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	before := vm.Get(t)

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	restarted := make(chan error, 1)
	go func() { restarted <- harness.Get(t).RestartAPIServer(ctx) }()
	codes := map[domain.Code]int{}
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	for over := false; !over; {
		select {
		case err := <-restarted:
			setup.Must(t, "restart the API server", err)
			over = true
		case <-pace.C:
		}
		for _, call := range []func() error{
			func() error { _, err := site.GetVM(ctx, setup.Cluster, site.Namespace, "vm"); return err },
			func() error {
				_, err := site.ListVMs(ctx, setup.Cluster, site.Namespace, provider.ListOptions{})
				return err
			},
		} {
			err := call()
			if err != nil && domain.KindOf(err) != domain.KindUnavailable {
				t.Errorf("while the server restarts: %v", err)
			}
			codes[domain.CodeOf(err)]++
		}
	}
	t.Logf("answers while the server restarted: %v", codes)
	if codes[domain.CodeClusterUnreachable] == 0 {
		t.Error("no call met a server that was not there")
	}
	after := vm.WaitRunning(t)
	setup.Diff(t, "instance", before.InstanceID, after.InstanceID)
	_, _, err := update(t, vm, label("a", "1"))
	setup.Must(t, "update", err)
	setup.Must(t, "pause", do(t.Context(), vm, "pause"))
	vm.WaitStatus(t, domain.StatusPaused)
}

// TestNoVirtAPI: what goes through KubeVirt's own server fails as unavailable and says that nothing happened; reads work.
func TestNoVirtAPI(t *testing.T) {
	site := setup.New(t, harness.Namespace(t))
	on := site.Running(t, setup.Spec("vm-on", domain.RunStrategyAlways))
	off := site.Stopped(t, setup.Spec("vm-off", domain.RunStrategyHalted))
	plane := harness.Get(t)
	setup.Must(t, "stop virt-api", plane.StopVirtAPI())
	started := false
	start := func() {
		if !started {
			started = true
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
			defer cancel()
			setup.Must(t, "start virt-api", plane.StartVirtAPI(ctx))
		}
	}
	t.Cleanup(start)

	_, err := site.CreateVM(t.Context(), setup.Cluster, site.Namespace, setup.Spec("new", domain.RunStrategyHalted), provider.CreateOptions{})
	setup.Code(t, "create", domain.CodeWebhookUnavailable, err)
	setup.Diff(t, "create: outcome unknown", false, setup.Error(err).OutcomeUnknown)
	_, err = site.ValidateVM(t.Context(), setup.Cluster, site.Namespace, setup.Spec("new", domain.RunStrategyHalted), provider.ValidateOptions{})
	setup.Code(t, "validate: nobody could be asked", domain.CodeWebhookUnavailable, err)
	_, _, err = update(t, on, label("a", "1"))
	setup.Code(t, "update", domain.CodeWebhookUnavailable, err)
	_, err = site.MigrateVM(t.Context(), setup.Cluster, site.Namespace, on.Name, provider.MigrateOptions{})
	setup.Code(t, "migrate", domain.CodeWebhookUnavailable, err)
	setup.Code(t, "pause", domain.CodeWebhookUnavailable, do(t.Context(), on, "pause"))
	setup.Code(t, "start", domain.CodeWebhookUnavailable, do(t.Context(), off, "start"))
	setup.Diff(t, "status of the VM", domain.StatusRunning, on.Get(t).Status)
	_, err = site.ListVMs(t.Context(), setup.Cluster, site.Namespace, provider.ListOptions{})
	setup.Code(t, "list", "", err)

	// The API server notices after a while that nobody serves the API, and then says so in other words.
	harness.Eventually(t, 2*time.Minute, func() error {
		setup.Must(t, "have the API server look", plane.RecheckVirtAPI(t.Context()))
		answer := rawAnswer(t, nil, "PUT", subresourcePath(site.Namespace, "virtualmachineinstances", on.Name, "pause"), "{}")
		if !answer.says(503, "service unavailable") {
			return answer
		}
		return nil
	})
	setup.Code(t, "pause, later", domain.CodeWebhookUnavailable, do(t.Context(), on, "pause"))

	start()
	setup.Must(t, "pause with virt-api", do(t.Context(), on, "pause"))
	on.WaitStatus(t, domain.StatusPaused)
	_, err = site.GetVM(t.Context(), setup.Cluster, site.Namespace, "new")
	setup.Code(t, "the VM that was refused", domain.CodeVMNotFound, err)
}
