package kubevirt_test

import (
	"net/http"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
)

// user makes a user with these rules in a namespace and returns a config that acts as that user.
func user(t *testing.T, namespace, name string, rules ...rbacv1.PolicyRule) *rest.Config {
	t.Helper()
	api := harness.Core(t).RbacV1()
	_, err := api.Roles(namespace).Create(t.Context(), &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}, metav1.CreateOptions{})
	setup.Must(t, "make a role", err)
	_, err = api.RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name + "." + namespace}},
	}, metav1.CreateOptions{})
	setup.Must(t, "make a role binding", err)
	config := rest.CopyConfig(harness.Get(t).RESTConfig())
	config.Impersonate = rest.ImpersonationConfig{UserName: name + "." + namespace}
	return config
}

func rule(group, resource string, verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs}
}

// TestNoRightToInstances: what depends on the instance is unknown then, and said to be; nothing is denied.
func TestNoRightToInstances(t *testing.T) {
	t.Parallel()
	admin := setup.New(t, harness.Namespace(t))
	vm := admin.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	for _, name := range []string{"b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		admin.Create(t, setup.Spec(name, domain.RunStrategyHalted))
	}
	site := setup.With(t, admin.Namespace, user(t, admin.Namespace, "reader", rule("kubevirt.io", "virtualmachines", "get", "list")), kubevirt.Options{})
	var got *domain.VM
	harness.Eventually(t, 30*time.Second, func() error { // until the API server knows of the role
		var err error
		got, err = site.GetVM(t.Context(), setup.Cluster, site.Namespace, vm.Name)
		return err
	})
	degraded := func(what string, vm *domain.VM) {
		t.Helper()
		setup.Diff(t, what+": instance unread", true, vm.Read.InstanceUnread)
		setup.Diff(t, what+": node", "", vm.Node)
		setup.Diff(t, what+": address", "", vm.PrimaryIP)
		setup.Diff(t, what+": status, as the VM itself has it", domain.StatusRunning, vm.Status)
	}
	degraded("get", got)
	for _, limit := range []int{3, 100} { // instances one by one, and by their list
		seen := false
		for item, err := range provider.VMs(t.Context(), site, setup.Cluster, site.Namespace, provider.ListOptions{Limit: limit}) {
			setup.Must(t, "list", err)
			setup.Diff(t, "list: instance unread of "+item.Name, true, item.Read.InstanceUnread)
			if item.Name == vm.Name {
				seen = true
				degraded("list", item)
			}
		}
		setup.Diff(t, "the VM is in the list", true, seen)
	}
	setup.Code(t, "start", domain.CodeVMAlreadyRunning, do(t.Context(), &setup.VM{Site: site, Name: vm.Name}, "start"))
	for _, verb := range []string{"stop", "restart", "pause"} {
		setup.Code(t, verb, domain.CodePermissionDenied, do(t.Context(), &setup.VM{Site: site, Name: vm.Name}, verb))
	}
}

func TestNoRights(t *testing.T) {
	t.Parallel()
	admin := setup.New(t, harness.Namespace(t))
	admin.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	config := rest.CopyConfig(harness.Get(t).RESTConfig())
	config.Impersonate = rest.ImpersonationConfig{UserName: "nobody"}
	site := setup.With(t, admin.Namespace, config, kubevirt.Options{})
	vm := &setup.VM{Site: site, Name: "vm"}
	_, err := site.GetVM(t.Context(), setup.Cluster, site.Namespace, "vm")
	setup.Code(t, "get", domain.CodePermissionDenied, err)
	_, err = site.ListVMs(t.Context(), setup.Cluster, site.Namespace, provider.ListOptions{})
	setup.Code(t, "list", domain.CodePermissionDenied, err)
	_, err = site.ListVMs(t.Context(), setup.Cluster, provider.AllNamespaces, provider.ListOptions{})
	setup.Code(t, "list of all namespaces", domain.CodePermissionDenied, err)
	_, err = site.CreateVM(t.Context(), setup.Cluster, site.Namespace, setup.Spec("new", domain.RunStrategyHalted), provider.CreateOptions{})
	setup.Code(t, "create", domain.CodePermissionDenied, err)
	_, _, err = update(t, vm, label("a", "1"))
	setup.Code(t, "update", domain.CodePermissionDenied, err)
	setup.Code(t, "delete", domain.CodePermissionDenied, site.DeleteVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.DeleteOptions{}))
	for _, v := range powerVerbs {
		setup.Code(t, v.name, domain.CodePermissionDenied, v.call(t.Context(), site, "vm", "", false))
	}
	_, err = site.ListInstanceTypes(t.Context(), setup.Cluster, site.Namespace, provider.ListOptions{})
	setup.Code(t, "list instance types", domain.CodePermissionDenied, err)
	_, err = site.GetPreference(t.Context(), setup.Cluster, site.Namespace, "any")
	setup.Code(t, "get a preference", domain.CodePermissionDenied, err)
	_, err = site.GetPreference(t.Context(), setup.Cluster, provider.ClusterScope, "any")
	setup.Code(t, "get a preference of the cluster, which KubeVirt lets everybody read", domain.CodePreferenceNotFound, err)
	_, err = site.ListMigrations(t.Context(), setup.Cluster, site.Namespace, "vm", provider.ListOptions{})
	setup.Code(t, "list migrations", domain.CodePermissionDenied, err)
}

// TestSecondAuthoriser: virt-api authorises the whole path again, of which the API server looks at the first part only,
// and refuses with an empty 401. The provider has no verb of two parts, so its answer is replayed to one of one part.
func TestSecondAuthoriser(t *testing.T) {
	t.Parallel()
	admin := setup.New(t, harness.Namespace(t))
	vm := admin.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	config := user(t, admin.Namespace, "half",
		rule("subresources.kubevirt.io", "virtualmachines/evacuate", "*"), rule("subresources.kubevirt.io", "virtualmachineinstances/evacuate", "*"))
	var refusal answer
	harness.Eventually(t, 30*time.Second, func() error {
		refusal = rawAnswer(t, config, http.MethodPut, subresourcePath(vm.Namespace, "virtualmachines", vm.Name, "evacuate/cancel"), "{}")
		if refusal.status == http.StatusForbidden {
			return refusal // the API server does not know of the role yet
		}
		return nil
	})
	setup.Diff(t, "status of the refusal", http.StatusUnauthorized, refusal.status)
	setup.Diff(t, "body of the refusal", "", string(refusal.body))
	replayed(t, vm, refusal, domain.CodePermissionDenied, nil)
}

// TestRightToOneVerb: a user who may start and nothing else.
func TestRightToOneVerb(t *testing.T) {
	t.Parallel()
	admin := setup.New(t, harness.Namespace(t))
	vm := admin.Stopped(t, setup.Spec("vm", domain.RunStrategyHalted))
	site := setup.With(t, admin.Namespace, user(t, admin.Namespace, "starter",
		rule("kubevirt.io", "virtualmachines", "get"), rule("kubevirt.io", "virtualmachineinstances", "get"),
		rule("subresources.kubevirt.io", "virtualmachines/start", "update")), kubevirt.Options{})
	theirs := &setup.VM{Site: site, Name: vm.Name}
	harness.Eventually(t, 30*time.Second, func() error { return do(t.Context(), theirs, "start") })
	vm.WaitRunning(t)
	for _, verb := range []string{"stop", "restart", "pause", "soft reboot", "reset", "migrate"} {
		setup.Code(t, verb, domain.CodePermissionDenied, do(t.Context(), theirs, verb))
	}
	setup.Diff(t, "status", domain.StatusRunning, vm.Get(t).Status)
}
