package rest

import (
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// get answers with one object. A resourceVersion asks for a state that is not older; any that has been reached will do,
// as the present state is no older.
func (c *call) get() error {
	asked, err := parseRevision(c.r.URL.Query().Get("resourceVersion"))
	if err != nil {
		return err
	}
	now := c.table(c.res).Now()
	if asked > now.Revision {
		return tooLarge(&store.FutureError{Asked: asked, Current: now.Revision})
	}
	o := now.Get(c.key())
	if o == nil {
		return apierrors.NewNotFound(c.res.groupResource(), c.name)
	}
	return c.answerStored(http.StatusOK, o)
}

// answerStored writes an object of the store.
func (c *call) answerStored(code int, o *store.Object) error {
	body, err := c.res.inVersion(o.JSON(), c.gv.Version)
	if err != nil {
		return err
	}
	return c.answer(code, body)
}
