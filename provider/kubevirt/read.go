package kubevirt

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// GetVM implements provider.VMReader.
func (p *Provider) GetVM(ctx context.Context, cluster, namespace, name string) (*domain.VM, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
	vm, err := onMember(ctx, p, ref, p.get)
	return vm, args.Error(provider.OpGetVM, ref, err)
}

func (p *Provider) get(ctx context.Context, c *cluster, ref domain.Ref) (*domain.VM, error) {
	at, err := p.read(ctx, c, ref)
	return at.vm, err
}

// onMember checks the names of a call on one object, and runs it while its cluster is held.
func onMember[T any](ctx context.Context, p *Provider, ref domain.Ref, f func(context.Context, *cluster, domain.Ref) (T, error)) (T, error) {
	var none T
	if err := args.Object(ctx, ref.Cluster, ref.Namespace, ref.Name); err != nil {
		return none, err
	}
	c, err := p.clusters.get(ref.Cluster)
	if err != nil {
		return none, err
	}
	defer c.release()
	return f(ctx, c, ref)
}

// live is a VM as it is on its cluster now, with the objects it was mapped from. instance is nil when there is none.
type live struct {
	vm       *domain.VM
	object   *kubevirtv1.VirtualMachine
	instance *kubevirtv1.VirtualMachineInstance
}

// read fetches a VM and its instance, at the same time. An instance that may not be read is not an error: the VM says
// so in Read.InstanceUnread.
func (p *Provider) read(ctx context.Context, c *cluster, ref domain.Ref) (live, error) {
	var (
		found       live
		instanceErr error
		wait        sync.WaitGroup
	)
	wait.Go(func() { found.instance, instanceErr = c.getInstance(ctx, ref) })
	object, err := c.getVM(ctx, ref)
	wait.Wait()
	if err != nil {
		return live{}, err
	}
	found.object = object

	m := p.mapper(ref.Cluster)
	switch domain.KindOf(instanceErr) {
	case "":
		found.vm, err = m.MapVM(found.object, found.instance)
	case domain.KindPermissionDenied:
		found.instance = nil
		found.vm, err = m.MapVMDegraded(found.object)
	default:
		return live{}, instanceErr
	}
	if err != nil {
		return live{}, err
	}
	if found.vm.Namespace != ref.Namespace || found.vm.Name != ref.Name {
		return live{}, domain.E(domain.CodeUnexpectedObject, nil, nil)
	}
	found.vm.Read.At = time.Now().UTC()
	return found, nil
}

func (c *cluster) getVM(ctx context.Context, ref domain.Ref) (*kubevirtv1.VirtualMachine, error) {
	var vm *kubevirtv1.VirtualMachine
	err := call{cluster: c, ref: ref}.do(ctx, func(ctx context.Context) (err error) {
		vm, err = c.set.KubevirtV1().VirtualMachines(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		return err
	})
	return vm, err
}

// getInstance returns nil and no error when there is none.
func (c *cluster) getInstance(ctx context.Context, ref domain.Ref) (*kubevirtv1.VirtualMachineInstance, error) {
	var vmi *kubevirtv1.VirtualMachineInstance
	err := call{cluster: c, ref: ref}.do(ctx, func(ctx context.Context) (err error) {
		vmi, err = c.set.KubevirtV1().VirtualMachineInstances(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		return err
	})
	if domain.CodeOf(err) == domain.CodeVMNotRunning { // what a missing instance means to any verb
		return nil, nil
	}
	return vmi, err
}
