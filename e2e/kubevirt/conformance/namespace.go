package conformance

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

// namespace makes a namespace on every cluster. That of the first is deleted afterwards, without waiting until it is
// gone; the second's stays, since most checks never use it, and to empty a namespace means to list every resource there
// is. What an earlier run has left is cleared away first.
func (p *plane) namespace(tb testing.TB, name string) {
	tb.Helper()
	api := p.core.CoreV1().Namespaces()
	for _, cluster := range clusters {
		place := namespaceOn(cluster, name)
		harness.Eventually(tb, 2*time.Minute, func() error {
			_, err := api.Create(tb.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: place}}, metav1.CreateOptions{})
			if apierrors.IsAlreadyExists(err) {
				_ = api.Delete(tb.Context(), place, metav1.DeleteOptions{})
			}
			return err
		})
	}
	harness.Eventually(tb, time.Minute, func() error { // pods are refused until then
		_, err := p.core.CoreV1().ServiceAccounts(namespaceOn(first, name)).Get(tb.Context(), "default", metav1.GetOptions{})
		return err
	})
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second) // the test's own has ended
		defer cancel()
		if err := api.Delete(ctx, namespaceOn(first, name), metav1.DeleteOptions{}); err != nil {
			tb.Errorf("delete namespace %s: %v", name, err)
		}
	})
}
