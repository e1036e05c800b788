package image

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

const sector = 2048

// The first sectors of a CD. The files follow, each at the start of a sector.
const (
	primary = 16 + iota // the volume descriptors start here, by the standard
	bootRecord
	terminator
	littlePaths
	bigPaths
	root
	catalog
	files
)

// short is a name of ISO 9660's level 1, in lower case, which readers on Linux and isolinux make of it.
var short = regexp.MustCompile(`^[a-z0-9_]{1,8}(\.[a-z0-9_]{1,3})?$`)

// WriteCD writes a CD (ISO 9660) with files in its root folder, which boots the one of the name loader (El Torito, no emulation). Loader is told
// where it is on the CD, as isolinux wants it ("boot information table"): 64 of its bytes are overwritten, in a copy. A file is at most
// 4 GiB - 1, and all of the names and sizes have to fit into one sector: that is some 40 files.
func WriteCD(w io.Writer, all []File, loader string) error {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	at, sum := make([]uint32, len(all)), uint32(files)
	boot := -1
	for i, f := range all {
		if !short.MatchString(f.Path) || uint64(len(f.Data)) >= 1<<32 {
			return fmt.Errorf("%q is no file of such a CD", f.Path)
		}
		if f.Path == loader {
			boot = i
		}
		at[i] = sum
		sum += sectors(len(f.Data))
	}
	if boot < 0 || len(all[boot].Data) < 64 {
		return fmt.Errorf("there is no loader %q to boot from", loader)
	}
	all[boot].Data = informed(all[boot].Data, at[boot])
	names, err := listing(all, at)
	if err != nil {
		return err
	}
	head := make([]byte, files*sector)
	copy(head[primary*sector:], volume(sum))
	copy(head[bootRecord*sector:], "\x00CD001\x01EL TORITO SPECIFICATION")
	binary.LittleEndian.PutUint32(head[bootRecord*sector+0x47:], catalog)
	copy(head[terminator*sector:], "\xffCD001\x01")
	copy(head[littlePaths*sector:], paths(binary.LittleEndian))
	copy(head[bigPaths*sector:], paths(binary.BigEndian))
	copy(head[root*sector:], names)
	copy(head[catalog*sector:], bootCatalog(at[boot]))
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, f := range all {
		if _, err := w.Write(f.Data); err != nil {
			return err
		}
		if _, err := w.Write(make([]byte, int(sectors(len(f.Data)))*sector-len(f.Data))); err != nil {
			return err
		}
	}
	return nil
}

func sectors(n int) uint32 { return uint32((n + sector - 1) / sector) }

// informed is a loader with the table that tells it where it is.
func informed(data []byte, at uint32) []byte {
	data = slices.Clone(data)
	table := data[8:64]
	clear(table)
	binary.LittleEndian.PutUint32(table, primary)
	binary.LittleEndian.PutUint32(table[4:], at)
	binary.LittleEndian.PutUint32(table[8:], uint32(len(data)))
	var sum uint32
	rest := append(slices.Clone(data[64:]), 0, 0, 0)
	for ; len(rest) >= 4; rest = rest[4:] {
		sum += binary.LittleEndian.Uint32(rest)
	}
	binary.LittleEndian.PutUint32(table[12:], sum)
	return data
}

// listing is the root folder.
func listing(all []File, at []uint32) ([]byte, error) {
	out := slices.Concat(record("\x00", root, sector, 2), record("\x01", root, sector, 2))
	for i, f := range all {
		name := strings.ToUpper(f.Path)
		if !strings.Contains(name, ".") {
			name += "."
		}
		out = append(out, record(name+";1", at[i], uint32(len(f.Data)), 0)...)
	}
	if len(out) > sector {
		return nil, errors.New("there are too many files for such a CD")
	}
	return out, nil
}

// record is an entry of a folder; kind is 2 for a folder, else 0. It has no date.
func record(name string, at, size uint32, kind byte) []byte {
	r := make([]byte, 33+len(name)+(len(name)+1)%2)
	r[0] = byte(len(r))
	both32(r[2:], at)
	both32(r[10:], size)
	r[25] = kind
	both16(r[28:], 1) // the volume
	r[32] = byte(len(name))
	copy(r[33:], name)
	return r
}

// volume is the primary volume descriptor of a CD of some sectors.
func volume(size uint32) []byte {
	v := make([]byte, sector)
	copy(v, "\x01CD001\x01")
	for _, text := range [][2]int{{8, 72}, {190, 813}} { // names of systems, people and files
		for i := text[0]; i < text[1]; i++ {
			v[i] = ' '
		}
	}
	both32(v[80:], size)
	both16(v[120:], 1)
	both16(v[124:], 1)
	both16(v[128:], sector)
	both32(v[132:], uint32(len(paths(binary.LittleEndian))))
	binary.LittleEndian.PutUint32(v[140:], littlePaths)
	binary.BigEndian.PutUint32(v[148:], bigPaths)
	copy(v[156:], record("\x00", root, sector, 2))
	for _, date := range []int{813, 830, 847, 864} {
		copy(v[date:], "0000000000000000") // none
	}
	v[881] = 1
	return v
}

// paths is the table of folders: the root.
func paths(order binary.ByteOrder) []byte {
	p := make([]byte, 10)
	p[0] = 1
	order.PutUint32(p[2:], root)
	order.PutUint16(p[6:], 1)
	return p
}

// bootCatalog says that the BIOS loads the first 2 KiB of what begins at a sector, and runs it.
func bootCatalog(at uint32) []byte {
	c := make([]byte, 64)
	c[0] = 1
	c[30], c[31] = 0x55, 0xaa
	binary.LittleEndian.PutUint16(c[28:], 0x55aa) // so that the words of this half, 1 and 0xaa55, add up to 0
	c[32] = 0x88                                  // bootable
	binary.LittleEndian.PutUint16(c[38:], 4)      // of 512 bytes
	binary.LittleEndian.PutUint32(c[40:], at)
	return c
}

func both32(b []byte, n uint32) {
	binary.LittleEndian.PutUint32(b, n)
	binary.BigEndian.PutUint32(b[4:], n)
}

func both16(b []byte, n uint16) {
	binary.LittleEndian.PutUint16(b, n)
	binary.BigEndian.PutUint16(b[2:], n)
}
