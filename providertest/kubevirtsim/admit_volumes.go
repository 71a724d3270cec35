package kubevirtsim

import (
	"encoding/base64"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// checkVolumes wants a name and one source of each volume: validateVolumes of vmi-create-admitter.go.
func (v version) checkVolumes(f *findings, list *field.Path, volumes []kubevirtv1.Volume) {
	first := map[string]int{}
	for n, volume := range volumes {
		at := list.Index(n)
		if other, taken := first[volume.Name]; taken {
			f.invalid(at.Child("name"), "%s and %s must not have the same Name.", at, list.Index(other))
		} else {
			first[volume.Name] = n
		}
		if volume.DataVolume != nil && volume.DataVolume.Name == "" {
			f.required(at.Child("name"), "DataVolume 'name' must be set")
		}
		if setFields(volume.VolumeSource) != 1 {
			f.invalid(at, "%s must have exactly one source type set", at)
		}
		checkCloudInit(f, at, volume)
		if volume.DownwardMetrics != nil && !v.gate("DownwardMetrics") {
			f.invalid(at, "downwardMetrics disks are not allowed: DownwardMetrics feature gate is not enabled.")
		}
		v.checkHostDisk(f, at, volume.HostDisk)
		checkNamedSources(f, at, volume)
	}
	checkOnlyOne(f, list, volumes, "serviceAccount", func(v kubevirtv1.Volume) bool { return v.ServiceAccount != nil })
	checkOnlyOne(f, list, volumes, "downwardMetric", func(v kubevirtv1.Volume) bool { return v.DownwardMetrics != nil })
	checkOnlyOne(f, list, volumes, "memory dump", func(v kubevirtv1.Volume) bool { return v.MemoryDump != nil })
}

func checkOnlyOne(f *findings, at *field.Path, volumes []kubevirtv1.Volume, name string, is func(kubevirtv1.Volume) bool) {
	if len(slices.DeleteFunc(slices.Clone(volumes), func(v kubevirtv1.Volume) bool { return !is(v) })) > 1 {
		f.invalid(at, "%s must have max one %s volume set", at, name)
	}
}

// setFields counts the fields of a struct of pointers that are set.
func setFields(of any) int {
	set := 0
	for _, field := range reflect.ValueOf(of).Fields() {
		if !field.IsNil() {
			set++
		}
	}
	return set
}

func checkNamedSources(f *findings, at *field.Path, volume kubevirtv1.Volume) {
	switch {
	case volume.ConfigMap != nil && volume.ConfigMap.Name == "":
		at = at.Child("configMap", "name")
	case volume.Secret != nil && volume.Secret.SecretName == "":
		at = at.Child("secret", "secretName")
	case volume.ServiceAccount != nil && volume.ServiceAccount.ServiceAccountName == "":
		at = at.Child("serviceAccount", "serviceAccountName")
	default:
		return
	}
	f.invalid(at, "%s is a required field", at)
}

func (v version) checkHostDisk(f *findings, at *field.Path, disk *kubevirtv1.HostDisk) {
	if disk == nil {
		return
	}
	if !v.gate("HostDisk") {
		f.invalid(at, "HostDisk feature gate is not enabled")
	}
	at = at.Child("hostDisk")
	if disk.Path == "" {
		f.notFound(at.Child("path"), "%s is required for hostDisk volume", at.Child("path"))
	}
	if disk.Type != kubevirtv1.HostDiskExists && disk.Type != kubevirtv1.HostDiskExistsOrCreate {
		f.invalid(at.Child("type"), "%s has invalid value '%s', allowed are '%s' or '%s'", at.Child("type"), disk.Type,
			kubevirtv1.HostDiskExists, kubevirtv1.HostDiskExistsOrCreate)
	}
	if disk.Type == kubevirtv1.HostDiskExists && !disk.Capacity.IsZero() {
		f.invalid(at.Child("capacity"), "%s is allowed to pass only with %s equal to '%s'", at.Child("capacity"), at.Child("type"),
			kubevirtv1.HostDiskExistsOrCreate)
	}
}

// checkCloudInit wants some data, each kind from one place and no longer than an object should carry.
func checkCloudInit(f *findings, at *field.Path, volume kubevirtv1.Volume) {
	var user, network []string // as text, as base64, as the name of a secret
	switch {
	case volume.CloudInitNoCloud != nil:
		source := volume.CloudInitNoCloud
		at = at.Child("cloudInitNoCloud")
		user, network = []string{source.UserData, source.UserDataBase64, ""}, []string{source.NetworkData, source.NetworkDataBase64, ""}
		if source.UserDataSecretRef != nil {
			user[2] = source.UserDataSecretRef.Name
		}
		if source.NetworkDataSecretRef != nil {
			network[2] = source.NetworkDataSecretRef.Name
		}
	case volume.CloudInitConfigDrive != nil:
		source := volume.CloudInitConfigDrive
		at = at.Child("cloudInitConfigDrive")
		user, network = []string{source.UserData, source.UserDataBase64, ""}, []string{source.NetworkData, source.NetworkDataBase64, ""}
		if source.UserDataSecretRef != nil {
			user[2] = source.UserDataSecretRef.Name
		}
		if source.NetworkDataSecretRef != nil {
			network[2] = source.NetworkDataSecretRef.Name
		}
	default:
		return
	}
	sources := checkCloudData(f, at, "userdata", "userdatasource", "userDataBase64", "UserDataSecretRef", user)
	sources += checkCloudData(f, at, "networkdata", "networkdata source", "networkDataBase64", "NetworkDataSecretRef", network)
	if sources == 0 {
		f.invalid(at, "%s must have at least one userdatasource or one networkdatasource set.", at)
	}
}

func checkCloudData(f *findings, at *field.Path, what, source, encodedField, secret string, values []string) (sources int) {
	const longest = 2048
	length := 0
	if encoded := values[1]; encoded != "" {
		data, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			f.invalid(at.Child(encodedField), "%s is not a valid base64 value.", at.Child(encodedField))
		}
		length = len(data)
	}
	if values[0] != "" {
		length = len(values[0])
	}
	for _, value := range values {
		if value != "" {
			sources++
		}
	}
	if sources > 1 {
		f.invalid(at, "%s must have only one %s set.", at, source)
	}
	if length > longest {
		f.invalid(at, "%s %s exceeds %d byte limit. Should use %s for larger data.", at, what, longest, secret)
	}
	return sources
}

