package mapper

import (
	exportv1 "kubevirt.io/api/export/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// exportPhases maps KubeVirt's phases (export/v1 types.go, v1.9.0). An export is under way while it can be downloaded,
// and has done its work when its time is over. Skipped is one of a source without volumes: it will never be ready.
var exportPhases = map[exportv1.VirtualMachineExportPhase]domain.Phase{
	"":                  domain.PhasePending,
	exportv1.Pending:    domain.PhasePending,
	exportv1.Ready:      domain.PhaseRunning,
	exportv1.Terminated: domain.PhaseSucceeded,
	exportv1.Skipped:    domain.PhaseFailed,
}

// MapExport maps an export. Versions v1beta1 and v1alpha1, which KubeVirt served before 1.9, have the same JSON as far
// as it is read here and decode into the same type. A nil object, or one without name, namespace or source, is an
// error of code [ErrIncompatibleSchema].
func (m *Mapper) MapExport(object *exportv1.VirtualMachineExport) (*domain.Export, error) {
	if object == nil {
		return nil, m.incompatible("", "", "metadata")
	}
	if err := m.identified(object.Namespace, object.Name); err != nil {
		return nil, err
	}
	if object.Spec.Source.Name == "" {
		return nil, m.incompatible(object.Namespace, object.Name, "spec.source.name")
	}
	e := &domain.Export{
		Cluster:     m.cluster,
		Namespace:   text(object.Namespace),
		Name:        text(object.Name),
		UID:         text(string(object.UID)),
		Revision:    text(object.ResourceVersion),
		CreatedAt:   utc(object.CreationTimestamp),
		SourceKind:  text(object.Spec.Source.Kind),
		SourceName:  text(object.Spec.Source.Name),
		Phase:       domain.PhasePending,
		TokenSecret: text(deref(object.Spec.TokenSecretRef)),
	}
	if object.Status != nil {
		exportStatus(e, object.Status)
	}
	return e, nil
}

func exportStatus(e *domain.Export, status *exportv1.VirtualMachineExportStatus) {
	e.Phase = domain.PhaseUnknown
	if phase, ok := exportPhases[status.Phase]; ok {
		e.Phase = phase
	}
	e.RawPhase = text(string(status.Phase))
	e.ExpiresAt = utcOf(status.TTLExpirationTime)
	e.TokenSecret = first(e.TokenSecret, text(deref(status.TokenSecretRef)))
	if e.Phase != domain.PhaseRunning {
		e.Message = waitingFor(exportConditions(status.Conditions), "Ready")
	}
	if status.Links != nil {
		e.Links = exportLinks(e.Links, status.Links.External, true)
		e.Links = exportLinks(e.Links, status.Links.Internal, false)
	}
}

func exportLinks(links []domain.ExportLink, in *exportv1.VirtualMachineExportLink, external bool) []domain.ExportLink {
	if in == nil {
		return links
	}
	for n := range in.Volumes {
		volume := &in.Volumes[n]
		for k := range volume.Formats {
			links = append(links, domain.ExportLink{
				Volume:   text(volume.Name),
				Format:   text(string(volume.Formats[k].Format)),
				URL:      message(volume.Formats[k].Url),
				External: external,
			})
		}
	}
	return links
}

func exportConditions(in []exportv1.Condition) []conditionView {
	out := make([]conditionView, len(in))
	for n := range in {
		c := &in[n]
		out[n] = conditionView{string(c.Type), string(c.Status), c.Reason, c.Message, utc(c.LastTransitionTime)}
	}
	return out
}
