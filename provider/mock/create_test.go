package mock_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// TestCreateReadsBack: what was asked for is what is read, to the byte.
func TestCreateReadsBack(t *testing.T) {
	c := on(t, mock.Options{Installation: "prod"})
	seconds := int64(60)
	asked := domain.VMSpec{
		Name:        "vm",
		Labels:      map[string]string{"tier": "web"},
		Annotations: map[string]string{"note": "any text: \n ok"},
		GuestLabels: map[string]string{"app": "web"},
		Identity:    domain.Identity{System: "shop", Service: "cart", CreatedBy: "ann"},
		RunStrategy: domain.RunStrategyHalted,
		CPU:         domain.CPU{Milli: 1234, Sockets: 2, Cores: 3, Threads: 1},
		MemoryBytes: 1<<40 + 1,
		Disks: []domain.Disk{
			{Name: "root", Kind: domain.DiskBlank, Bytes: 1<<50 + 7, Bus: "virtio"},
			{Name: "iso", Kind: domain.DiskImage, Image: "registry/iso", CDROM: true},
		},
		Networks:     []domain.Network{{Name: "default"}, {Name: "lan", Attachment: "team/lan", MAC: "02:00:00:00:00:01"}},
		CloudInit:    &domain.CloudInit{UserData: domain.NewSecret("#cloud-config")},
		NodeSelector: map[string]string{"zone": "a"},
		Tolerations:  []domain.Toleration{{Key: "gpu", Operator: "Exists", Effect: "NoExecute", Seconds: &seconds}},
	}
	vm := c.create(asked)
	want := &domain.VM{
		Cluster: "mock", Namespace: "team", Name: "vm", UID: vm.UID, Revision: vm.Revision, Generation: 1, CreatedAt: vm.CreatedAt,
		Labels: map[string]string{
			"tier":                              "web",
			"kubevirt-shepherd.io/managed-by":   "kubevirt-shepherd",
			"kubevirt-shepherd.io/system":       "shop",
			"kubevirt-shepherd.io/service":      "cart",
			"kubevirt-shepherd.io/created-by":   "ann",
			"kubevirt-shepherd.io/installation": "prod",
		},
		Annotations: map[string]string{"note": "any text: \n ok"},
		GuestLabels: map[string]string{"app": "web"},
		Identity:    domain.Identity{ManagedBy: "kubevirt-shepherd", System: "shop", Service: "cart", CreatedBy: "ann", Installation: "prod"},
		RunStrategy: domain.RunStrategyHalted,
		CPU:         domain.CPU{Milli: 1234, Sockets: 2, Cores: 3, Threads: 1, Source: domain.SourceSpec},
		Memory:      domain.Memory{Bytes: 1<<40 + 1, Source: domain.SourceSpec},
		Disks: []domain.Disk{
			{Name: "root", Kind: domain.DiskBlank, Bytes: 1<<50 + 7, Bus: "virtio", Claim: "vm-root"},
			{Name: "iso", Kind: domain.DiskImage, Image: "registry/iso", CDROM: true, ReadOnly: true, Bus: "sata"},
			{Name: "cloudinit", Kind: domain.DiskCloudInit, Bus: "virtio"},
		},
		Networks: []domain.Network{
			{Name: "default", Binding: "masquerade"},
			{Name: "lan", Attachment: "team/lan", Binding: "bridge", MAC: "02:00:00:00:00:01"},
		},
		NodeSelector: map[string]string{"zone": "a"},
		Tolerations:  []domain.Toleration{{Key: "gpu", Operator: "Exists", Effect: "NoExecute", Seconds: &seconds}},
		Status:       domain.StatusUnobserved, Since: vm.CreatedAt,
		Instance: domain.InstanceNone,
		Read:     domain.Read{From: domain.ReadLive, At: vm.CreatedAt},
	}
	if diff := cmp.Diff(want, vm); diff != "" {
		t.Errorf("CreateVM() (-want +got):\n%s", diff)
	}
	if vm.UID == "" || vm.Revision == "" || vm.CreatedAt.IsZero() {
		t.Errorf("UID %q, revision %q, created %s", vm.UID, vm.Revision, vm.CreatedAt)
	}
	text, err := json.Marshal(vm)
	if err != nil || json.Unmarshal(text, new(domain.VM)) != nil {
		t.Errorf("it does not go through JSON: %v", err)
	}
}

