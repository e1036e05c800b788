package runners

import "syscall"

// endWithUs has a process that we start end when this one does, however it ends.
func endWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGTERM }
