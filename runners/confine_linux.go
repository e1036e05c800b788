package runners

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// confine ties the socket of this process that listens on a port to the loopback interface. Connections from elsewhere
// are refused by the system from then on.
func confine(port int) error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || !listensOn(fd, port) {
			continue
		}
		if err := syscall.SetsockoptString(fd, syscall.SOL_SOCKET, syscall.SO_BINDTODEVICE, "lo"); err != nil {
			return fmt.Errorf("SO_BINDTODEVICE: %w", err)
		}
		return nil
	}
	return errors.New("its socket was not found")
}

func listensOn(fd, port int) bool {
	if yes, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN); err != nil || yes == 0 {
		return false
	}
	addr, err := syscall.Getsockname(fd)
	if err != nil {
		return false
	}
	switch a := addr.(type) {
	case *syscall.SockaddrInet4:
		return a.Port == port
	case *syscall.SockaddrInet6:
		return a.Port == port
	}
	return false
}
