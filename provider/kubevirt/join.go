package kubevirt

import (
	"context"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
)

// joiner finds the instances of one page of VMs. Both lists come in the same order, so that a walk over all pages
// reads the instances along with the VMs: the cursor remembers the instance page in which the last one ended, and that
// page alone is read a second time. Labels of a VM do not select its instance, so the instances are read unselected.
type joiner struct {
	cluster *cluster
	scope   string
	limit   int64
	cursor  paging.Cursor
	// unread is set when instances may not be read.
	unread bool
}

// few VMs get their instances one by one: a page of instances would cost more.
const few = 8

type instances map[string]*kubevirtv1.VirtualMachineInstance

// keyOf is the server's order: the bytes of namespace + "/" + name.
func keyOf(object metav1.Object) string { return object.GetNamespace() + "/" + object.GetName() }

func (j *joiner) instancesOf(ctx context.Context, vms []kubevirtv1.VirtualMachine) (instances, error) {
	found := instances{}
	if len(vms) == 0 {
		return found, nil
	}
	var err error
	if len(vms) <= few {
		err = j.oneByOne(ctx, vms, found)
	} else {
		err = j.merge(ctx, vms, found)
	}
	if domain.KindOf(err) == domain.KindPermissionDenied {
		j.unread = true
		return instances{}, nil
	}
	return found, err
}

func (j *joiner) oneByOne(ctx context.Context, vms []kubevirtv1.VirtualMachine, found instances) error {
	var (
		wait sync.WaitGroup
		all  = make([]*kubevirtv1.VirtualMachineInstance, len(vms))
		errs = make([]error, len(vms))
	)
	for i := range vms {
		ref := domain.Ref{Cluster: j.cluster.name, Namespace: vms[i].Namespace, Name: vms[i].Name}
		wait.Go(func() { all[i], errs[i] = j.cluster.getInstance(ctx, ref) })
	}
	wait.Wait()
	for i := range vms {
		if errs[i] != nil {
			return errs[i]
		}
		if all[i] != nil {
			found[keyOf(&vms[i])] = all[i]
		}
	}
	return nil
}

// merge reads instance pages until it is past the last VM, or out of instances.
func (j *joiner) merge(ctx context.Context, vms []kubevirtv1.VirtualMachine, found instances) error {
	wanted := make(map[string]bool, len(vms))
	for i := range vms {
		wanted[keyOf(&vms[i])] = true
	}
	last := keyOf(&vms[len(vms)-1])
	for !j.cursor.JoinedDone {
		page, err := j.page(ctx)
		if err != nil {
			return err
		}
		for i := range page.Items {
			if key := keyOf(&page.Items[i]); wanted[key] {
				found[key] = &page.Items[i]
			}
		}
		if n := len(page.Items); n > 0 && keyOf(&page.Items[n-1]) > last {
			return nil // the rest of this page belongs to the next page of VMs, which reads it again
		}
		j.cursor.Joined, j.cursor.JoinedDone = page.Continue, page.Continue == ""
	}
	return nil
}

func (j *joiner) page(ctx context.Context) (*kubevirtv1.VirtualMachineInstanceList, error) {
	var page *kubevirtv1.VirtualMachineInstanceList
	c := call{cluster: j.cluster, ref: listRef(j.cluster.name, j.scope), limit: j.cluster.list}
	err := c.do(ctx, func(ctx context.Context) (err error) {
		page, err = j.cluster.set.KubevirtV1().VirtualMachineInstances(j.scope).List(ctx, metav1.ListOptions{
			Limit: j.limit, Continue: j.cursor.Joined,
		})
		return err
	})
	return page, err
}
