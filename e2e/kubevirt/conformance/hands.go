package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/nodesim"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
	"github.com/kv-shepherd/shepherd-go/providertest"
)

// hands are those of one check.
type hands struct {
	*plane
	tb    testing.TB
	maker *kubevirt.Provider
	wire  *wire
	// knobs are those in force.
	knobs map[domain.Ref]providertest.Knobs
}

func newHands(tb testing.TB, p *plane, maker *kubevirt.Provider, w *wire) *hands {
	return &hands{plane: p, tb: tb, maker: maker, wire: w, knobs: map[domain.Ref]providertest.Knobs{}}
}

func (h *hands) put(ctx context.Context, cluster, namespace string, spec domain.VMSpec, knobs providertest.Knobs) error {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: spec.Name}
	annotations := annotationsOf(knobs)
	for key, value := range annotations {
		if value == nil {
			continue
		}
		if spec.Annotations = maps.Clone(spec.Annotations); spec.Annotations == nil {
			spec.Annotations = map[string]string{}
		}
		spec.Annotations[key] = *value
	}
	if err := born(&spec, knobs); err != nil {
		return err
	}
	if err := h.before(ctx, ref, providertest.Knobs{}, knobs); err != nil {
		return err
	}
	if _, err := h.maker.CreateVM(ctx, cluster, namespace, spec, provider.CreateOptions{}); err != nil {
		return err
	}
	h.knobs[ref] = knobs
	return h.after(ctx, ref, providertest.Knobs{}, knobs)
}

func (h *hands) turn(ctx context.Context, ref domain.Ref, knobs providertest.Knobs) error {
	ref.UID = ""
	was := h.knobs[ref]
	h.knobs[ref] = knobs
	if was.NoACPI != knobs.NoACPI || was.LivenessProbe != knobs.LivenessProbe || !was.MissingClaim && knobs.MissingClaim ||
		!was.VolumesUnbound && knobs.VolumesUnbound {
		return errors.New("a machine is made with these knobs, or without")
	}
	if err := h.before(ctx, ref, was, knobs); err != nil {
		return err
	}
	if err := h.patchVM(ctx, ref, "knobs", map[string]any{"metadata": map[string]any{"annotations": annotationsOf(knobs)}}); err != nil {
		return err
	}
	return h.after(ctx, ref, was, knobs)
}

// patchVM changes a VM as another field manager.
func (h *hands) patchVM(ctx context.Context, ref domain.Ref, manager string, patch any, subresources ...string) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = h.virt.KubevirtV1().VirtualMachines(namespaceOn(ref.Cluster, ref.Namespace)).
		Patch(ctx, ref.Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: manager}, subresources...)
	return err
}

// happen asks the simulated node, by the instance: the next one is not concerned.
func (h *hands) happen(ctx context.Context, ref domain.Ref, incident providertest.Incident) error {
	knob, ok := map[providertest.Incident]string{
		providertest.GuestShutdown: nodesim.KnobShutdown,
		providertest.GuestCrash:    nodesim.KnobCrash,
		providertest.IOError:       nodesim.KnobIOError,
	}[incident]
	if !ok {
		return fmt.Errorf("no incident %q", incident)
	}
	body := fmt.Sprintf(`{"metadata":{"annotations":{%q:"true"}}}`, knob)
	_, err := h.virt.KubevirtV1().VirtualMachineInstances(namespaceOn(ref.Cluster, ref.Namespace)).
		Patch(ctx, ref.Name, types.MergePatchType, []byte(body), metav1.PatchOptions{})
	return err
}
