package controlplane

import "syscall"

// childAttributes puts a child in a process group of its own, so that Ctrl-C
// reaches only the parent, which then stops things in order, and has the
// kernel kill it when the parent dies without having had the chance.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
