package harness

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	kubevirtclient "kubevirt.io/client-go/kubevirt"
)

// Namespace creates a namespace for the test and deletes it afterwards,
// without waiting until it is gone. When the test has failed, what is in the
// namespace is logged first.
func Namespace(tb testing.TB) string {
	tb.Helper()
	client := Core(tb).CoreV1().Namespaces()
	namespace, err := client.Create(tb.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-"},
	}, metav1.CreateOptions{})
	if err != nil {
		tb.Fatalf("create a namespace: %v", err)
	}
	// Pods are refused until then.
	Eventually(tb, 10*time.Second, func() error {
		_, err := Core(tb).CoreV1().ServiceAccounts(namespace.Name).Get(tb.Context(), "default", metav1.GetOptions{})
		return err
	})
	tb.Cleanup(func() {
		// The test's own context has ended.
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if tb.Failed() {
			describe(ctx, tb, namespace.Name)
		}
		if err := client.Delete(ctx, namespace.Name, metav1.DeleteOptions{}); err != nil {
			tb.Errorf("delete namespace %s: %v", namespace.Name, err)
		}
	})
	return namespace.Name
}

// Core returns an administrator's client for Kubernetes.
func Core(tb testing.TB) kubernetes.Interface {
	tb.Helper()
	client, err := kubernetes.NewForConfig(Get(tb).RESTConfig())
	if err != nil {
		tb.Fatalf("make a client: %v", err)
	}
	return client
}

// Virt returns an administrator's client for KubeVirt.
func Virt(tb testing.TB) kubevirtclient.Interface {
	tb.Helper()
	client, err := kubevirtclient.NewForConfig(Get(tb).RESTConfig())
	if err != nil {
		tb.Fatalf("make a client: %v", err)
	}
	return client
}

// describe logs what helps to understand a failed test.
func describe(ctx context.Context, tb testing.TB, namespace string) {
	tb.Helper()
	all := metav1.ListOptions{}
	if machines, err := Virt(tb).KubevirtV1().VirtualMachines(namespace).List(ctx, all); err == nil {
		for _, machine := range machines.Items {
			tb.Logf("machine %s: %s, conditions %+v", machine.Name, machine.Status.PrintableStatus, machine.Status.Conditions)
		}
	}
	if instances, err := Virt(tb).KubevirtV1().VirtualMachineInstances(namespace).List(ctx, all); err == nil {
		for _, instance := range instances.Items {
			tb.Logf("instance %s: %s on %q, conditions %+v, migration %+v", instance.Name, instance.Status.Phase,
				instance.Status.NodeName, instance.Status.Conditions, instance.Status.MigrationState)
		}
	}
	if pods, err := Core(tb).CoreV1().Pods(namespace).List(ctx, all); err == nil {
		for _, pod := range pods.Items {
			tb.Logf("pod %s: %s on %q, deleted %v", pod.Name, pod.Status.Phase, pod.Spec.NodeName, pod.DeletionTimestamp)
		}
	}
	if events, err := Core(tb).CoreV1().Events(namespace).List(ctx, all); err == nil {
		for _, event := range events.Items {
			tb.Logf("event %s %s: %s: %s", event.InvolvedObject.Kind, event.InvolvedObject.Name, event.Reason, event.Message)
		}
	}
}
