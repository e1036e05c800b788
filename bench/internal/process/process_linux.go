package process

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Adopt makes this process the parent of descendants whose own parent ends, so that none escapes the account.
func Adopt() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// orphansEnd is how long descendants may outlive their job before they are ended.
const orphansEnd = 3 * time.Second

// reapOrphans waits for all adopted descendants. No other child may be running.
func reapOrphans() (cpu time.Duration, peak int64) {
	for deadline := time.Now().Add(orphansEnd); ; {
		var ru syscall.Rusage
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, &ru)
		switch {
		case err == syscall.EINTR:
		case err != nil: // ECHILD: none is left
			return cpu, peak
		case pid > 0:
			cpu += time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
			peak = max(peak, ru.Maxrss<<10)
		default:
			if time.Now().After(deadline) {
				for _, pid := range descendants(os.Getpid())[1:] {
					syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// killTree ends a process and all its descendants.
func killTree(pid int) {
	for _, p := range descendants(pid) {
		syscall.Kill(p, syscall.SIGKILL)
	}
}

// descendants are a process, first, and all its descendants. The kernel lists the children of each thread, which takes far
// less than looking through all processes of the machine; one built without CONFIG_PROC_CHILDREN lists none.
func descendants(pid int) []int {
	tree := []int{pid}
	for i := 0; i < len(tree); i++ {
		tasks := "/proc/" + strconv.Itoa(tree[i]) + "/task"
		threads, _ := os.ReadDir(tasks)
		for _, t := range threads {
			list, _ := os.ReadFile(tasks + "/" + t.Name() + "/children")
			for _, f := range bytes.Fields(list) {
				if child, err := strconv.Atoi(string(f)); err == nil {
					tree = append(tree, child)
				}
			}
		}
	}
	return tree
}

// resident is the memory of several processes: what each has for itself, and the most that one has of mapped files.
func resident(pids []int) int64 {
	var own, files int64
	for _, pid := range pids {
		data, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		own += statusField(data, "RssAnon") + statusField(data, "RssShmem")
		files = max(files, statusField(data, "RssFile"))
	}
	return own + files
}

// statusField is a field of /proc/*/status that is in kB, in bytes; 0 if it is not there.
func statusField(status []byte, name string) int64 {
	_, rest, _ := bytes.Cut(status, []byte("\n"+name+":"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	f := bytes.Fields(line)
	if len(f) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(string(f[0]), 10, 64)
	return n << 10
}

// forget gives memory back that this program does not use any more, and has the kernel forget its peak: see Run.
func forget() {
	debug.FreeOSMemory()
	// Without this file, in a kernel that was built without it, the peak stays.
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peakOf is the peak of an ended process or of a descendant it waited for, whichever is larger.
func peakOf(p *os.ProcessState) int64 {
	if ru, ok := p.SysUsage().(*syscall.Rusage); ok {
		return ru.Maxrss << 10
	}
	return 0
}

// Settle writes out what earlier programs left in the page cache, so that none pays for another.
func Settle() { unix.Sync() }
