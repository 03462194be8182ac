package servers

import "syscall"

// childAttr makes a child end with its starter. Its process group is its own,
// so that an interrupt typed at the terminal does not end it before those that
// use it are done.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
