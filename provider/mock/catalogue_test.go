package mock_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// TestAddToCatalogues: what is added is there at once, in its order, and what runs keeps its size.
func TestAddToCatalogues(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{Clusters: []string{"mock", "other"}})
		add := func(t domain.InstanceType) error { return c.p.AddInstanceType(t) }
		c.good(add(domain.InstanceType{Name: "a.first", VCPUs: 2, MemoryBytes: 1 << 30}))
		c.good(add(domain.InstanceType{Cluster: "mock", Namespace: "team", Name: "own", VCPUs: 3, MemoryBytes: 1 << 30, Labels: map[string]string{"a": "b"}}))
		c.good(c.p.AddPreference(domain.Preference{Cluster: "other", Name: "z.last"}))
		for cluster, wants := range map[string][2]domain.Code{"mock": {"", domain.CodePreferenceNotFound}, "other": {domain.CodeInstanceTypeNotFound, ""}} {
			list, err := c.p.ListInstanceTypes(c.ctx(), cluster, provider.ClusterScope, provider.ListOptions{Limit: 1})
			if err != nil || len(list.Items) != 1 || list.Items[0].Name != "a.first" || list.Items[0].Cluster != cluster || list.Continue == "" {
				t.Errorf("%+v, %v", list, err)
			}
			_, err = c.p.GetInstanceType(c.ctx(), cluster, "team", "own")
			c.code(err, wants[0])
			_, err = c.p.GetPreference(c.ctx(), cluster, provider.ClusterScope, "z.last")
			c.code(err, wants[1])
		}
		c.code(add(domain.InstanceType{Cluster: "nowhere", Name: "x"}), domain.CodeClusterNotFound)
		c.code(add(domain.InstanceType{}), domain.CodeInvalidName)
		c.code(c.p.AddPreference(domain.Preference{Namespace: "No", Name: "x"}), domain.CodeInvalidName)

		s := typed("own", "")
		s.InstanceType.Namespaced, s.RunStrategy = true, domain.RunStrategyAlways
		c.create(s)
		c.is("vm", domain.StatusRunning)
		before, err := c.p.GetInstanceType(c.ctx(), "mock", "team", "own")
		c.good(err)
		c.good(add(domain.InstanceType{Cluster: "mock", Namespace: "team", Name: "own", VCPUs: 5, MemoryBytes: 1 << 31}))
		after, err := c.p.GetInstanceType(c.ctx(), "mock", "team", "own")
		if err != nil || after.UID != before.UID || after.Revision == before.Revision || after.VCPUs != 5 || after.Labels != nil {
			t.Errorf("%+v became %+v, %v", before, after, err)
		}
		if vm := c.get("vm"); vm.CPU.Sockets != 3 || vm.Memory.Bytes != 1<<30 {
			t.Errorf("it runs with %+v, %+v", vm.CPU, vm.Memory)
		}
		c.good(c.p.RestartVM(c.ctx(), "mock", "team", "vm", provider.RestartOptions{}))
		time.Sleep(time.Minute)
		if vm := c.get("vm"); vm.CPU.Sockets != 5 || vm.Memory.Bytes != 1<<31 {
			t.Errorf("it runs with %+v, %+v", vm.CPU, vm.Memory)
		}
	})
}

// TestCatalogueReaders: readers and writers at the same time, under the race detector.
func TestCatalogueReaders(t *testing.T) {
	c := on(t, mock.Options{})
	c.create(typed("u1.small", ""))
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for n := range 200 {
				_ = c.p.AddInstanceType(domain.InstanceType{Name: fmt.Sprint("t", (worker+n)%9), VCPUs: 1})
				_ = c.p.AddPreference(domain.Preference{Name: fmt.Sprint("p", (worker+n)%9)})
				if _, err := c.p.ListInstanceTypes(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{}); err != nil {
					t.Error(err)
				}
				if _, err := c.p.GetPreference(c.ctx(), "mock", provider.ClusterScope, "fedora"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	list, err := c.p.ListInstanceTypes(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{})
	if err != nil || len(list.Items) != 13 {
		t.Errorf("%d instance types, %v", len(list.Items), err)
	}
}