// checkDataVolumeTemplates is pkg/storage/admitters/data-volume-template.go; it says dataVolumeTemplate where the field
// is dataVolumeTemplates.
func checkDataVolumeTemplates(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineSpec) {
	for n, template := range spec.DataVolumeTemplates {
		at := at.Child("dataVolumeTemplate").Index(n)
		before := len(f.causes)
		if checkDataVolume(f, at, template); len(f.causes) > before {
			continue
		}
		if !slices.ContainsFunc(spec.Template.Spec.Volumes, func(v kubevirtv1.Volume) bool {
			return v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == template.Name ||
				v.DataVolume != nil && v.DataVolume.Name == template.Name
		}) {
			f.required(at, "DataVolumeTemplate entry %s must be referenced in the VMI template's 'volumes' list", at)
		}
	}
}

func checkDataVolume(f *findings, at *field.Path, template kubevirtv1.DataVolumeTemplateSpec) {
	spec := template.Spec
	var populated bool
	switch {
	case spec.PVC != nil:
		populated = spec.PVC.DataSource != nil || spec.PVC.DataSourceRef != nil
	case spec.Storage != nil:
		populated = spec.Storage.DataSource != nil || spec.Storage.DataSourceRef != nil
	}
	sourced := spec.Source != nil || spec.SourceRef != nil
	switch {
	case template.Name == "":
		f.required(at.Child("name"), "'name' field must not be empty for DataVolumeTemplate entry %s.", at.Child("name"))
	case spec.PVC == nil && spec.Storage == nil:
		f.invalid(at.Child("PVC", "Storage"), "Missing Data volume PVC or Storage")
	case spec.PVC != nil && spec.Storage != nil:
		f.invalid(at.Child("PVC", "Storage"), "Duplicate storage definition, both target storage and target pvc defined")
	case populated && sourced:
		f.invalid(at.Child("source"), "External population is incompatible with Source and SourceRef")
	case !populated && !sourced:
		f.invalid(at.Child("source", "sourceRef"), "Data volume should have either Source, SourceRef, or be externally populated")
	case spec.Source != nil:
		switch sources := setFields(*spec.Source); {
		case sources == 0:
			f.invalid(at.Child("source"), "Missing dataVolume valid source")
		case sources > 1:
			f.invalid(at.Child("source"), "Multiple dataVolume sources")
		}
	}
}
