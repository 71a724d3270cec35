//go:build unix && !linux

package controlplane

import "syscall"

// childAttributes puts a child in a process group of its own. Only Linux can
// also have it killed with the parent.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
