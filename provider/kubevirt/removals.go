package kubevirt

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/jsontree"
)

// removal is a key of a map that a change takes out although another manager owns it, or nobody. An apply that leaves
// it out would leave it there, and say nothing.
type removal struct {
	path    []string // of the map
	key     string
	manager string // empty when nobody owns it
}

// foreignRemovals finds the keys that a change removes and that an apply of ours would not.
func (p *Provider) foreignRemovals(object map[string]any, change domain.VMChange) []removal {
	var found []removal
	for _, edit := range []struct {
		edits map[string]*string
		path  []string
	}{
		{change.Labels, []string{"metadata", "labels"}},
		{change.Annotations, []string{"metadata", "annotations"}},
		{change.GuestLabels, []string{"spec", "template", "metadata", "labels"}},
		{change.NodeSelector, []string{"spec", "template", "spec", "nodeSelector"}},
	} {
		there, _ := jsontree.At(object, edit.path...).(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(edit.edits)) {
			if _, exists := there[key]; edit.edits[key] != nil || !exists {
				continue
			}
			ours, others := p.ownersOf(object, edit.path, key)
			if len(others) > 0 {
				found = append(found, removal{edit.path, key, others[0]})
			} else if !ours {
				found = append(found, removal{edit.path, key, ""})
			}
		}
	}
	return found
}

// ownersOf reads from metadata.managedFields who owns a key of a map: we by our applies, and others.
func (p *Provider) ownersOf(object map[string]any, path []string, key string) (ours bool, others []string) {
	entries, _ := jsontree.At(object, "metadata", "managedFields").([]any)
	for _, e := range entries {
		entry, _ := e.(map[string]any)
		fields := []string{"fieldsV1"}
		for _, name := range append(path[:len(path):len(path)], key) {
			fields = append(fields, "f:"+name)
		}
		if jsontree.At(entry, fields...) == nil {
			continue
		}
		manager, _ := entry["manager"].(string)
		if manager == p.manager && entry["operation"] == "Apply" {
			ours = true
		} else {
			others = append(others, manager)
		}
	}
	return ours, others
}

// conflictOf refuses removals of what others own.
func conflictOf(removals []removal) error {
	e := &domain.Error{Code: domain.CodeFieldConflict}
	for _, r := range removals {
		field := strings.Join(r.path, ".") + "." + r.key // as the server names it in its own conflicts
		e.Fields = append(e.Fields, domain.FieldError{Field: field, Reason: domain.FieldOwned, Manager: r.manager})
	}
	e.Params = domain.Params{domain.ParamField: e.Fields[0].Field, domain.ParamManager: e.Fields[0].Manager}
	return e
}

// takeAway removes keys whoever owns them, under the revision and uid that were read, and returns the VM without them.
func (p *Provider) takeAway(ctx context.Context, c *cluster, ref domain.Ref, at live, removals []removal) (live, error) {
	body := map[string]any{"metadata": map[string]any{"uid": at.vm.UID, "resourceVersion": at.vm.Revision}}
	for _, r := range removals {
		jsontree.Make(body, r.path...)[r.key] = nil
	}
	data, err := json.Marshal(body)
	if err != nil {
		return live{}, domain.E(domain.CodeInternal, nil, err)
	}
	var after live
	err = call{cluster: c, ref: ref, write: true, spec: true}.do(ctx, func(ctx context.Context) (err error) {
		after.body, err = rawBody(c.set.KubevirtV1().RESTClient().Patch(types.MergePatchType).
			Namespace(ref.Namespace).Resource(onVM).Name(ref.Name).
			SpecificallyVersionedParams(&metav1.PatchOptions{FieldManager: p.manager}, metav1.ParameterCodec, metav1.SchemeGroupVersion).
			Body(data).Do(ctx))
		return err
	})
	if err != nil {
		return live{}, err
	}
	after, err = p.mapped(ref, after, nil)
	return after, afterwards(err)
}
