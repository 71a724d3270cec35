package controlplane_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	kubevirtv1 "kubevirt.io/api/core/v1"
	kubevirtclient "kubevirt.io/client-go/kubevirt"
	typed "kubevirt.io/client-go/kubevirt/typed/core/v1"

	"github.com/kv-shepherd/shepherd-go/e2e/controlplane"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

// TestVersions holds the versions the servers tell against the modules they
// are built from.
func TestVersions(t *testing.T) {
	t.Parallel()
	modules, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for module, version := range map[string]string{
		"k8s.io/kubernetes":    controlplane.KubernetesVersion,
		"kubevirt.io/kubevirt": controlplane.KubeVirtVersion,
	} {
		if !strings.Contains(string(modules), "\t"+module+" "+version+"\n") {
			t.Errorf("go.mod does not ask for %s %s", module, version)
		}
	}
	for path, want := range map[string]string{
		"/version": controlplane.KubernetesVersion,
		"/apis/subresources.kubevirt.io/v1/version": controlplane.KubeVirtVersion,
	} {
		text, err := virtREST(t).Get().AbsPath(path).Do(t.Context()).Raw()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var got struct{ GitVersion string }
		if err := json.Unmarshal(text, &got); err != nil || got.GitVersion != want {
			t.Errorf("%s says %q, %v; want %q", path, got.GitVersion, err, want)
		}
	}
}

// TestUserConfig proves that permissions are looked at, on objects and on the
// aggregated subresources.
func TestUserConfig(t *testing.T) {
	t.Parallel()
	namespace := harness.Namespace(t)
	config, err := harness.Get(t).UserConfig("reader", "readers")
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubevirtclient.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	machines := client.KubevirtV1().VirtualMachines(namespace)
	if _, err := machines.List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Fatalf("list without a role answers %v; want 403", err)
	}
	_, err = harness.Core(t).RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "readers"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: "readers"}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "kubevirt.io:view"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 30*time.Second, func() error {
		_, err := machines.List(t.Context(), metav1.ListOptions{})
		return err
	})
	err = client.KubevirtV1().RESTClient().Put().
		AbsPath("/apis/subresources.kubevirt.io/v1/namespaces", namespace, "virtualmachines/vm/start").
		Body([]byte("{}")).Do(t.Context()).Error()
	if !apierrors.IsForbidden(err) {
		t.Errorf("start by a reader answers %v; want 403", err)
	}
}

// TestRestartAPIServer must not run beside other tests.
func TestRestartAPIServer(t *testing.T) {
	plane := harness.Get(t)
	namespace := harness.Namespace(t)
	before := harness.Create(t, harness.Machine(namespace, "before", nil))
	harness.WaitStatus(t, namespace, "before", kubevirtv1.VirtualMachineStatusRunning)
	host := plane.RESTConfig().Host

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := plane.RestartAPIServer(ctx); err != nil {
		t.Fatal(err)
	}
	if now := plane.RESTConfig().Host; now != host {
		t.Errorf("the server moved from %s to %s", host, now)
	}
	after := harness.WaitStatus(t, namespace, "before", kubevirtv1.VirtualMachineStatusRunning)
	if after.UID != before.UID {
		t.Errorf("the machine's UID went from %s to %s", before.UID, after.UID)
	}
	// virt-controller and the nodes are back at work, too.
	harness.Create(t, harness.Machine(namespace, "after", nil))
	harness.WaitStatus(t, namespace, "after", kubevirtv1.VirtualMachineStatusRunning)
}

// lost proves that the changes since a revision are told no more.
func lost(ctx context.Context, machines typed.VirtualMachineInterface, revision string) error {
	stream, err := machines.Watch(ctx, metav1.ListOptions{ResourceVersion: revision})
	if err != nil {
		return err
	}
	defer stream.Stop()
	for event := range stream.ResultChan() {
		if err := apierrors.FromObject(event.Object); event.Type != watch.Error || !apierrors.IsResourceExpired(err) {
			return fmt.Errorf("a watch since revision %s tells %s %v; want 410 Expired", revision, event.Type, event.Object)
		}
		return nil
	}
	return errors.New("a watch since a lost revision ends without a word")
}

// TestDeadVirtAPI must not run beside other tests.
func TestDeadVirtAPI(t *testing.T) {
	plane := harness.Get(t)
	namespace := harness.Namespace(t)
	if err := plane.StopVirtAPI(); err != nil {
		t.Fatal(err)
	}
	client := harness.Virt(t).KubevirtV1().VirtualMachines(namespace)
	if _, err := client.Create(t.Context(), harness.Machine(namespace, "vm", nil), metav1.CreateOptions{}); !apierrors.IsInternalError(err) {
		t.Errorf("create without virt-api answers %v; want 500", err)
	}
	if _, err := client.List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("list without virt-api answers %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := plane.StartVirtAPI(ctx); err != nil {
		t.Fatal(err)
	}
	harness.Create(t, harness.Machine(namespace, "vm", nil))
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)
}
