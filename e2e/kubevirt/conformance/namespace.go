package conformance

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

// namespace makes a namespace on every cluster, and deletes it afterwards without waiting until it is gone. One that an
// earlier run has left is waited for.
func (p *plane) namespace(tb testing.TB, name string) {
	tb.Helper()
	api := p.core.CoreV1().Namespaces()
	for _, cluster := range clusters {
		place := namespaceOn(cluster, name)
		harness.Eventually(tb, time.Minute, func() error {
			_, err := api.Create(tb.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: place}}, metav1.CreateOptions{})
			return err
		})
	}
	for _, cluster := range clusters {
		place := namespaceOn(cluster, name)
		harness.Eventually(tb, 10*time.Second, func() error { // pods are refused until then
			_, err := p.core.CoreV1().ServiceAccounts(place).Get(tb.Context(), "default", metav1.GetOptions{})
			return err
		})
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second) // the test's own has ended
		defer cancel()
		for _, cluster := range clusters {
			if err := api.Delete(ctx, namespaceOn(cluster, name), metav1.DeleteOptions{}); err != nil {
				tb.Errorf("delete namespace %s: %v", name, err)
			}
		}
	})
}
