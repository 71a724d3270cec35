package mock_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// TestRecordHidesAnnotations: kubectl keeps a copy of the whole object in one, Ignition its configuration in another.
func TestRecordHidesAnnotations(t *testing.T) {
	const canary = "hunter2-of-the-annotations"
	secret := map[string]string{"kubectl.kubernetes.io/last-applied-configuration": canary, "kubevirt.io/ignitiondata": canary, "plain": "kept"}
	var record bytes.Buffer
	recorder := mock.NewRecorder(&record)
	p := provider.Wrap(mock.New(mock.Options{}), recorder.Hook())
	spec := spec("vm")
	spec.Annotations = secret
	spec.Manifest = []byte(`{"spec":{"template":{"metadata":{"annotations":{"kubevirt.io/ignitiondata":"` + canary + `"}}}}}`)
	if _, err := p.CreateVM(t.Context(), "mock", "team", spec, provider.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	change := domain.VMChange{Annotations: map[string]*string{"kubevirt.io/ignitiondata": new(canary)}}
	if _, _, err := p.UpdateVM(t.Context(), "mock", "team", "vm", change, provider.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := recorder.Err(); err != nil {
		t.Fatal(err)
	}
	if text := record.String(); strings.Contains(text, canary) || !strings.Contains(text, "kept") {
		t.Errorf("the record is\n%s", text)
	}
	// The player matches the masked call.
	player, err := mock.NewPlayer(&record)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := player.CreateVM(t.Context(), "mock", "team", spec, provider.CreateOptions{}); err != nil {
		t.Error(err)
	}
}

// TestRecordOfAHookWithoutAnAnswer: what the caller gets then is INTERNAL, and so is what is played back.
func TestRecordOfAHookWithoutAnAnswer(t *testing.T) {
	var record bytes.Buffer
	silent := func(context.Context, *provider.Call, func(context.Context) error) error { return nil }
	p := provider.Wrap(mock.New(mock.Options{}), mock.NewRecorder(&record).Hook(), silent)
	_, want := p.GetVM(t.Context(), "mock", "team", "vm")
	player, err := mock.NewPlayer(&record)
	if err != nil {
		t.Fatal(err)
	}
	if _, got := player.GetVM(t.Context(), "mock", "team", "vm"); domain.CodeOf(got) != domain.CodeOf(want) || domain.CodeOf(got) != domain.CodeInternal {
		t.Errorf("played back %v, want %v", got, want)
	}
}
