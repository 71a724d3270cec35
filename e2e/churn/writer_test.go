package churn_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clientset "kubevirt.io/client-go/kubevirt/typed/core/v1"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

// pace is between two steps of a writer: a server that is busy with changes alone is restarted the more slowly.
const pace = 50 * time.Millisecond

// writer is one of those who change machines: as kubectl does, past the library. Each has names of its own, so that it
// learns of every machine that ever had one of them, whatever became of its requests.
type writer struct {
	api   clientset.VirtualMachineInterface
	names []string
	// every so many names is one whose machine may run.
	runs   int
	random *rand.Rand

	mu sync.Mutex
	// made are the UIDs of all machines that were there, done counts what succeeded.
	made map[string]bool
	done map[string]int
	// refused is the last error that is no fault of a server that restarts.
	refused error
}

func newWriter(tb testing.TB, namespace string, number, machines, runs int) *writer {
	w := &writer{
		api: harness.Virt(tb).KubevirtV1().VirtualMachines(namespace), runs: runs,
		random: rand.New(rand.NewPCG(1, uint64(number))), made: map[string]bool{}, done: map[string]int{}, //nolint:gosec // small; nobody guesses
	}
	for n := range machines {
		w.names = append(w.names, fmt.Sprintf("vm-%d-%03d", number, n))
	}
	return w
}

// fill makes every machine that is not there.
func (w *writer) fill(ctx context.Context) {
	for n := range w.names {
		for ctx.Err() == nil {
			there, err := w.read(ctx, n)
			if err == nil && there == nil {
				err = w.create(ctx, n)
			}
			if err == nil {
				break
			}
			w.failed(ctx, err)
			pause(ctx)
		}
	}
}

// churn changes one machine after the other until ctx ends.
func (w *writer) churn(ctx context.Context) {
	for ctx.Err() == nil {
		if err := w.step(ctx, w.random.IntN(len(w.names))); err != nil {
			w.failed(ctx, err)
		}
		pause(ctx)
	}
}

// step does something to one machine.
func (w *writer) step(ctx context.Context, n int) error {
	machine, err := w.read(ctx, n)
	switch {
	case err != nil:
		return err
	case machine == nil:
		return w.create(ctx, n)
	case machine.DeletionTimestamp != nil:
		return nil // on its way
	}
	switch dice := w.random.IntN(10); {
	case dice < 2:
		return w.delete(ctx, machine)
	case dice < 4:
		return w.anew(ctx, n, machine)
	case dice < 7 && n%w.runs == 0:
		return w.turn(ctx, machine)
	default:
		return w.label(ctx, machine)
	}
}

// read returns the machine of a name as it is, or nil.
func (w *writer) read(ctx context.Context, n int) (*kubevirtv1.VirtualMachine, error) {
	machine, err := w.api.Get(ctx, w.names[n], metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	w.learn(machine)
	return machine, nil
}

func (w *writer) learn(machine *kubevirtv1.VirtualMachine) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.made[string(machine.UID)] = true
}

func (w *writer) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done[what]++
}

func (w *writer) create(ctx context.Context, n int) error {
	machine := harness.Machine("", w.names[n], nil)
	machine.Labels = map[string]string{"churn.test/step": fmt.Sprint(w.random.IntN(1000))}
	machine.Spec.RunStrategy = new(kubevirtv1.RunStrategyHalted)
	if n%w.runs == 0 {
		machine.Spec.RunStrategy = new(kubevirtv1.RunStrategyAlways)
	}
	machine, err := w.api.Create(ctx, machine, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	w.learn(machine)
	w.count("created")
	return nil
}

func (w *writer) delete(ctx context.Context, machine *kubevirtv1.VirtualMachine) error {
	err := w.api.Delete(ctx, machine.Name, metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(machine.UID))})
	if err == nil {
		w.count("deleted")
	}
	return err
}

// anew deletes a machine and makes another one of its name as soon as that is free. It does not wait for long: the longer
// the more often the server was restarted, the controllers that free a name pause before they look at it again. Some
// other step comes back to the name.
func (w *writer) anew(ctx context.Context, n int, machine *kubevirtv1.VirtualMachine) error {
	if err := w.delete(ctx, machine); err != nil {
		return err
	}
	for range 20 {
		pause(ctx)
		there, err := w.read(ctx, n) // costs the server less than a creation, which webhooks see first
		if err != nil {
			return err
		}
		if there == nil {
			if err := w.create(ctx, n); err != nil {
				return err
			}
			w.count("made anew")
			return nil
		}
	}
	return nil
}

// turn starts a machine that is off, and stops one that is on.
func (w *writer) turn(ctx context.Context, machine *kubevirtv1.VirtualMachine) error {
	strategy := kubevirtv1.RunStrategyAlways
	if *machine.Spec.RunStrategy == strategy {
		strategy = kubevirtv1.RunStrategyHalted
	}
	return w.patch(ctx, machine, "turned", fmt.Sprintf(`{"spec":{"runStrategy":%q}}`, strategy))
}

func (w *writer) label(ctx context.Context, machine *kubevirtv1.VirtualMachine) error {
	return w.patch(ctx, machine, "labelled", fmt.Sprintf(`{"metadata":{"labels":{"churn.test/step":"%d"}}}`, w.random.IntN(1000)))
}

func (w *writer) patch(ctx context.Context, machine *kubevirtv1.VirtualMachine, what, body string) error {
	_, err := w.api.Patch(ctx, machine.Name, types.MergePatchType, []byte(body), metav1.PatchOptions{})
	if err == nil {
		w.count(what)
	}
	return err
}

// failed notes an error.
func (w *writer) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	w.count("failed")
	if apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) {
		w.mu.Lock()
		w.refused = err
		w.mu.Unlock()
	}
}

func pause(ctx context.Context) {
	timer := time.NewTimer(pace)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// steps is how much the writer has done.
func (w *writer) steps() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for what, times := range w.done {
		if what != "failed" {
			n += times
		}
	}
	return n
}
