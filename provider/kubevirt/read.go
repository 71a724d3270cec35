package kubevirt

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
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

// live is a VM as it is on its cluster now, with what it was mapped from. instance is nil when there is none.
type live struct {
	vm       *domain.VM
	object   *kubevirtv1.VirtualMachine
	instance *kubevirtv1.VirtualMachineInstance
	// body is the object as the server sent it: object lacks the fields of a newer KubeVirt.
	body []byte
}

// unstructured returns the body as JSON values, for one who changes and applies it.
func (l live) unstructured() (map[string]any, error) {
	var object map[string]any
	if err := json.Unmarshal(l.body, &object); err != nil {
		return nil, domain.E(domain.CodeProtocolError, nil, err)
	}
	return object, nil
}

// read fetches a VM and its instance, at the same time.
func (p *Provider) read(ctx context.Context, c *cluster, ref domain.Ref) (live, error) {
	var (
		at          live
		instanceErr error
		wait        sync.WaitGroup
	)
	wait.Go(func() { at.instance, instanceErr = c.getInstance(ctx, ref) })
	body, err := c.getVM(ctx, ref)
	wait.Wait()
	if err != nil {
		return live{}, err
	}
	at.body = body
	return p.mapped(ref, at, instanceErr)
}

// mapped completes what was read. An instance that may not be read is no error: the VM says so in Read.InstanceUnread.
func (p *Provider) mapped(ref domain.Ref, at live, instanceErr error) (live, error) {
	at.object = new(kubevirtv1.VirtualMachine)
	if err := json.Unmarshal(at.body, at.object); err != nil {
		return live{}, domain.E(domain.CodeProtocolError, nil, err)
	}
	var err error
	m := p.mapper(ref.Cluster)
	switch domain.KindOf(instanceErr) {
	case "":
		at.vm, err = m.MapVM(at.object, at.instance)
	case domain.KindPermissionDenied:
		at.instance = nil
		at.vm, err = m.MapVMDegraded(at.object)
	default:
		return live{}, instanceErr
	}
	if err != nil {
		return live{}, err
	}
	if at.object.Kind != vmspec.ManifestKind || at.vm.Namespace != ref.Namespace || at.vm.Name != ref.Name {
		return live{}, domain.E(domain.CodeUnexpectedObject, nil, nil)
	}
	at.vm.Read.At = time.Now().UTC()
	return at, nil
}

func (c *cluster) getVM(ctx context.Context, ref domain.Ref) ([]byte, error) {
	var body []byte
	err := call{cluster: c, ref: ref}.do(ctx, func(ctx context.Context) (err error) {
		body, err = rawBody(c.set.KubevirtV1().RESTClient().Get().
			Namespace(ref.Namespace).Resource(onVM).Name(ref.Name).Do(ctx))
		return err
	})
	return body, err
}

// rawBody returns the bytes of an answer. Result.Raw alone does not read the server's status out of a refusal.
func rawBody(result rest.Result) ([]byte, error) {
	if err := result.Error(); err != nil {
		return nil, err
	}
	return result.Raw()
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
