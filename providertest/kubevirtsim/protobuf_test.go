package kubevirtsim

import (
	"context"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// TestClientGo: Kubernetes' own client sends its own types as protobuf.
func TestClientGo(t *testing.T) {
	s := newServer(t, Options{})
	client, err := kubernetes.NewForConfig(&rest.Config{Host: "http://kubevirtsim", Dial: s.Dial, ContentConfig: rest.ContentConfig{ContentType: protobufType}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, namespaces := context.Background(), client.CoreV1().Namespaces()
	if _, err := namespaces.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "team"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	made, err := namespaces.Get(ctx, "team", metav1.GetOptions{})
	if err != nil || made.Status.Phase != corev1.NamespaceActive || made.Labels[corev1.LabelMetadataName] != "team" {
		t.Errorf("%+v %v", made, err)
	}
	wrong := metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions("other")}
	if err := namespaces.Delete(ctx, "team", wrong); !apierrors.IsConflict(err) {
		t.Errorf("the options did not arrive: %v", err)
	}
	if err := namespaces.Delete(ctx, "team", metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
	review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "get", Resource: "nodes"}},
	}, metav1.CreateOptions{})
	if err != nil || !review.Status.Allowed {
		t.Errorf("%+v %v", review, err)
	}
	if nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{}); err != nil || len(nodes.Items) != 3 || nodes.Items[0].Status.Conditions[0].Type != corev1.NodeReady {
		t.Errorf("%+v %v", nodes, err)
	}
}

// TestProtobufRefused: a body that is none, and a kind that nobody serves.
func TestProtobufRefused(t *testing.T) {
	w := world{t, newServer(t, Options{})}
	w.must(400, "POST", "/api/v1/namespaces", "{}", "Content-Type", protobufType)
	w.must(400, "POST", "/api/v1/namespaces", protobufMagic+"\x0a\x09\x0a\x02v1\x12\x03Pod", "Content-Type", protobufType)
	w.must(400, "POST", "/api/v1/namespaces", protobufMagic+"\xff", "Content-Type", protobufType)
}
