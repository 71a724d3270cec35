package bodyserver

import (
	_ "embed" // the two templates
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

var (
	//go:embed vm.json
	vmJSON string
	//go:embed vmi.json
	vmiJSON string
)

// Resource is what the server has of each VM.
type Resource int

// The resources.
const (
	VMs Resource = iota
	Instances
)

// resource is how the API speaks of one.
type resource struct {
	path, kind, singular string
	object               template
}

var resources = [...]resource{
	VMs:       {"virtualmachines", "VirtualMachine", "virtualmachine", parse(vmJSON)},
	Instances: {"virtualmachineinstances", "VirtualMachineInstance", "virtualmachineinstance", parse(vmiJSON)},
}

// Revisions of objects that nobody changed lie below those of changes, which begin at firstChange.
const (
	firstObject = 10_000_000
	firstChange = 1_000_000_000
)

// perNamespace VMs share a namespace.
const perNamespace = 100

// object is one state of one VM or instance: all that a body says of it follows from this.
type object struct {
	cluster, index int
	version        uint32 // how often it was changed
	revision       int64
}

// template is text with holes.
type template []piece

type piece struct {
	text string
	hole func(b []byte, o object) []byte // after the text; nil at the end
}

// holes are what objects differ in. All but the revision are of one length, so that the order of indexes is that of keys.
var holes = map[string]func(b []byte, o object) []byte{
	"name":      func(b []byte, o object) []byte { return digits(append(b, "shop-frontend-"...), o.index, 7) },
	"namespace": func(b []byte, o object) []byte { return digits(append(b, "team-"...), o.index/perNamespace, 5) },
	"system":    func(b []byte, o object) []byte { return digits(append(b, "shop-"...), o.index/perNamespace, 5) },
	"instance":  func(b []byte, o object) []byte { return digits(b, o.index%perNamespace, 2) },
	"node":      func(b []byte, o object) []byte { return digits(append(b, "worker-"...), o.index/50%10_000, 4) },
	"revision":  func(b []byte, o object) []byte { return strconv.AppendInt(b, o.revision, 10) },
	"hex":       func(b []byte, o object) []byte { return hex(b, uint64(o.cluster)<<32|uint64(o.index), 12) },
	"uid": func(b []byte, o object) []byte {
		return hex(append(b, "efb4bdd1-49fb-434d-b496-"...), uint64(o.cluster)<<32|uint64(o.index), 12)
	},
	"instanceUID": func(b []byte, o object) []byte {
		return hex(append(b, "c9278306-261b-479b-89a8-"...), uint64(o.cluster)<<32|uint64(o.index), 12)
	},
	"ip": func(b []byte, o object) []byte { // moves with each change
		return fmt.Appendf(b, "10.%d.%d.%d", 128+o.version%64, o.index>>8&0xff, o.index&0xff)
	},
	"ip2": func(b []byte, o object) []byte { return fmt.Appendf(b, "192.168.%d.%d", o.index>>8&0xff, o.index&0xff) },
	"mac": func(b []byte, o object) []byte {
		for shift := 24; shift >= 0; shift -= 8 {
			b = append(hex(b, uint64(o.index>>shift&0xff), 2), ':')
		}
		return b[:len(b)-1]
	},
}

// parse cuts a template into pieces. The templates are ours: what is wrong with one is a mistake of the program.
func parse(text string) template {
	text = strings.TrimSpace(text)
	if !json.Valid([]byte(text)) {
		panic("a template that is not JSON")
	}
	var t template
	for {
		before, rest, more := strings.Cut(text, "{{")
		if !more {
			return append(t, piece{text: before})
		}
		name, after, _ := strings.Cut(rest, "}}")
		hole := holes[name]
		if hole == nil {
			panic("no such hole: " + name)
		}
		t, text = append(t, piece{before, hole}), after
	}
}

func (t template) render(b []byte, o object) []byte {
	for _, p := range t {
		b = append(b, p.text...)
		if p.hole != nil {
			b = p.hole(b, o)
		}
	}
	return b
}

// digits appends a number with zeros before it.
func digits(b []byte, n, width int) []byte {
	for range width {
		b = append(b, '0')
	}
	for at := len(b) - 1; width > 0; at, width, n = at-1, width-1, n/10 {
		b[at] += byte(n % 10)
	}
	return b
}

func hex(b []byte, n uint64, width int) []byte {
	const symbols = "0123456789abcdef"
	for shift := 4 * (width - 1); shift >= 0; shift -= 4 {
		b = append(b, symbols[n>>shift&0xf])
	}
	return b
}

// Key is where the VM with an index is.
func Key(index int) (namespace, name string) {
	o := object{index: index}
	return string(holes["namespace"](nil, o)), string(holes["name"](nil, o))
}
