package kubevirt

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// objectPage is one page of a server's list. An item that cannot be decoded hides no other: its error stands in bad, by
// its index, and the item has its name if that could be read.
type objectPage[T any] struct {
	metav1.ListMeta
	Items []T
	bad   map[int]error
}

// pageOf lists one page of VMs or instances.
func pageOf[T any](ctx context.Context, c *cluster, resource, scope string, opts metav1.ListOptions) (objectPage[T], error) {
	var page objectPage[T]
	request := call{cluster: c, ref: listRef(c.name, scope), limit: c.list, token: opts.Continue != ""}
	err := request.do(ctx, func(ctx context.Context) error {
		body, err := rawBody(c.set.KubevirtV1().RESTClient().Get().
			Namespace(scope).Resource(resource).
			SpecificallyVersionedParams(&opts, metav1.ParameterCodec, metav1.SchemeGroupVersion).Do(ctx))
		if err != nil {
			return err
		}
		if err := isKind(body, listKinds[resource]); err != nil {
			return err
		}
		page, err = decodePage[T](body)
		return err
	})
	return page, err
}

var listKinds = map[string]string{onVM: "VirtualMachineList", onInstance: "VirtualMachineInstanceList"}

// isKind refuses an answer that is not what the API promises: a login page, an empty object.
func isKind(body []byte, kinds ...string) error {
	var object struct{ metav1.TypeMeta }
	if err := json.Unmarshal(body, &object); err != nil {
		return domain.E(domain.CodeProtocolError, nil, err)
	}
	if slices.Contains(kinds, object.Kind) {
		return nil
	}
	return domain.E(domain.CodeUnexpectedObject, nil, nil)
}

func decodePage[T any](body []byte) (objectPage[T], error) {
	var raw struct {
		Metadata metav1.ListMeta `json:"metadata"`
		Items    []rawItem       `json:"items"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return objectPage[T]{}, domain.E(domain.CodeProtocolError, nil, err)
	}
	page := objectPage[T]{ListMeta: raw.Metadata, Items: make([]T, len(raw.Items)), bad: map[int]error{}}
	for i, item := range raw.Items {
		err := json.Unmarshal(item, &page.Items[i])
		if err == nil {
			continue
		}
		page.bad[i] = domain.E(domain.CodeIncompatibleSchema, nil, err)
		var named struct {
			Metadata struct {
				Name      string `json:"name"`
				Namespace string `json:"namespace"`
			} `json:"metadata"`
		}
		if object, ok := any(&page.Items[i]).(metav1.Object); ok && json.Unmarshal(item, &named) == nil {
			object.SetName(named.Metadata.Name)
			object.SetNamespace(named.Metadata.Namespace)
		}
	}
	return page, nil
}

// rawItem keeps the bytes of an item.
type rawItem []byte

// UnmarshalJSON keeps a copy: the decoder owns what it hands over.
func (r *rawItem) UnmarshalJSON(data []byte) error {
	*r = append((*r)[:0], data...)
	return nil
}
