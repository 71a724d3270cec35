package bodyserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	kubevirtv1 "kubevirt.io/api/core/v1"
	kubevirt "kubevirt.io/client-go/kubevirt"

	"github.com/kv-shepherd/shepherd-go/mapper"
)

func listen(t *testing.T, opts Options) (*Site, Control) {
	t.Helper()
	site, err := Listen(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	return site, NewControl(site.Control())
}

// open sends a request that must be answered with a code, and returns the body.
func open(t *testing.T, address string, code int) io.Reader {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != code {
		t.Fatalf("%s answers %d, want %d", address, response.StatusCode, code)
	}
	return response.Body
}

func keys(t *testing.T, address string) (list []string, meta mapper.ListMeta) {
	t.Helper()
	meta, err := mapper.New(mapper.Options{}).DecodeVMList(open(t, address, http.StatusOK), func(o mapper.Object[mapper.VMRecord]) error {
		list = append(list, o.Key)
		return o.Err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list, meta
}

func TestLists(t *testing.T) {
	site, control := listen(t, Options{Clusters: 1, VMs: 250})
	base := site.Hosts()[0] + "/apis/kubevirt.io/v1/virtualmachines"
	whole, all := keys(t, base)
	if len(whole) != 250 || !slices.IsSorted(whole) || len(slices.Compact(slices.Clone(whole))) != 250 || all.Continue != "" {
		t.Errorf("a list of %d VMs, continued by %q, in the order of keys: %v", len(whole), all.Continue, slices.IsSorted(whole))
	}
	var paged []string
	token := ""
	for range 3 {
		page, meta := keys(t, base+"?limit=100&continue="+token)
		paged, token = append(paged, page...), meta.Continue
		if meta.Revision != all.Revision {
			t.Errorf("a page of revision %s, of a list of %s", meta.Revision, all.Revision)
		}
	}
	if diff := cmp.Diff(whole, paged); diff != "" || token != "" {
		t.Errorf("pages differ from the whole, or go on with %q (-whole +pages):\n%s", token, diff)
	}
	cached, _ := keys(t, base+"?limit=100&resourceVersion=0")
	if len(cached) != 250 {
		t.Errorf("a list out of the watch cache has %d VMs: there a limit means nothing", len(cached))
	}

	_, first := keys(t, base+"?limit=100")
	if err := control.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	open(t, base+"?limit=100&continue="+first.Continue, http.StatusGone)
	if after, _ := keys(t, base); !slices.Equal(after, whole) {
		t.Error("other VMs after the history was dropped")
	}
}

// frames reads the frames of a watch one by one.
func frames(t *testing.T, address string) func() (kind, key, revision string) {
	t.Helper()
	lines := bufio.NewScanner(open(t, address, http.StatusOK))
	lines.Buffer(nil, 1<<20)
	return func() (kind, key, revision string) {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("the watch ended: %v", lines.Err())
		}
		var frame struct {
			Type   string
			Object metav1.PartialObjectMetadata
		}
		if err := json.Unmarshal(lines.Bytes(), &frame); err != nil {
			t.Fatal(err)
		}
		return frame.Type, frame.Object.Namespace + "/" + frame.Object.Name, frame.Object.ResourceVersion
	}
}

func TestWatch(t *testing.T) {
	site, control := listen(t, Options{Clusters: 1, VMs: 10})
	base := site.Hosts()[0] + "/apis/kubevirt.io/v1/virtualmachineinstances"
	begun := time.Now()
	next := frames(t, base+"?watch=true&resourceVersion=1000000000")
	if err := control.Events(t.Context(), Events{Count: 3, Rate: 1000}); err != nil {
		t.Fatal(err)
	}
	stats, err := control.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for n := range 3 {
		namespace, name := Key(n * 7919 % 10)
		kind, key, revision := next()
		if kind != "MODIFIED" || key != namespace+"/"+name || revision <= last {
			t.Errorf("event %d is %s of %s at %s", n, kind, key, revision)
		}
		if at := stats.Moment(revision); at.Before(begun.Truncate(time.Microsecond)) || at.After(time.Now()) {
			t.Errorf("event %d was written at %v", n, at)
		}
		last = revision
	}
	late := frames(t, base+"?watch=true&resourceVersion=1000000000")
	if _, _, revision := late(); revision >= last {
		t.Errorf("a watch from before the changes begins at %s", revision)
	}
	if err := control.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kind, _, _ := next(); kind != "ERROR" {
		t.Errorf("a watch whose history was dropped ends with %s", kind)
	}
	if kind, _, _ := frames(t, base+"?watch=true&resourceVersion="+last)(); kind != "ERROR" {
		t.Errorf("a watch from a dropped place begins with %s", kind)
	}
}

func TestWatchList(t *testing.T) {
	const query = "/apis/kubevirt.io/v1/virtualmachines?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
	old, _ := listen(t, Options{Clusters: 1, VMs: 1})
	open(t, old.Hosts()[0]+query, http.StatusUnprocessableEntity)

	site, _ := listen(t, Options{Clusters: 1, VMs: 30, WatchList: true})
	next := frames(t, site.Hosts()[0]+query)
	for n := range 30 {
		namespace, name := Key(n)
		if kind, key, _ := next(); kind != "ADDED" || key != namespace+"/"+name {
			t.Errorf("frame %d is %s of %s", n, kind, key)
		}
	}
	if kind, _, revision := next(); kind != "BOOKMARK" || revision != "1000000000" {
		t.Errorf("the set ends with %s at %s", kind, revision)
	}
}

// TestSums: the sums are those of what lists and watches tell.
func TestSums(t *testing.T) {
	site, control := listen(t, Options{Clusters: 2, VMs: 4})
	if err := control.Events(t.Context(), Events{Count: 10, Rate: 1000, Mixed: true}); err != nil {
		t.Fatal(err)
	}
	var want []int64
	for _, host := range site.Hosts() {
		var sum int64
		for _, r := range resources {
			var list metav1.PartialObjectMetadataList
			if err := json.NewDecoder(open(t, host+"/apis/kubevirt.io/v1/"+r.path, http.StatusOK)).Decode(&list); err != nil {
				t.Fatal(err)
			}
			for _, object := range list.Items {
				revision, err := strconv.ParseInt(object.ResourceVersion, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				sum += revision
			}
		}
		want = append(want, sum)
	}
	got, err := control.Sums(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestRestart(t *testing.T) {
	site, control := listen(t, Options{Clusters: 1, VMs: 1})
	body := open(t, site.Hosts()[0]+"/apis/kubevirt.io/v1/virtualmachines?watch=1", http.StatusOK)
	if err := control.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(body); err == nil {
		t.Error("a watch ends in good order when its server is restarted")
	}
}

// TestClients: the clients that are raced find what they ask for, by HTTP/1.1 and by HTTP/2.
func TestClients(t *testing.T) {
	for name, secure := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			site, control := listen(t, Options{Clusters: 2, VMs: 5, TLS: secure})
			config := &rest.Config{Host: site.Hosts()[1], TLSClientConfig: rest.TLSClientConfig{Insecure: secure}, QPS: -1}
			set, err := kubevirt.NewForConfig(config)
			if err != nil {
				t.Fatal(err)
			}
			vms, err := set.KubevirtV1().VirtualMachines("").List(t.Context(), metav1.ListOptions{})
			if err != nil || len(vms.Items) != 5 || vms.Items[4].Status.PrintableStatus != kubevirtv1.VirtualMachineStatusRunning {
				t.Errorf("%d VMs: %v", len(vms.Items), err)
			}
			follows(t, set, control)
			found, err := discovery.NewDiscoveryClientForConfigOrDie(config).ServerResourcesForGroupVersion("kubevirt.io/v1")
			if err != nil || len(found.APIResources) != 2 {
				t.Errorf("discovered %v: %v", found, err)
			}
			protocol(t, config, map[bool]int{false: 1, true: 2}[secure])
		})
	}
}

// follows watches instances by the typed clientset.
func follows(t *testing.T, set kubevirt.Interface, control Control) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := set.KubevirtV1().VirtualMachineInstances("").Watch(ctx, metav1.ListOptions{ResourceVersion: "1000000000"})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Stop()
	if err := control.Events(ctx, Events{Count: 4, Rate: 1000}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		event := <-stream.ResultChan()
		if vmi, ok := event.Object.(*kubevirtv1.VirtualMachineInstance); event.Type != watch.Modified || !ok || vmi.Status.Phase != kubevirtv1.Running {
			t.Errorf("a watch tells %s of %v", event.Type, event.Object)
		}
	}
}

func protocol(t *testing.T, config *rest.Config, want int) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true} //nolint:gosec // a certificate that nobody knows
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, config.Host+"/api", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.ProtoMajor != want {
		t.Errorf("HTTP/%d, want %d", response.ProtoMajor, want)
	}
}
