package rest

import (
	"errors"
	"fmt"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

func (c *call) listOrWatch() error {
	opts, err := c.listOptions()
	if err != nil {
		return err
	}
	if opts.Watch {
		return c.watch(opts)
	}
	p, err := c.page(opts)
	if err != nil {
		return err
	}
	return c.writeList(p)
}

// page is one page of a list.
type page struct {
	items    []*store.Object
	metadata metav1.ListMeta
}

// page selects the objects of a list, in the server's order.
func (c *call) page(opts *internalversion.ListOptions) (page, error) {
	snapshot, start, err := c.listed(opts)
	if err != nil {
		return page{}, err
	}
	if opts.Continue == "" && opts.ResourceVersion == "0" || opts.Limit < 0 {
		opts.Limit = 0 // served from the watch cache, which has everything (computeListLimit, storage/cacher/cacher.go)
	}
	prefix, wanted := c.res.prefix(c.namespace), c.wanted(opts)
	var p page
	more := false
	for o := range snapshot.Range(prefix, prefix+start) {
		if opts.Limit > 0 && int64(len(p.items)) == opts.Limit {
			more = true
			break
		}
		if wanted == nil || wanted(o) {
			p.items = append(p.items, o)
		}
	}
	p.metadata.ResourceVersion = strconv.FormatUint(snapshot.Revision, 10)
	if more {
		last := p.items[len(p.items)-1].Key
		p.metadata.Continue = token{Revision: int64(snapshot.Revision), Start: last[len(prefix):] + "\x00"}.encode()
		if wanted == nil {
			remaining := int64(snapshot.Count(prefix, prefix+start)) - int64(len(p.items))
			p.metadata.RemainingItemCount = &remaining
		}
		snapshot.Pin()
	}
	return p, nil
}

// listed is the state that a list shows, and where in it the page begins (ValidateListOptions, apiserver v0.34
// storage/interfaces.go).
func (c *call) listed(opts *internalversion.ListOptions) (s store.Snapshot, start string, err error) {
	table := c.table(c.res)
	if opts.Continue != "" {
		return c.continued(table, opts)
	}
	asked, err := parseRevision(opts.ResourceVersion)
	if err != nil {
		return s, "", apierrors.NewBadRequest(fmt.Sprintf("invalid resource version: %v", err))
	}
	exact := opts.ResourceVersionMatch == metav1.ResourceVersionMatchExact ||
		opts.ResourceVersionMatch == "" && opts.Limit > 0 && asked > 0
	if !exact {
		s = table.Now()
		if asked > s.Revision {
			return s, "", tooLarge(&store.FutureError{Asked: asked, Current: s.Revision})
		}
		return s, "", nil
	}
	s, err = table.At(asked)
	if future, ok := errors.AsType[*store.FutureError](err); ok {
		return s, "", tooLarge(future)
	}
	if err != nil {
		return s, "", apierrors.NewResourceExpired(textExpired)
	}
	return s, "", nil
}

// continued is the state that a token goes on with.
func (c *call) continued(table *store.Table, opts *internalversion.ListOptions) (s store.Snapshot, start string, err error) {
	t, err := decodeToken(opts.Continue)
	if err != nil {
		return s, "", apierrors.NewBadRequest(fmt.Sprintf("invalid continue token: %v", err))
	}
	if opts.ResourceVersion != "" && opts.ResourceVersion != "0" {
		return s, "", apierrors.NewBadRequest("specifying resource version is not allowed when using continue")
	}
	if t.Revision < 0 {
		return table.Now(), t.Start, nil
	}
	s, err = table.At(uint64(t.Revision))
	if future, ok := errors.AsType[*store.FutureError](err); ok {
		return s, "", tooLarge(future)
	}
	if err != nil {
		return s, "", c.expiredToken(t)
	}
	return s, t.Start, nil
}

// expiredToken is a 410 that has a token for the rest, as it is now.
func (c *call) expiredToken(t token) error {
	if c.options.NoInconsistentContinue {
		return apierrors.NewResourceExpired(textExpiredContinue)
	}
	err := apierrors.NewResourceExpired(textInconsistentContinue)
	err.ErrStatus.Continue = token{Revision: -1, Start: t.Start}.encode()
	return err
}
