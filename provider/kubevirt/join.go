package kubevirt

import (
	"context"
	"errors"
	"maps"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// joiner finds the instances of one page of VMs. Both lists come in the same order, so that a walk over all pages
// reads the instances along with the VMs: the cursor remembers the instance page in which the last one ended, and that
// page alone is read a second time. Labels of a VM do not select its instance, so the instances are read unselected.
type joiner struct {
	cluster *cluster
	scope   string
	limit   int64
	cursor  paging.Cursor
	// selected says that the VMs are a selection, whose instances may lie far apart.
	selected bool
	// unread is set when instances may not be read.
	unread bool
	found  map[string]*kubevirtv1.VirtualMachineInstance
	bad    map[string]error // instances that cannot be decoded
}

// Up to this many VMs get their instances one by one, as a page of instances would cost more; of a selection more,
// since it may take many pages to find them. parallel of these reads go at the same time.
const (
	few         = 8
	fewSelected = 100
	parallel    = 8
)

// keyOf is the server's order: the bytes of namespace + "/" + name.
func keyOf(object metav1.Object) string { return object.GetNamespace() + "/" + object.GetName() }

// read finds the instances of a page of VMs.
func (j *joiner) read(ctx context.Context, vms []kubevirtv1.VirtualMachine) error {
	j.found, j.bad = map[string]*kubevirtv1.VirtualMachineInstance{}, map[string]error{}
	var err error
	switch {
	case len(vms) == 0:
		return nil
	case len(vms) <= few || j.selected && len(vms) <= fewSelected:
		err = j.oneByOne(ctx, vms)
	default:
		err = j.merge(ctx, vms)
	}
	if domain.KindOf(err) == domain.KindPermissionDenied {
		j.unread = true
		return nil
	}
	return err
}

// mapItem maps one VM of the page, with its instance.
func (j *joiner) mapItem(m *mapper.Mapper, vm *kubevirtv1.VirtualMachine) (*domain.VM, error) {
	if j.scope != metav1.NamespaceAll && vm.Namespace != j.scope {
		return nil, domain.E(domain.CodeUnexpectedObject, nil, nil)
	}
	if j.unread {
		return m.MapVMDegraded(vm)
	}
	if err := j.bad[keyOf(vm)]; err != nil {
		return nil, err
	}
	return m.MapVM(vm, j.found[keyOf(vm)])
}

func (j *joiner) oneByOne(ctx context.Context, vms []kubevirtv1.VirtualMachine) error {
	var (
		wait  sync.WaitGroup
		all   = make([]*kubevirtv1.VirtualMachineInstance, len(vms))
		errs  = make([]error, len(vms))
		slots = make(chan struct{}, parallel)
	)
	for i := range vms {
		ref := domain.Ref{Cluster: j.cluster.name, Namespace: vms[i].Namespace, Name: vms[i].Name}
		if ref.Name == "" || ref.Namespace == "" {
			continue // the mapper says what is wrong with it
		}
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			all[i], errs[i] = j.cluster.getInstance(ctx, ref)
		})
	}
	wait.Wait()
	for i := range vms {
		if errs[i] != nil {
			return ofTheList(errs[i])
		}
		if all[i] != nil {
			j.found[keyOf(&vms[i])] = all[i]
		}
	}
	return nil
}

// ofTheList takes the one VM's name out of an error of a whole list.
func ofTheList(err error) error {
	e, ok := errors.AsType[*domain.Error](err)
	if !ok {
		return err
	}
	general := *e
	general.Params = maps.Clone(e.Params)
	delete(general.Params, domain.ParamName)
	return &general
}

// merge reads instance pages until it is past the last VM, or out of instances.
func (j *joiner) merge(ctx context.Context, vms []kubevirtv1.VirtualMachine) error {
	wanted := make(map[string]bool, len(vms))
	for i := range vms {
		wanted[keyOf(&vms[i])] = true
	}
	last := keyOf(&vms[len(vms)-1])
	limit := j.limit
	if j.selected {
		limit = provider.MaxLimit
	}
	for !j.cursor.JoinedDone {
		page, err := pageOf[kubevirtv1.VirtualMachineInstance](ctx, j.cluster, onInstance, j.scope,
			metav1.ListOptions{Limit: limit, Continue: j.cursor.Joined})
		if err != nil {
			return err
		}
		for i := range page.Items {
			key := keyOf(&page.Items[i])
			if !wanted[key] {
				continue
			}
			if j.found[key] = &page.Items[i]; page.bad[i] != nil {
				j.bad[key] = page.bad[i]
			}
		}
		if n := len(page.Items); n > 0 && keyOf(&page.Items[n-1]) > last {
			return nil // the rest of this page belongs to the next page of VMs, which reads it again
		}
		j.cursor.Joined, j.cursor.JoinedDone = page.Continue, page.Continue == ""
	}
	return nil
}
