package nodesim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	virtclient "kubevirt.io/client-go/kubevirt/typed/core/v1"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

// TestGuest asks a running guest what virt-handler would be asked.
func TestGuest(t *testing.T) {
	t.Parallel()
	namespace := running(t, nil)
	text, err := harness.Virt(t).KubevirtV1().RESTClient().Get().
		AbsPath("/apis/subresources.kubevirt.io/v1/namespaces", namespace, "virtualmachineinstances/vm/guestosinfo").
		Do(t.Context()).Raw()
	if err != nil {
		t.Fatal(err)
	}
	var info kubevirtv1.VirtualMachineInstanceGuestAgentInfo
	if err := json.Unmarshal(text, &info); err != nil || info.Hostname != "vm" || info.OS.ID == "" {
		t.Errorf("guest information %s, %v", text, err)
	}
	instance := currentInstance(t, namespace)
	if len(instance.Status.Interfaces) != 1 || instance.Status.Interfaces[0].IP == "" {
		t.Errorf("interfaces %+v", instance.Status.Interfaces)
	}
	if memory := instance.Status.Memory; memory == nil || memory.GuestCurrent.String() != "128Mi" {
		t.Errorf("memory %+v", memory)
	}
}

// TestConsole talks through virt-api to the echo at the other end.
func TestConsole(t *testing.T) {
	t.Parallel()
	namespace := running(t, nil)
	stream, err := virtclient.AsyncSubresourceHelper(harness.Get(t).RESTConfig(),
		"virtualmachineinstances", namespace, "vm", "console", url.Values{})
	if err != nil {
		t.Fatal(err)
	}
	connection := stream.AsConn()
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Write([]byte("hello\n")); err != nil {
		t.Fatal(err)
	}
	var seen []byte
	for chunk := make([]byte, 256); !bytes.Contains(seen, []byte("hello")); {
		count, err := connection.Read(chunk)
		seen = append(seen, chunk[:count]...)
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("read: %v after %q", err, seen)
		}
	}
	if !bytes.Contains(seen, []byte("vm login:")) {
		t.Errorf("console shows %q", seen)
	}
}

// TestHotplug adds a claim to a running machine and takes it away.
func TestHotplug(t *testing.T) {
	t.Parallel()
	namespace := running(t, nil)
	_, err := harness.Core(t).CoreV1().PersistentVolumeClaims(namespace).Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "extra"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	body := `{"name":"extra","disk":{"name":"extra","disk":{"bus":"scsi"}},"volumeSource":{"persistentVolumeClaim":{"claimName":"extra","hotpluggable":true}}}`
	if err := tryPut(t, namespace, "virtualmachines", "addvolume", body); err != nil {
		t.Fatalf("addvolume: %v", err)
	}
	extra := func(instance *kubevirtv1.VirtualMachineInstance) *kubevirtv1.VolumeStatus {
		for n := range instance.Status.VolumeStatus {
			if instance.Status.VolumeStatus[n].Name == "extra" {
				return &instance.Status.VolumeStatus[n]
			}
		}
		return nil
	}
	waitInstance(t, namespace, func(instance *kubevirtv1.VirtualMachineInstance) error {
		if status := extra(instance); status == nil || status.Phase != kubevirtv1.VolumeReady || status.Target == "" {
			return fmt.Errorf("volume %+v", status)
		}
		return nil
	})
	if err := tryPut(t, namespace, "virtualmachines", "removevolume", `{"name":"extra"}`); err != nil {
		t.Fatalf("removevolume: %v", err)
	}
	waitInstance(t, namespace, func(instance *kubevirtv1.VirtualMachineInstance) error {
		if status := extra(instance); status != nil {
			return fmt.Errorf("volume %+v", status)
		}
		return nil
	})
}
