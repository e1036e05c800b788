package parquetdir

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A spool is a file of frames. The first holds its head, each further one what a micro-batch brought for its window. A frame is
//
//	magic   4 bytes
//	crc     4 bytes, CRC-32C of the length and what is in it, little endian
//	length  8 bytes, of what is in it, little endian
//	what is in it
const frameHead = 16

const frameMagic = "glS1"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// beginFrame makes room for a frame's head in dst.
func beginFrame(dst []byte) []byte { return append(dst, make([]byte, frameHead)...) }

// endFrame fills in the head of the frame that is the whole of b.
func endFrame(b []byte) []byte {
	copy(b, frameMagic)
	binary.LittleEndian.PutUint64(b[8:], uint64(len(b)-frameHead))
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli))
	return b
}

// errTorn is what frames gives where no whole frame stands.
var errTorn = errors.New("no whole frame")

// frames reads the frames of a file.
type frames struct {
	r    io.ReaderAt
	at   int64 // of the next frame
	size int64 // of the file
	buf  []byte
}

// next gives what is in the next frame, valid until the next call; io.EOF at the end of the file, errTorn if there is
// something else.
func (f *frames) next() ([]byte, error) {
	if f.at == f.size {
		return nil, io.EOF
	}
	n, err := f.length(f.at)
	if err != nil {
		return nil, err
	}
	total := frameHead + n
	if int64(cap(f.buf)) < total {
		f.buf = make([]byte, total)
	}
	f.buf = f.buf[:total]
	if _, err := f.r.ReadAt(f.buf, f.at); err != nil && err != io.EOF {
		return nil, err
	}
	if crc32.Checksum(f.buf[8:], castagnoli) != binary.LittleEndian.Uint32(f.buf[4:]) {
		return nil, errTorn
	}
	f.at += total
	return f.buf[frameHead:], nil
}

// length reads the head of the frame at an offset.
func (f *frames) length(at int64) (int64, error) {
	var head [frameHead]byte
	if f.size-at < frameHead {
		return 0, errTorn
	}
	if _, err := f.r.ReadAt(head[:], at); err != nil && err != io.EOF {
		return 0, err
	}
	n := binary.LittleEndian.Uint64(head[8:])
	if string(head[:4]) != frameMagic || n > uint64(f.size-at-frameHead) {
		return 0, errTorn
	}
	return int64(n), nil
}

// moreBehind says whether a whole frame stands somewhere behind at: then what is at at is not the end of a write that was
// cut off, but damage. Only what was acknowledged has another frame behind it.
func (f *frames) moreBehind() (bool, error) {
	const step = 1 << 20
	buf := make([]byte, step+len(frameMagic))
	for at := f.at + 1; at < f.size; at += step {
		n, err := f.r.ReadAt(buf[:min(int64(len(buf)), f.size-at)], at)
		if err != nil && err != io.EOF {
			return false, err
		}
		for i := 0; i+len(frameMagic) <= n; i++ {
			if buf[i] != frameMagic[0] || string(buf[i:i+len(frameMagic)]) != frameMagic {
				continue
			}
			g := frames{r: f.r, at: at + int64(i), size: f.size}
			switch _, err := g.next(); {
			case err == nil:
				return true, nil
			case !errors.Is(err, errTorn):
				return false, err
			}
		}
	}
	return false, nil
}
