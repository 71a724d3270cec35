package providertest

import (
	"maps"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var crudFieldChecks = []check{
	{
		id:  "CRUD-23",
		why: "what is created is read back exactly: labels, annotations, CPU, memory and disks, to the byte and to the thousandth of a core",
		run: checkRoundTrip,
	},
	{
		id:  "CRUD-24",
		why: "the identity that a VM is created with is read back, stands in its labels, and selects it",
		run: checkIdentity,
	},
	{
		id:    "CRUD-25",
		why:   "update of a VM that never started succeeds and keeps its run strategy",
		needs: need(NeedUpdate),
		run:   checkUpdateOfNeverStarted,
	},
	{
		id:    "CRUD-26",
		why:   "adding a disk after another was hot-plugged keeps both",
		needs: need(NeedUpdate, NeedEdit),
		run:   checkDiskAfterHotplug,
	},
}

func checkRoundTrip(e *env) {
	spec := e.rich("vm")
	spec.Labels["example.test/empty"] = ""
	spec.CPU = domain.CPU{Milli: 1250, Sockets: 2, Cores: 3, Threads: 2}
	spec.MemoryBytes = 5<<30 + 1<<10 // more than 32 bits, and no whole number of MiB
	if e.Spec == nil {
		spec.Disks = append(spec.Disks, domain.Disk{Name: "data", Kind: domain.DiskBlank, Claim: "vm-data", Bytes: 5<<40 + 1, Bus: "scsi", BootOrder: 2})
	}
	made := e.create(spec)
	e.stores("in the list", "vm")
	for what, vm := range map[string]*domain.VM{"create": made, "get": e.get("vm"), "list": e.list(provider.ListOptions{}).Items[0]} {
		e.same(what+": labels", spec.Labels, within(spec.Labels, vm.Labels))
		e.same(what+": annotations", spec.Annotations, within(spec.Annotations, vm.Annotations))
		e.same(what+": guest labels", spec.GuestLabels, within(spec.GuestLabels, vm.GuestLabels))
		e.same(what+": node selector", spec.NodeSelector, vm.NodeSelector)
		e.same(what+": tolerations", spec.Tolerations, vm.Tolerations)
		cpu := spec.CPU
		cpu.Source = domain.SourceSpec
		e.same(what+": CPU", cpu, vm.CPU)
		e.same(what+": memory", domain.Memory{Bytes: spec.MemoryBytes, Source: domain.SourceSpec}, vm.Memory)
		e.same(what+": disks", spec.Disks, asAsked(spec.Disks, vm.Disks))
	}
}

// within keeps the entries of a map that another has: a cluster adds labels and annotations of its own.
func within(want, got map[string]string) map[string]string {
	if want == nil {
		return nil
	}
	part := maps.Clone(got)
	maps.DeleteFunc(part, func(key, _ string) bool {
		_, asked := want[key]
		return !asked
	})
	return part
}

// asAsked empties the fields of disks that were not asked for: a cluster completes them.
func asAsked(want, got []domain.Disk) []domain.Disk {
	var disks []domain.Disk
	for n, disk := range got {
		if n < len(want) {
			asked := want[n]
			keep(&disk.Claim, asked.Claim)
			keep(&disk.Bus, asked.Bus)
			keep(&disk.SourceNamespace, asked.SourceNamespace)
			keep(&disk.StorageClass, asked.StorageClass)
			keep(&disk.Bytes, asked.Bytes)
			keep(&disk.BootOrder, asked.BootOrder)
			keep(&disk.ReadOnly, asked.ReadOnly)
			disk.Attached = asked.Attached
		}
		disks = append(disks, disk)
	}
	return disks
}

func keep[T comparable](field *T, asked T) {
	var none T
	if asked == none {
		*field = none
	}
}

func checkIdentity(e *env) {
	spec := e.spec("vm", domain.RunStrategyHalted)
	spec.Identity = domain.Identity{System: "shop", Service: "checkout", Instance: "checkout-1", TicketID: "T-17", CreatedBy: "alice",
		Hostname: "checkout-1", Installation: "blue"}
	want := spec.Identity
	want.ManagedBy = domain.ManagedBy
	made := e.create(spec)
	prefix := e.identityPrefix(made)
	other := e.spec("other", domain.RunStrategyHalted)
	other.Identity = domain.Identity{System: "shop", Service: "search"}
	e.create(other)

	for what, vm := range map[string]*domain.VM{"create": made, "get": e.get("vm")} {
		e.same(what+": identity", want, vm.Identity)
		e.same(what+": labels of the identity", want.Labels(prefix), within(want.Labels(prefix), vm.Labels))
	}
	for selector, names := range map[string][]string{
		"service=checkout":   {"vm"},
		"service!=checkout":  {"other"},
		"system=shop":        {"other", "vm"},
		"installation=blue":  {"vm"},
		"ticket-id=T-17":     {"vm"},
		"service=nobody-has": nil,
	} {
		var found []string
		for _, vm := range e.list(provider.ListOptions{LabelSelector: prefix + "/" + selector}).Items {
			found = append(found, vm.Name)
		}
		e.same("VMs selected by "+selector, names, found)
	}
	if e.has(NeedUpdate) {
		e.settles("vm", domain.StatusStopped)
		before := e.quiet("vm")
		_, _, err := e.update("vm", label(domain.LabelKey(prefix, "service"), "search"))
		e.blames("update of a label of the identity", err, "service")
		e.unchanged("update of a label of the identity", before)
	}
}

func checkUpdateOfNeverStarted(e *env) {
	strategies := map[string]domain.RunStrategy{"vm-halted": domain.RunStrategyHalted}
	if e.has(NeedManual) {
		strategies["vm-manual"] = domain.RunStrategyManual
	}
	for name, strategy := range strategies {
		kept := func(what string, vm *domain.VM, err error) {
			e.must(what+" of "+name, err)
			e.same("run strategy of "+name+" after "+what, strategy, vm.RunStrategy)
		}
		e.create(e.spec(name, strategy))
		vm, _, err := e.update(name, label("a", "1"))
		kept("an update at once", vm, err)
		e.settles(name, domain.StatusStopped)
		vm, applied, err := e.update(name, label("a", "2"))
		kept("an update", vm, err)
		e.same("when the update of "+name+" takes effect", domain.AppliedLive, applied)
		if e.has(NeedApply) {
			spec := e.spec(name, domain.RunStrategyAlways)
			spec.Labels = map[string]string{"a": "2"}
			vm, err := e.apply(spec, provider.ApplyOptions{})
			kept("an apply that says Always", vm, err)
		}
		after := e.quiet(name)
		kept("all of it", after, nil)
		e.same("status of "+name, domain.StatusStopped, after.Status)
		e.same("instance of "+name, domain.InstanceNone, after.Instance)
		e.same("label of "+name, "2", after.Labels["a"])
	}
}

func checkDiskAfterHotplug(e *env) {
	spec := e.spec("vm", domain.RunStrategyAlways)
	own := spec.Disks
	before := e.runs(spec)
	e.plug("vm", "hot")
	extra := domain.Disk{Name: "extra", Kind: domain.DiskImage, Image: "registry.example/extra:1"}
	has := func(after string, err error, hasExtra bool) {
		e.code(after, err, "")
		vm := e.get("vm")
		for _, disk := range own {
			e.holds(hasDisk(vm, disk.Name), "disk %s is gone after %s: %+v", disk.Name, after, vm.Disks)
		}
		e.holds(hasDisk(vm, "hot"), "the hot-plugged disk is gone after %s: %+v", after, vm.Disks)
		e.holds(hasDisk(vm, "extra") == hasExtra, "the other disk after %s: want it there %v: %+v", after, hasExtra, vm.Disks)
		e.same("instance after "+after, before.InstanceID, vm.InstanceID)
	}
	has("the hotplug", nil, false)
	_, _, err := e.update("vm", domain.VMChange{SetDisks: []domain.Disk{extra}})
	has("an update that adds a disk", err, true)
	_, _, err = e.update("vm", domain.VMChange{RemoveDisks: []string{"extra"}})
	has("an update that removes it", err, false)
	if e.has(NeedApply) {
		spec.Disks = append(spec.Disks, extra)
		_, err := e.apply(spec, provider.ApplyOptions{})
		has("an apply with one more disk", err, true)
		spec.Disks = own
		_, err = e.apply(spec, provider.ApplyOptions{})
		has("an apply with one disk less", err, false)
	}
}
