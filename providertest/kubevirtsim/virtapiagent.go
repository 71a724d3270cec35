package kubevirtsim

import (
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// What the guest agent tells: guestosinfo, userlist and filesystemlist. Whatever goes wrong, that the instance does not
// exist included, is a 500 in plain text (httpGetRequestHandler, pkg/virt-api/rest/subresource.go).

func (a *virtAPI) guestInfo(q *question) error {
	return a.fromAgent(q, func(vmi *kubevirtv1.VirtualMachineInstance) any {
		return kubevirtv1.VirtualMachineInstanceGuestAgentInfo{
			GAVersion:         "10.1.0",
			SupportedCommands: []kubevirtv1.GuestAgentCommandInfo{{Name: "guest-get-osinfo", Enabled: true}, {Name: "guest-fsfreeze-freeze", Enabled: true}},
			Hostname:          hostname(vmi), OS: guestOS, Timezone: "UTC, 0",
			UserList: users(vmi), FSInfo: kubevirtv1.VirtualMachineInstanceFileSystemInfo{Filesystems: filesystems(vmi)},
			FSFreezeStatus: vmi.Status.FSFreezeStatus,
		}
	})
}

func (a *virtAPI) guestUsers(q *question) error {
	return a.fromAgent(q, func(vmi *kubevirtv1.VirtualMachineInstance) any {
		return kubevirtv1.VirtualMachineInstanceGuestOSUserList{Items: users(vmi)}
	})
}

func (a *virtAPI) guestFilesystems(q *question) error {
	return a.fromAgent(q, func(vmi *kubevirtv1.VirtualMachineInstance) any {
		return kubevirtv1.VirtualMachineInstanceFileSystemList{Items: filesystems(vmi)}
	})
}

func (a *virtAPI) fromAgent(q *question, tell func(*kubevirtv1.VirtualMachineInstance) any) error {
	vmi, err := a.instance(q)
	switch {
	case err != nil:
	case vmi.Status.Phase != kubevirtv1.Running:
		err = instanceConflict(q.name, textInstanceNotRunning)
	case !hasCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected):
		err = instanceConflict(q.name, textNoAgent)
	}
	if err != nil {
		return plain{http.StatusInternalServerError, err.Error()}
	}
	q.answer(http.StatusOK, tell(vmi))
	return nil
}

func hostname(vmi *kubevirtv1.VirtualMachineInstance) string {
	if vmi.Spec.Hostname != "" {
		return vmi.Spec.Hostname
	}
	return vmi.Name
}

// users and filesystems are those of every guest. The user has been there since the instance runs.
func users(vmi *kubevirtv1.VirtualMachineInstance) []kubevirtv1.VirtualMachineInstanceGuestOSUser {
	return []kubevirtv1.VirtualMachineInstanceGuestOSUser{{UserName: guestOS.ID, LoginTime: float64(runningSince(vmi).Unix())}}
}

func runningSince(vmi *kubevirtv1.VirtualMachineInstance) metav1.Time {
	for _, t := range vmi.Status.PhaseTransitionTimestamps {
		if t.Phase == kubevirtv1.Running {
			return t.PhaseTransitionTimestamp
		}
	}
	return vmi.CreationTimestamp
}

func filesystems(vmi *kubevirtv1.VirtualMachineInstance) []kubevirtv1.VirtualMachineInstanceFileSystem {
	if len(vmi.Status.VolumeStatus) == 0 {
		return []kubevirtv1.VirtualMachineInstanceFileSystem{}
	}
	const used, total = 1 << 30, 4 << 30
	return []kubevirtv1.VirtualMachineInstanceFileSystem{{
		DiskName: vmi.Status.VolumeStatus[0].Target + "1", MountPoint: "/", FileSystemType: "ext4", UsedBytes: used, TotalBytes: total,
		Disk: []kubevirtv1.VirtualMachineInstanceFileSystemDisk{{BusType: "virtio"}},
	}}
}
