package vmspec

import (
	"maps"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// ValidateChange returns every field of a change to a VM of that name that is wrong by itself, whatever the VM is.
func ValidateChange(opts Options, vmName string, change domain.VMChange) []domain.FieldError {
	c := &checker{}
	c.labelEdits("labels", change.Labels)
	c.identityEdits(opts, change.Labels)
	c.annotationEdits("annotations", change.Annotations)
	c.bookkeeping(opts, slices.Sorted(maps.Keys(change.Annotations)))
	c.labelEdits("guestLabels", change.GuestLabels)
	c.computeEdits(change)

	c.disks(domain.VMSpec{Name: vmName, Disks: change.SetDisks})
	removed := c.removals("removeDisks", change.RemoveDisks)
	for n, disk := range change.SetDisks {
		if removed[disk.Name] {
			c.add(at("setDisks", n, "name"), domain.FieldContradicts, "is removed by the same change")
		}
	}
	c.networks(change.SetNetworks)
	removed = c.removals("removeNetworks", change.RemoveNetworks)
	for n, network := range change.SetNetworks {
		if removed[network.Name] {
			c.add(at("setNetworks", n, "name"), domain.FieldContradicts, "is removed by the same change")
		}
	}
	c.labelEdits("nodeSelector", change.NodeSelector)
	c.tolerations(change.Tolerations)
	return renameLists(c.errs)
}

// renameLists puts the paths of a change where the checks of a spec put theirs.
func renameLists(errs []domain.FieldError) []domain.FieldError {
	for n := range errs {
		switch field := errs[n].Field; {
		case len(field) > 6 && field[:6] == "disks[":
			errs[n].Field = "setDisks" + field[5:]
		case len(field) > 9 && field[:9] == "networks[":
			errs[n].Field = "setNetworks" + field[8:]
		}
	}
	return errs
}

func (c *checker) labelEdits(field string, edits map[string]*string) {
	c.errs = append(c.errs, names.Labels(field, given(edits))...)
}

func (c *checker) annotationEdits(field string, edits map[string]*string) {
	c.errs = append(c.errs, names.Annotations(field, given(edits))...)
}

// given turns edits into what they would set; a removed key is checked as a key with an empty value.
func given(edits map[string]*string) map[string]string {
	set := make(map[string]string, len(edits))
	for key, value := range edits {
		set[key] = ""
		if value != nil {
			set[key] = *value
		}
	}
	return set
}

// identityEdits refuses to change whose VM it is: that is what adoption is for.
func (c *checker) identityEdits(opts Options, edits map[string]*string) {
	keys := domain.IdentityLabelKeys(opts.LabelPrefix)
	for _, key := range slices.Sorted(maps.Keys(edits)) {
		if slices.Contains(keys, key) {
			c.add(names.Element("labels", key), domain.FieldImmutable, "belongs to the identity")
		}
	}
}

// bookkeeping refuses the annotations that the library keeps for itself: with them a caller could make an apply drop
// disks that others added, or a repeated create return another intent's VM.
func (c *checker) bookkeeping(opts Options, keys []string) {
	for _, key := range keys {
		for _, name := range Bookkeeping {
			if key == domain.LabelKey(opts.LabelPrefix, name) {
				c.add(names.Element("annotations", key), domain.FieldImmutable, "kept by the library")
			}
		}
	}
}

// Bookkeeping are the names, behind the label prefix, of the annotations that the library keeps for itself.
var Bookkeeping = []string{"idempotency-key", "owned", "provenance", "spec-hash"}

func (c *checker) computeEdits(change domain.VMChange) {
	if change.CPU != nil {
		c.cpu(*change.CPU)
		if !hasCPU(*change.CPU) {
			c.add("cpu", domain.FieldRequired, "names nothing to set")
		}
	}
	if change.MemoryBytes != nil && *change.MemoryBytes <= 0 {
		c.add("memoryBytes", domain.FieldOutOfRange, "must be positive")
	}
	c.matcher("instanceType", change.InstanceType)
	if change.InstanceType != nil && change.CPU != nil {
		c.add("cpu", domain.FieldContradicts, "with the instance type")
	}
	if change.InstanceType != nil && change.MemoryBytes != nil {
		c.add("memoryBytes", domain.FieldContradicts, "with the instance type")
	}
}

func (c *checker) removals(field string, list []string) map[string]bool {
	seen := map[string]bool{}
	for n, name := range list {
		switch {
		case name == "":
			c.add(at(field, n, "name"), domain.FieldRequired, "")
		case seen[name]:
			c.add(at(field, n, "name"), domain.FieldDuplicate, "")
		}
		seen[name] = true
	}
	return seen
}