// TestManifest: what the Mock reads of a manifest; typed fields stand above it.
func TestManifest(t *testing.T) {
	c := on(t, mock.Options{})
	s := domain.VMSpec{
		Name: "vm", MemoryBytes: 1 << 30, Labels: map[string]string{"a": "spec"},
		Manifest: json.RawMessage(`{"metadata":{"labels":{"a":"manifest","b":"manifest"},"annotations":{"x":"y"}},
			"spec":{"running":false,"template":{"metadata":{"labels":{"g":"1"}},"spec":{"nodeSelector":{"zone":"b"},"domain":{"devices":{}}}}}}`),
	}
	vm := c.create(s)
	got := []any{vm.RunStrategy, vm.Labels["a"], vm.Labels["b"], vm.Annotations, vm.GuestLabels, vm.NodeSelector}
	want := []any{domain.RunStrategyHalted, "spec", "manifest", map[string]string{"x": "y"}, map[string]string{"g": "1"}, map[string]string{"zone": "b"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCreateRefuses(t *testing.T) {
	c := on(t, mock.Options{})
	for why, e := range map[string]struct {
		change func(*domain.VMSpec)
		want   domain.Code
		field  string
	}{
		"no run strategy":           {func(s *domain.VMSpec) { s.RunStrategy = "" }, domain.CodeInvalidSpec, "runStrategy"},
		"no memory":                 {func(s *domain.VMSpec) { s.MemoryBytes = 0 }, domain.CodeInvalidSpec, "memoryBytes"},
		"a disk without a kind":     {func(s *domain.VMSpec) { s.Disks[0].Kind = "" }, domain.CodeInvalidSpec, "disks[0].kind"},
		"a name of more than one":   {func(s *domain.VMSpec) { s.Name = "a.b" }, domain.CodeInvalidName, "name"},
		"memory and instance type":  {func(s *domain.VMSpec) { s.InstanceType = &domain.Matcher{Name: "u1.small"}; s.CPU = domain.CPU{} }, domain.CodeInvalidSpec, "memoryBytes"},
		"an unknown instance type":  {func(s *domain.VMSpec) { *s = typed("nope", "") }, domain.CodeInstanceTypeNotFound, "instanceType.name"},
		"a namespaced one likewise": {func(s *domain.VMSpec) { *s = typed("u1.small", ""); s.InstanceType.Namespaced = true }, domain.CodeInstanceTypeNotFound, "instanceType.name"},
		"an unknown preference":     {func(s *domain.VMSpec) { *s = typed("u1.small", "nope") }, domain.CodePreferenceNotFound, "preference.name"},
	} {
		s := spec("vm")
		e.change(&s)
		_, err := c.p.CreateVM(c.ctx(), "mock", "team", s, provider.CreateOptions{})
		got, ok := errors.AsType[*domain.Error](err)
		if !ok || got.Code != e.want || len(got.Fields) == 0 || got.Fields[0].Field != e.field {
			t.Errorf("%s: %v, want %s of %s", why, err, e.want, e.field)
		}
		answer, err := c.p.ValidateVM(c.ctx(), "mock", "team", s, provider.ValidateOptions{})
		if err != nil || answer.Valid || answer.Code != e.want || len(answer.Fields) == 0 {
			t.Errorf("%s: ValidateVM() = %+v, %v", why, answer, err)
		}
	}
	if _, err := c.p.ValidateVM(c.ctx(), "other", "team", spec("vm"), provider.ValidateOptions{}); !errors.Is(err, domain.CodeClusterNotFound) {
		t.Errorf("nobody to ask is an error: %v", err)
	}
	if answer, err := c.p.ValidateVM(c.ctx(), "mock", "team", spec("vm"), provider.ValidateOptions{}); err != nil || !answer.Valid {
		t.Errorf("a good spec: %+v, %v", answer, err)
	}
	list, err := c.p.ListVMs(c.ctx(), "mock", "team", provider.ListOptions{})
	if err != nil || len(list.Items) != 0 {
		t.Errorf("something was stored: %+v, %v", list.Items, err)
	}
}

func typed(instanceType, preference string) domain.VMSpec {
	s := domain.VMSpec{Name: "vm", RunStrategy: domain.RunStrategyHalted, InstanceType: &domain.Matcher{Name: instanceType}}
	if preference != "" {
		s.Preference = &domain.Matcher{Name: preference}
	}
	return s
}

func TestIdempotency(t *testing.T) {
	c := on(t, mock.Options{})
	secret := spec("vm")
	secret.CloudInit = &domain.CloudInit{UserData: domain.NewSecret("one")}
	otherSecret := spec("vm")
	otherSecret.CloudInit = &domain.CloudInit{UserData: domain.NewSecret("two")}
	first, err := c.p.CreateVM(c.ctx(), "mock", "team", secret, provider.CreateOptions{IdempotencyKey: "intent"})
	c.good(err)
	if first.Annotations["kubevirt-shepherd.io/idempotency-key"] != "intent" || first.Annotations["kubevirt-shepherd.io/spec-hash"] == "" {
		t.Errorf("annotations %v", first.Annotations)
	}
	again, err := c.p.CreateVM(c.ctx(), "mock", "team", secret, provider.CreateOptions{IdempotencyKey: "intent"})
	if err != nil || again.UID != first.UID {
		t.Errorf("the same intent: %+v, %v", again, err)
	}
	for why, e := range map[string]struct {
		spec domain.VMSpec
		key  string
		want domain.Code
	}{
		"no key":                            {secret, "", domain.CodeVMAlreadyExists},
		"another key":                       {secret, "other", domain.CodeVMAlreadyExists},
		"another spec":                      {spec("vm"), "intent", domain.CodeIdempotencyConflict},
		"another spec in what is hidden":    {otherSecret, "intent", domain.CodeIdempotencyConflict},
		"another run strategy":              {with(domain.RunStrategyManual), "intent", domain.CodeIdempotencyConflict},
		"another spec, though a dry run so": {spec("vm"), "intent", domain.CodeIdempotencyConflict},
	} {
		_, err := c.p.CreateVM(c.ctx(), "mock", "team", e.spec, provider.CreateOptions{IdempotencyKey: e.key})
		if got := domain.CodeOf(err); got != e.want {
			t.Errorf("%s: %v, want %s", why, err, e.want)
		}
	}
	if now := c.get("vm"); now.UID != first.UID || now.Generation != 1 {
		t.Errorf("the VM became another: %+v", now)
	}
}

// TestConcurrentCreates: of many creates of one name exactly one succeeds.
func TestConcurrentCreates(t *testing.T) {
	c := on(t, mock.Options{})
	uids := make(chan string, 64)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			vm, err := c.p.CreateVM(c.ctx(), "mock", "team", spec("vm"), provider.CreateOptions{})
			switch {
			case err == nil:
				uids <- vm.UID
			case !errors.Is(err, domain.CodeVMAlreadyExists):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(uids) != 1 || <-uids != c.get("vm").UID {
		t.Error("not exactly one create succeeded")
	}
}

// TestDelete: a delete is accepted, then done; a VM of the same name is another one.
func TestDelete(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		first := c.create(spec("vm"))
		c.is("vm", domain.StatusRunning)
		c.good(c.p.DeleteVM(c.ctx(), "mock", "team", "vm", provider.DeleteOptions{UID: first.UID, Revision: c.get("vm").Revision}))
		if vm := c.get("vm"); vm.Status != domain.StatusDeleting || !vm.Deleting {
			t.Errorf("%+v", vm)
		}
		c.good(c.p.DeleteVM(c.ctx(), "mock", "team", "vm", provider.DeleteOptions{}))
		_, err := c.p.CreateVM(c.ctx(), "mock", "team", spec("vm"), provider.CreateOptions{})
		c.code(err, domain.CodeVMAlreadyExists)
		c.code(c.p.StartVM(c.ctx(), "mock", "team", "vm", provider.StartOptions{}), domain.CodeVMDeleting)
		c.good(provider.WaitVMGone(c.ctx(), c.p, "mock", "team", "vm", provider.WaitOptions{}))
		c.code(c.p.DeleteVM(c.ctx(), "mock", "team", "vm", provider.DeleteOptions{}), domain.CodeVMNotFound)
		second := c.create(spec("vm"))
		if second.UID == first.UID {
			t.Error("the same UID again")
		}
		c.code(c.p.StopVM(c.ctx(), "mock", "team", "vm", provider.StopOptions{UID: first.UID}), domain.CodeUIDConflict)

		// A delete right behind the create takes the VM away at once: nobody has seen it yet.
		c.good(c.p.DeleteVM(c.ctx(), "mock", "team", "vm", provider.DeleteOptions{}))
		_, err = c.p.GetVM(c.ctx(), "mock", "team", "vm")
		c.code(err, domain.CodeVMNotFound)
		time.Sleep(time.Hour)
	})
}

// TestManifestOrder: the same intent written in another order is the same intent.
func TestManifestOrder(t *testing.T) {
	p := mock.New(mock.Options{})
	one, other := spec("vm"), spec("vm")
	one.Manifest = []byte(`{"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {}}`)
	other.Manifest = []byte(`{"spec":{},"metadata":{"labels":{"b":"2","a":"1"}}}`)
	first, err := p.CreateVM(t.Context(), mock.DefaultCluster, "team", one, provider.CreateOptions{IdempotencyKey: "k"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.CreateVM(t.Context(), mock.DefaultCluster, "team", other, provider.CreateOptions{IdempotencyKey: "k"})
	if err != nil || again.UID != first.UID {
		t.Errorf("CreateVM() = %v, %v", again, err)
	}
}
