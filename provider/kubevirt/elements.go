package kubevirt

import (
	"encoding/json"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/jsontree"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
)

// annotationOwned, behind the label prefix, keeps the names of the list elements that we set. The lists of a VM have one
// owner each, so that the server cannot tell our elements from those of hotplug: without it an apply could not know
// what it may remove.
const annotationOwned = "owned"

// elements are the names of disks (with their volumes) and networks (with their interfaces) that we set.
type elements struct {
	Disks    []string `json:"disks,omitempty"`
	Networks []string `json:"networks,omitempty"`
	// Templates are DataVolume templates.
	Templates []string `json:"templates,omitempty"`
}

// list is one of the lists of a VM that have one owner each.
type list struct {
	path []string
	// owned selects the names of its elements that are ours.
	owned func(*elements) *[]string
}

var (
	ownedDisks     = func(e *elements) *[]string { return &e.Disks }
	ownedNetworks  = func(e *elements) *[]string { return &e.Networks }
	ownedTemplates = func(e *elements) *[]string { return &e.Templates }

	lists = []list{
		{[]string{"spec", "dataVolumeTemplates"}, ownedTemplates},
		{[]string{"spec", "template", "spec", "volumes"}, ownedDisks},
		{[]string{"spec", "template", "spec", "domain", "devices", "disks"}, ownedDisks},
		{[]string{"spec", "template", "spec", "networks"}, ownedNetworks},
		{[]string{"spec", "template", "spec", "domain", "devices", "interfaces"}, ownedNetworks},
	}
)

// elementsOf reads the annotation off an object; what cannot be read owns nothing.
func (p *Provider) elementsOf(object map[string]any) elements {
	var e elements
	text, _ := jsontree.Make(metadata(object), "annotations")[domain.LabelKey(p.prefix, annotationOwned)].(string)
	if json.Unmarshal([]byte(text), &e) != nil {
		return elements{}
	}
	return e
}

func (p *Provider) setElements(body map[string]any, e elements) {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err) // a struct of strings always marshals
	}
	jsontree.Make(metadata(body), "annotations")[domain.LabelKey(p.prefix, annotationOwned)] = string(text)
}

// rememberElements notes all elements of a whole body.
func (p *Provider) rememberElements(body map[string]any) {
	var e elements
	for _, l := range lists {
		names := l.owned(&e)
		for _, element := range jsontree.List(body, l.path...) {
			if name := jsontree.ElementName(element); !slices.Contains(*names, name) {
				*names = append(*names, name)
			}
		}
	}
	p.setElements(body, e)
}

// rememberChange notes what a change sets and forgets what it removes.
func (p *Provider) rememberChange(body map[string]any, change domain.VMChange) {
	if len(change.SetDisks)+len(change.RemoveDisks)+len(change.SetNetworks)+len(change.RemoveNetworks) == 0 {
		return
	}
	e := p.elementsOf(body)
	without := func(names, removed []string) []string {
		return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(removed, name) })
	}
	with := func(names []string, name string) []string {
		if slices.Contains(names, name) {
			return names
		}
		return append(names, name)
	}
	e.Disks, e.Networks = without(e.Disks, change.RemoveDisks), without(e.Networks, change.RemoveNetworks)
	for _, disk := range change.SetDisks {
		e.Disks = with(e.Disks, disk.Name)
		if disk.Kind == domain.DiskBlank || disk.Kind == domain.DiskClone {
			name, _ := metadata(body)["name"].(string)
			e.Templates = with(e.Templates, vmspec.ClaimName(name, disk))
		}
	}
	for _, network := range change.SetNetworks {
		e.Networks = with(e.Networks, network.Name)
	}
	p.setElements(body, e)
}

// mergeLists makes each list of a whole body the live one with our elements: those that the body names are set, those
// that we set before and the body does not name go, all others stay where they are.
func (p *Provider) mergeLists(body, object map[string]any) {
	before := p.elementsOf(object)
	for _, l := range lists {
		ours := jsontree.List(body, l.path...)
		there := jsontree.List(object, l.path...)
		if len(ours) == 0 && len(there) == 0 {
			continue
		}
		merged := make([]any, 0, len(ours)+len(there))
		placed := map[string]bool{}
		for _, element := range there {
			name := jsontree.ElementName(element)
			n := slices.IndexFunc(ours, func(e any) bool { return jsontree.ElementName(e) == name })
			switch {
			case n >= 0:
				merged, placed[name] = append(merged, ours[n]), true
			case !slices.Contains(*l.owned(&before), name):
				merged = append(merged, jsontree.Clone(element))
			}
		}
		for _, element := range ours {
			if !placed[jsontree.ElementName(element)] {
				merged = append(merged, element)
			}
		}
		last := len(l.path) - 1
		jsontree.Make(body, l.path[:last]...)[l.path[last]] = merged
	}
}

// keepMarks carries the annotations of the create over: an apply that left them out would remove them.
func (p *Provider) keepMarks(body, object map[string]any) {
	there := jsontree.Make(metadata(object), "annotations")
	for _, name := range []string{annotationKey, annotationHash} {
		key := domain.LabelKey(p.prefix, name)
		if value, ok := there[key]; ok {
			jsontree.Make(metadata(body), "annotations")[key] = value
		}
	}
}

func metadata(body map[string]any) map[string]any { return jsontree.Make(body, "metadata") }
