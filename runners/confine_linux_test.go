package runners

import (
	"fmt"
	"net"
	"testing"
	"time"
)

// TestConfine: a confined port answers on the loopback interface and on no other.
func TestConfine(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	port := l.Addr().(*net.TCPAddr).Port
	reaches := func(host string) bool {
		c, err := net.DialTimeout("tcp", net.JoinHostPort(host, fmt.Sprint(port)), time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	}
	if err := confine(port); err != nil {
		t.Fatal(err)
	}
	if !reaches("localhost") {
		t.Error("localhost does not reach it any more")
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		ip, ok := a.(*net.IPNet)
		if ok && !ip.IP.IsLoopback() && reaches(ip.IP.String()) {
			t.Errorf("it can be reached at %s", ip.IP)
		}
	}
	if err := confine(1); err == nil {
		t.Error("a port that nobody listens on was confined")
	}
}
