package kubevirtsim

import (
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// Incident is something that happens to a VM without anybody's request.
type Incident string

// The incidents.
const (
	GuestShutdown Incident = "guest_shutdown" // the guest shuts itself down
	GuestCrash    Incident = "guest_crash"    // the guest, or its virtual machine process, dies
	NodeLost      Incident = "node_lost"      // the node stops answering, and its instance is given up
	IOError       Incident = "io_error"       // storage fails, and the instance is paused
	Received      Incident = "received"       // the migration that a receiver waits for has arrived
)

var incidents = map[Incident]vmsim.Kind{
	GuestShutdown: vmsim.GuestShutdown,
	GuestCrash:    vmsim.GuestCrash,
	NodeLost:      vmsim.NodeLost,
	IOError:       vmsim.IOError,
	Received:      vmsim.Received,
}

// Happen lets an incident happen to a VM, and has the objects show it. The error is that of the API for a VM that does
// not exist, and a conflict for one whose state leaves nothing for this to happen to.
func (s *Server) Happen(namespace, name string, incident Incident) error {
	kind, ok := incidents[incident]
	if !ok {
		return apierrors.NewBadRequest("no such incident: " + string(incident))
	}
	return s.controller.reach(namespace, name, func(g *guest, now time.Time) error {
		if _, refused := g.machine.Apply(now, vmsim.Event{Kind: kind}); refused != "" {
			return apierrors.NewConflict(machines, name, refused)
		}
		return nil
	})
}

// reach does something with a VM's machine, past the API, and has the objects show it before it returns.
func (c *controller) reach(namespace, name string, do func(g *guest, now time.Time) error) error {
	key := store.Key(namespace, name)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look(key) // it may have been made just now
	g := c.guests[key]
	if g == nil {
		return apierrors.NewNotFound(machines, name)
	}
	if err := do(g, time.Now().UTC()); err != nil {
		return err
	}
	c.look(key)
	c.nudge()
	return nil
}
