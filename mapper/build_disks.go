package mapper

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/jsontree"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
)

func buildDisks(body, guest object, namespace string, spec *domain.VMSpec) {
	for n := range spec.Disks {
		d := &spec.Disks[n]
		buildVolume(named(guest, "volumes", d.Name, "name"), d)
		buildDevice(named(jsontree.Make(guest, "domain", "devices"), "disks", d.Name, "name"), d)
		if d.Kind == domain.DiskBlank || d.Kind == domain.DiskClone {
			buildTemplate(named(body, "dataVolumeTemplates", d.Claim, "metadata", "name"), namespace, d)
		}
	}
	if spec.CloudInit != nil {
		buildCloudInit(guest, spec.CloudInit)
	}
}

// buildVolume writes the source of a volume. A volume has exactly one: another that the manifest has, of whatever
// kind, goes; of the same one the fields that the spec does not know stay.
func buildVolume(volume object, d *domain.Disk) {
	switch d.Kind {
	case domain.DiskImage:
		onlySource(volume, "containerDisk")["image"] = d.Image
	case domain.DiskClaim:
		source := onlySource(volume, "persistentVolumeClaim")
		source["claimName"] = d.Claim
		setTrue(source, "hotpluggable", d.Hotpluggable)
	default: // what is made with the VM is a DataVolume too
		source := onlySource(volume, "dataVolume")
		source["name"] = d.Claim
		setTrue(source, "hotpluggable", d.Hotpluggable)
	}
}

func onlySource(volume object, source string) object {
	for key := range volume {
		if key != "name" && key != source {
			delete(volume, key)
		}
	}
	return jsontree.Make(volume, source)
}

// buildDevice writes how the guest sees a disk. A drive or LUN of the manifest stays one.
func buildDevice(device object, d *domain.Disk) {
	kind := "disk"
	switch {
	case d.CDROM:
		kind = "cdrom"
	case device["cdrom"] != nil:
		kind = "cdrom"
	case device["lun"] != nil:
		kind = "lun"
	}
	target := only(device, kind, "disk", "cdrom", "lun")
	setText(target, "bus", d.Bus)
	if kind != "cdrom" { // a drive is read-only without being told
		setTrue(target, "readonly", d.ReadOnly)
	}
	setNumber(device, "bootOrder", d.BootOrder)
}

// buildTemplate writes the DataVolume that is made with the VM. "storage" lets CDI choose the modes and, for a clone
// without a size, the size of its source; a manifest that says "pvc" keeps that.
func buildTemplate(template object, namespace string, d *domain.Disk) {
	spec := jsontree.Make(template, "spec")
	delete(spec, "source")
	delete(spec, "sourceRef")
	if d.Kind == domain.DiskBlank {
		jsontree.Make(spec, "source", "blank")
	} else {
		source := jsontree.Make(spec, "source", "pvc")
		source["name"] = d.SourceClaim
		source["namespace"] = first(d.SourceNamespace, namespace)
	}
	kind := "storage"
	if spec["pvc"] != nil {
		kind = "pvc"
	}
	claim := jsontree.Make(spec, kind)
	if d.Bytes > 0 {
		jsontree.Make(claim, "resources", "requests")["storage"] = bytesText(d.Bytes)
	}
	setText(claim, "storageClassName", d.StorageClass)
}

func buildCloudInit(guest object, ci *domain.CloudInit) {
	kind := "cloudInitNoCloud"
	if ci.ConfigDrive {
		kind = "cloudInitConfigDrive"
	}
	volume := named(guest, "volumes", vmspec.CloudInitDisk, "name")
	source := onlySource(volume, kind)
	for _, key := range []string{"userData", "userDataBase64", "secretRef", "networkData", "networkDataBase64", "networkDataSecretRef"} {
		delete(source, key)
	}
	setText(source, "userData", ci.UserData.Reveal())
	setText(source, "networkData", ci.NetworkData.Reveal())
	if ci.UserDataSecret != "" {
		source["secretRef"] = object{"name": ci.UserDataSecret}
	}
	if ci.NetworkDataSecret != "" {
		source["networkDataSecretRef"] = object{"name": ci.NetworkDataSecret}
	}
	device := named(jsontree.Make(guest, "domain", "devices"), "disks", vmspec.CloudInitDisk, "name")
	if device["disk"] == nil && device["cdrom"] == nil && device["lun"] == nil {
		device["disk"] = object{"bus": "virtio"}
	}
}

func setTrue(o object, key string, b bool) {
	if b {
		o[key] = true
	}
}
