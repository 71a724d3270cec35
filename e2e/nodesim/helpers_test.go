package nodesim_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	virtclient "kubevirt.io/client-go/kubevirt/typed/core/v1"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

func migrations(t *testing.T, namespace string) virtclient.VirtualMachineInstanceMigrationInterface {
	t.Helper()
	return harness.Virt(t).KubevirtV1().VirtualMachineInstanceMigrations(namespace)
}

func migrate(t *testing.T, namespace, name string) {
	t.Helper()
	_, err := migrations(t, namespace).Create(t.Context(), &kubevirtv1.VirtualMachineInstanceMigration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       kubevirtv1.VirtualMachineInstanceMigrationSpec{VMIName: "vm"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("create migration %s: %v", name, err)
	}
}

func waitMigration(t *testing.T, namespace, name string, phase kubevirtv1.VirtualMachineInstanceMigrationPhase) {
	t.Helper()
	harness.Eventually(t, 60*time.Second, func() error {
		migration, err := migrations(t, namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return want(migration.Status.Phase, phase)
	})
}
