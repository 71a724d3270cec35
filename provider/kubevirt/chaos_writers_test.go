package kubevirt

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// written is a simulated cluster to which others write. They reach it past wires and faults.
type written struct {
	t       *testing.T
	sim     *kubevirtsim.Server
	writers []*writer
	owners  map[string]string // of instances, as they were listed last
	stop    chan struct{}
	writing sync.WaitGroup
}

const (
	writers       = 3
	vmPath        = "/apis/kubevirt.io/v1/virtualmachines"
	instancePath  = "/apis/kubevirt.io/v1/virtualmachineinstances"
	identityPath  = "/api/v1/namespaces/kube-system"
	namespacePath = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines"
	verbPath      = "/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachines"
)

func newWritten(t *testing.T, sim *kubevirtsim.Server, seed uint64, vms int) *written {
	c := &written{t: t, sim: sim, owners: map[string]string{}}
	for n := range writers {
		w := &writer{cluster: c, random: rand.New(rand.NewPCG(seed, uint64(n)))}
		for vm := range vms {
			w.names = append(w.names, fmt.Sprintf("w%d-%02d", n, vm))
		}
		c.writers = append(c.writers, w)
	}
	return c
}

// begin lets the writers write, each every so often.
func (c *written) begin(pause time.Duration) {
	c.stop = make(chan struct{})
	for _, w := range c.writers {
		c.writing.Go(func() {
			for {
				select {
				case <-c.stop:
					return
				case <-time.After(time.Duration(w.random.ExpFloat64() * float64(pause))):
					w.write()
				}
			}
		})
	}
}

// end waits until nobody writes any more, nor has the controller anything to do.
func (c *written) end() {
	close(c.stop)
	c.writing.Wait()
	c.calm()
}

func (c *written) calm() {
	time.Sleep(time.Minute)
	synctest.Wait()
}

// ask sends a request of somebody else's.
func (c *written) ask(method, path, contentType, body string) (status int, answer []byte) {
	request := httptest.NewRequestWithContext(c.t.Context(), method, path, strings.NewReader(body))
	request.Header.Set("User-Agent", "writer")
	request.Header.Set("Content-Type", contentType)
	response := httptest.NewRecorder()
	c.sim.ServeHTTP(response, request)
	answer, _ = io.ReadAll(response.Body)
	return response.Code, answer
}

// joined is what a server has of VMs, with their own instances: the UID of the VM and both revisions, by key.
func (c *written) joined() map[string]string {
	c.t.Helper()
	set := c.listed(vmPath)
	for key, instance := range c.listed(instancePath) {
		_, revision, _ := strings.Cut(instance, " at ")
		vm, there := set[key]
		if uid, _, _ := strings.Cut(vm, " at "); there && c.owners[key] == uid {
			set[key] = vm + "/" + revision
		}
	}
	return set
}

// listed is what a consistent list of the server has: uid and revision by key.
func (c *written) listed(path string) map[string]string {
	c.t.Helper()
	status, answer := c.ask(http.MethodGet, path, "", "")
	var list struct {
		Items []struct {
			Metadata struct {
				Namespace, Name, UID, ResourceVersion string
				OwnerReferences                       []struct{ UID string }
			}
		}
	}
	if err := json.Unmarshal(answer, &list); err != nil || status != http.StatusOK {
		c.t.Fatalf("listing %s: %d, %v", path, status, err)
	}
	set := map[string]string{}
	for _, item := range list.Items {
		m := item.Metadata
		for _, owner := range m.OwnerReferences {
			c.owners[m.Namespace+"/"+m.Name] = owner.UID
		}
		set[m.Namespace+"/"+m.Name] = m.UID + " at " + m.ResourceVersion
	}
	return set
}

// writer makes, changes, starts, stops and deletes VMs of its own names, and makes them anew.
type writer struct {
	cluster *written
	random  *rand.Rand
	names   []string
	wrote   int
	refused int
}

// write does one thing. Some are refused, by a VM that is not there or not ready for it.
func (w *writer) write() {
	name := w.names[w.random.IntN(len(w.names))]
	status := 0
	switch w.random.IntN(10) {
	case 0, 1:
		status = w.create(name)
	case 2, 3, 4, 5:
		status = w.change(name)
	case 6:
		status = w.verb(name, "start")
	case 7:
		status = w.verb(name, "stop")
	case 8:
		status = w.remove(name)
	default:
		w.remove(name)
		time.Sleep(100 * time.Millisecond) // it goes, unless an instance has to go down first
		status = w.create(name)
	}
	if w.wrote++; status >= http.StatusBadRequest {
		w.refused++
	}
}

func (w *writer) create(name string) int {
	strategy := oneOf(w.random, "Manual", "Manual", "Manual", "Halted", "Halted", "Halted", "Always", "RerunOnFailure")
	body := fmt.Sprintf(`{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"namespace":"default","name":%q,
"labels":{"kubevirt-shepherd.io/system":"s%d"}},"spec":{"runStrategy":%q,"template":{"spec":{"domain":{"devices":{},"memory":{"guest":"128Mi"}}}}}}`,
		name, w.random.IntN(3), strategy)
	status, _ := w.cluster.ask(http.MethodPost, namespacePath, "application/json", body)
	return status
}

func (w *writer) change(name string) int {
	body := fmt.Sprintf(`{"metadata":{"labels":{"round":"%d"},"annotations":{"kubevirt-shepherd.io/ticket":"%d"}}}`, w.wrote, w.random.IntN(1000))
	status, _ := w.cluster.ask(http.MethodPatch, namespacePath+"/"+name, "application/merge-patch+json", body)
	return status
}

func (w *writer) verb(name, verb string) int {
	status, _ := w.cluster.ask(http.MethodPut, verbPath+"/"+name+"/"+verb, "application/json", "{}")
	return status
}

func (w *writer) remove(name string) int {
	status, _ := w.cluster.ask(http.MethodDelete, namespacePath+"/"+name, "application/json", "{}")
	return status
}
