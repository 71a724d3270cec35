package mapper_test

import (
	"encoding/json"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

// viaJSON maps a pair of objects through the JSON door. vmi may be nil.
func viaJSON(m *mapper.Mapper, vm, vmi []byte, degraded bool) (*domain.VM, error) {
	record, err := m.DecodeVM(vm)
	if err != nil {
		return nil, err
	}
	if degraded {
		return m.JoinDegraded(record), nil
	}
	var instance mapper.InstanceRecord
	if vmi != nil {
		if instance, err = m.DecodeInstance(vmi); err != nil {
			return nil, err
		}
	}
	return m.Join(record, instance), nil
}

// marshalled is an object as JSON; nil of nil.
func marshalled(t testing.TB, object any) []byte {
	t.Helper()
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func instanceJSON(t testing.TB, vmi *kubevirtv1.VirtualMachineInstance) []byte {
	t.Helper()
	if vmi == nil {
		return nil
	}
	return marshalled(t, named(vmi))
}

func TestJSONMapsAsObjectsDo(t *testing.T) {
	m := recordMapper()
	for _, c := range goldenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			want, wantErr := c.run(m)
			got, err := viaJSON(m, marshalled(t, c.vm), instanceJSON(t, c.vmi), c.degraded)
			if diff := gocmp.Diff(domain.CodeOf(wantErr), domain.CodeOf(err)); diff != "" {
				t.Errorf("code (-object +JSON):\n%s", diff)
			}
			if diff := sameVM(recorded(want), got); diff != "" {
				t.Errorf("%s\n(-objects +JSON):\n%s", c.why, diff)
			}
		})
	}
}
