package image

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"testing"
)

// TestArchive reads an archive as Linux does.
func TestArchive(t *testing.T) {
	var out bytes.Buffer
	files := []File{{Path: "init", Executable: true, Data: []byte("abcde")}, {Path: "a/b/c.txt", Data: []byte("x")}, {Path: "a/empty"}}
	if err := WriteArchive(&out, files); err != nil {
		t.Fatal(err)
	}
	want := "a 40755 \"\"\na/b 40755 \"\"\ndev 40755 \"\"\ndev/console 20600 \"\"\ninit 100755 \"abcde\"\na/b/c.txt 100644 \"x\"\na/empty 100644 \"\"\nTRAILER!!! 0 \"\"\n"
	if got := list(t, out.Bytes()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func list(t *testing.T, b []byte) (text string) {
	t.Helper()
	for len(b) > 0 {
		field := func(i int) int {
			n, err := strconv.ParseUint(string(b[6+8*i:14+8*i]), 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			return int(n)
		}
		if string(b[:6]) != "070701" {
			t.Fatalf("no entry: %q", b[:6])
		}
		size, nameSize := field(6), field(11)
		name := b[110 : 110+nameSize]
		if name[nameSize-1] != 0 {
			t.Fatalf("%q has no end", name)
		}
		start := (110 + nameSize + 3) &^ 3
		text += fmt.Sprintf("%s %o %q\n", name[:nameSize-1], field(1), b[start:start+size])
		b = b[(start+size+3)&^3:]
	}
	return text
}

func TestArchiveRefuses(t *testing.T) {
	for _, path := range []string{"", "/init", "../init", "a/../b", "a//b", "."} {
		if err := WriteArchive(&bytes.Buffer{}, []File{{Path: path}}); err == nil {
			t.Errorf("%q is taken", path)
		}
	}
}

// TestCD follows a CD as a BIOS does, to the loader, and as isolinux does, to the files.
func TestCD(t *testing.T) {
	loader := bytes.Repeat([]byte{1, 2, 3, 4, 5}, 1001)
	big := bytes.Repeat([]byte("0123456789"), 1000)
	var out bytes.Buffer
	if err := WriteCD(&out, []File{{Path: "vmlinuz", Data: big}, {Path: "boot.bin", Data: loader}, {Path: "a.cfg", Data: []byte("x")}, {Path: "none"}}, "boot.bin"); err != nil {
		t.Fatal(err)
	}
	cd := out.Bytes()
	at := func(n uint32) []byte { return cd[n*sector:] }
	le := binary.LittleEndian
	v := at(16)
	if string(v[1:6]) != "CD001" || v[0] != 1 || int(le.Uint32(v[80:]))*sector != len(cd) {
		t.Errorf("no volume of %d bytes: % x", len(cd), v[:90])
	}
	if end := at(18); end[0] != 0xff {
		t.Errorf("the descriptors don't end: % x", end[:8])
	}
	// The BIOS.
	record := at(17)
	if string(record[1:30]) != "CD001\x01EL TORITO SPECIFICATION" {
		t.Fatalf("it does not boot: %q", record[:40])
	}
	c := at(le.Uint32(record[0x47:]))
	var sum uint16
	for i := 0; i < 32; i += 2 {
		sum += le.Uint16(c[i:])
	}
	if sum != 0 || c[32] != 0x88 {
		t.Errorf("the boot catalog is not valid: % x", c[:64])
	}
	boot := le.Uint32(c[40:])
	got := at(boot)[:len(loader)]
	if !bytes.Equal(got[:8], loader[:8]) || !bytes.Equal(got[64:], loader[64:]) {
		t.Error("the loader is not at its place")
	}
	var words uint32
	for rest := append(bytes.Clone(loader[64:]), 0, 0, 0); len(rest) >= 4; rest = rest[4:] {
		words += le.Uint32(rest)
	}
	if table := [4]uint32{le.Uint32(got[8:]), le.Uint32(got[12:]), le.Uint32(got[16:]), le.Uint32(got[20:])}; table != [4]uint32{16, boot, uint32(len(loader)), words} {
		t.Errorf("the loader's table is %v", table)
	}
	// isolinux.
	names := ""
	for dir := at(le.Uint32(v[156+2:])); dir[0] > 0; dir = dir[dir[0]:] {
		start, size, name := le.Uint32(dir[2:]), le.Uint32(dir[10:]), string(dir[33:33+dir[32]])
		names += fmt.Sprintf("%q %d\n", name, size)
		if name == "VMLINUZ.;1" && !bytes.Equal(at(start)[:size], big) {
			t.Error("vmlinuz is not at its place")
		}
	}
	want := "\"\\x00\" 2048\n\"\\x01\" 2048\n\"A.CFG;1\" 1\n\"BOOT.BIN;1\" 5005\n\"NONE.;1\" 0\n\"VMLINUZ.;1\" 10000\n"
	if names != want {
		t.Errorf("got\n%swant\n%s", names, want)
	}
}

func TestCDRefuses(t *testing.T) {
	boot := File{Path: "boot.bin", Data: make([]byte, 64)}
	var many []File
	for i := range 60 {
		many = append(many, File{Path: fmt.Sprintf("file%d.txt", i)})
	}
	for name, files := range map[string][]File{
		"no loader":    {{Path: "a"}},
		"small loader": {{Path: "boot.bin", Data: make([]byte, 63)}},
		"long name":    {boot, {Path: "muchtoolong"}},
		"upper case":   {boot, {Path: "A"}},
		"folder":       {boot, {Path: "a/b"}},
		"many":         append(many, boot),
	} {
		if err := WriteCD(&bytes.Buffer{}, files, "boot.bin"); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
