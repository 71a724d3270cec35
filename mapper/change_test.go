package mapper_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

const liveVM = `
metadata: {name: vm-1, namespace: team-a}
spec:
  runStrategy: Always
  dataVolumeTemplates:
  - {metadata: {name: vm-1-data}, spec: {source: {blank: {}}, storage: {resources: {requests: {storage: 1Gi}}}}}
  template:
    spec:
      domain:
        devices:
          disks: [{name: root, disk: {bus: virtio}}, {name: data, disk: {bus: virtio}}, {name: plugged, serial: S, disk: {bus: scsi}}]
          interfaces: [{name: default, masquerade: {}, macAddress: "02:00:00:00:00:01"}]
      networks: [{name: default, pod: {}}]
      volumes:
      - {name: root, containerDisk: {image: x}}
      - {name: data, dataVolume: {name: vm-1-data}}
      - {name: plugged, persistentVolumeClaim: {claimName: p, hotpluggable: true}}
`

func TestChangeVM(t *testing.T) {
	cases := map[string]struct {
		why    string
		change domain.VMChange
		body   string // what the applier owns
		want   string
	}{
		"a label": {
			why:    "what is not named is left alone: no list is taken over",
			change: domain.VMChange{Labels: map[string]*string{"a": new("1"), "b": nil}},
			body:   `{metadata: {labels: {b: x, c: kept}}}`,
			want:   `{metadata: {labels: {a: "1", c: kept}}}`,
		},
		"a disk more": {
			why:    "the lists are the live ones with the element added: what somebody plugged in stays",
			change: domain.VMChange{SetDisks: []domain.Disk{{Name: "more", Kind: domain.DiskClaim, Claim: "m"}}},
			body:   `{}`,
			want: `{spec: {
  dataVolumeTemplates: [{metadata: {name: vm-1-data}, spec: {source: {blank: {}}, storage: {resources: {requests: {storage: 1Gi}}}}}],
  template: {spec: {
    domain: {devices: {disks: [{name: root, disk: {bus: virtio}}, {name: data, disk: {bus: virtio}}, {name: plugged, serial: S, disk: {bus: scsi}}, {name: more, disk: {bus: virtio}}]}},
    volumes: [{name: root, containerDisk: {image: x}}, {name: data, dataVolume: {name: vm-1-data}}, {name: plugged, persistentVolumeClaim: {claimName: p, hotpluggable: true}}, {name: more, persistentVolumeClaim: {claimName: m}}]}}}}`,
		},
		"a disk less": {
			why:    "its volume, device and template go",
			change: domain.VMChange{RemoveDisks: []string{"data", "never-there"}},
			body:   `{}`,
			want: `{spec: {dataVolumeTemplates: [], template: {spec: {
    domain: {devices: {disks: [{name: root, disk: {bus: virtio}}, {name: plugged, serial: S, disk: {bus: scsi}}]}},
    volumes: [{name: root, containerDisk: {image: x}}, {name: plugged, persistentVolumeClaim: {claimName: p, hotpluggable: true}}]}}}}`,
		},
		"a blank disk becomes another": {
			why:    "the template that made the old claim goes, a new one comes",
			change: domain.VMChange{SetDisks: []domain.Disk{{Name: "data", Kind: domain.DiskBlank, Claim: "fresh", Bytes: 1 << 30}}},
			body:   `{}`,
			want: `{spec: {
  dataVolumeTemplates: [{metadata: {name: fresh}, spec: {source: {blank: {}}, storage: {resources: {requests: {storage: 1Gi}}}}}],
  template: {spec: {
    domain: {devices: {disks: [{name: root, disk: {bus: virtio}}, {name: data, disk: {bus: virtio}}, {name: plugged, serial: S, disk: {bus: scsi}}]}},
    volumes: [{name: root, containerDisk: {image: x}}, {name: data, dataVolume: {name: fresh}}, {name: plugged, persistentVolumeClaim: {claimName: p, hotpluggable: true}}]}}}}`,
		},
		"another CPU": {
			why:    "topology and promise are one thing: the old promise goes with the old topology, the model stays",
			change: domain.VMChange{CPU: &domain.CPU{Cores: 4}},
			body:   `{spec: {template: {spec: {domain: {devices: {}, cpu: {model: host-model, sockets: 2, threads: 2}, resources: {requests: {cpu: 1500m, memory: 1Gi}}}}}}}`,
			want:   `{spec: {template: {spec: {domain: {devices: {}, cpu: {model: host-model, cores: 4}, resources: {requests: {memory: 1Gi}}}}}}}`,
		},
		"an instance type": {
			why:    "it gives CPU and memory; what we set of them would be refused beside it",
			change: domain.VMChange{InstanceType: &domain.Matcher{Name: "small"}},
			body:   `{spec: {template: {spec: {domain: {devices: {}, cpu: {cores: 2}, memory: {guest: 1Gi}, resources: {requests: {cpu: 1500m}}}}}}}`,
			want:   `{spec: {instancetype: {name: small, kind: VirtualMachineClusterInstancetype}, template: {spec: {domain: {devices: {}}}}}}`,
		},
		"a network more": {
			why:    "the interface that is there keeps its address",
			change: domain.VMChange{SetNetworks: []domain.Network{{Name: "lan", Attachment: "lan"}}},
			body:   `{}`,
			want: `{spec: {template: {spec: {
    domain: {devices: {interfaces: [{name: default, masquerade: {}, macAddress: "02:00:00:00:00:01"}, {name: lan, bridge: {}}]}},
    networks: [{name: default, pod: {}}, {name: lan, multus: {networkName: lan}}]}}}}`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var body, live, before, want map[string]any
			decodeNumbers(t, toJSON(t, c.body), &body)
			decodeNumbers(t, toJSON(t, liveVM), &live)
			decodeNumbers(t, toJSON(t, liveVM), &before)
			decodeNumbers(t, toJSON(t, c.want), &want)
			if err := mapper.New(mapper.Options{}).ChangeVM(body, live, "vm-1", c.change); err != nil {
				t.Fatalf("%s\nChangeVM: %v", c.why, err)
			}
			raw, _ := json.Marshal(body)
			var got map[string]any
			decodeNumbers(t, raw, &got)
			if diff := cmp.Diff(want, only(want, got)); diff != "" {
				t.Errorf("%s\nbody (-want +got):\n%s", c.why, diff)
			}
			if spec, ok := got["spec"].(map[string]any); ok && spec["runStrategy"] != nil {
				t.Error("a change never speaks of power")
			}
			if diff := cmp.Diff(before, live); diff != "" {
				t.Errorf("the live object was changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChangeVMRefuses(t *testing.T) {
	err := mapper.New(mapper.Options{}).ChangeVM(map[string]any{}, map[string]any{}, "vm-1", domain.VMChange{
		MemoryBytes: new(int64(-1)), SetDisks: []domain.Disk{{Name: "a", Kind: domain.DiskBlank}}})
	if domain.CodeOf(err) != domain.CodeInvalidSpec {
		t.Errorf("got %v, want INVALID_SPEC", err)
	}
}
