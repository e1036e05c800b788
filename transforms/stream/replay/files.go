package replay

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// maxLetter is how long a line may be: a row of format.MaxRow in base64, and what stands around it.
const maxLetter = 2*format.MaxRow + 1<<20

// fileLetters are dead letters in files, as `glulam batch` and jsonl sinks write them.
type fileLetters struct {
	names []string
	known map[string]string // part -> file
	file  *lineReader       // nil: none is open
}

// openFiles reads a file, or all *.jsonl, *.jsonl.gz and *.jsonl.zst of a folder by their names.
func openFiles(path string) (Letters, error) {
	l := &fileLetters{names: []string{path}, known: map[string]string{}}
	st, err := os.Stat(path)
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, path, err)
	}
	if !st.IsDir() {
		return l, nil
	}
	l.names = nil
	for _, pattern := range []string{"*.jsonl", "*.jsonl.gz", "*.jsonl.zst"} {
		found, err := filepath.Glob(filepath.Join(escapeGlob(path), pattern))
		if err != nil {
			return nil, fault.FromOS(fault.Unreadable, path, err)
		}
		l.names = append(l.names, found...)
	}
	if slices.Sort(l.names); len(l.names) == 0 {
		return nil, fault.New(fault.NotFound, path, "there are no dead letters in this folder: no file is called *.jsonl").
			WithHint("those of glulam batch are in OUTPUT/rejected")
	}
	return l, nil
}

// escapeGlob makes a path a pattern that matches it alone.
func escapeGlob(path string) string {
	var b bytes.Buffer
	for _, r := range path {
		if bytes.ContainsRune([]byte(`*?[\`), r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Next implements Letters.
func (l *fileLetters) Next(ctx context.Context) (Item, error) {
	for {
		if l.file == nil {
			if len(l.names) == 0 {
				return Item{}, io.EOF
			}
			f, err := openLines(ctx, l.names[0])
			if err != nil {
				return Item{}, err
			}
			l.file, l.names = f, l.names[1:]
		}
		line, err := l.file.next()
		if errors.Is(err, io.EOF) {
			l.file.close()
			l.file = nil
			continue
		}
		tooLong := errors.Is(err, errTooLong)
		if err != nil && !tooLong {
			return Item{}, err
		}
		if l.file.n == 1 {
			sum := sha256.Sum256(line)
			l.file.part = "file:" + hex.EncodeToString(sum[:])
			if other, twice := l.known[l.file.part]; twice {
				return Item{}, fault.New(fault.Conflict, l.file.name, "it begins with the same letter as %s: one of them is a copy", other).WithHint("leave one of them out")
			}
			l.known[l.file.part] = l.file.name
		}
		it := Item{Part: l.file.part, At: l.file.n - 1, Where: fmt.Sprintf("%s line %d", l.file.name, l.file.n), Data: line, Sum: l.file.digest()}
		if tooLong {
			it.Data, it.Err = nil, err
		}
		if len(bytes.TrimSpace(line)) == 0 && !tooLong {
			continue
		}
		return it, nil
	}
}

// Sum implements Letters.
func (l *fileLetters) Sum(ctx context.Context, part string, before int64) (string, error) {
	f, err := openLines(ctx, l.known[part])
	if err != nil {
		return "", err
	}
	defer f.close()
	for f.n < before {
		if _, err := f.next(); errors.Is(err, io.EOF) {
			break // shorter than it was: the digest is another one
		} else if err != nil && !errors.Is(err, errTooLong) {
			return "", err
		}
	}
	return f.digest(), nil
}

// Close implements Letters.
func (l *fileLetters) Close() error {
	if l.file != nil {
		l.file.close()
		l.file = nil
	}
	return nil
}

// lineReader reads the lines of a file, and counts and digests them.
type lineReader struct {
	name string
	part string
	file *format.File
	r    *bufio.Reader
	n    int64 // lines read
	sum  hash.Hash
}

func openLines(ctx context.Context, name string) (*lineReader, error) {
	f, err := format.OpenFile(name)
	if err != nil {
		return nil, err
	}
	content, err := f.Stream(ctx, 0)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &lineReader{name: name, file: f, r: bufio.NewReaderSize(content, 64<<10), sum: sha256.New()}, nil
}

// errTooLong is the error of a line that no letter is as long as.
var errTooLong = fmt.Errorf("the line is longer than %d MiB", maxLetter>>20)

// next gives a line without its end. It is the caller's.
func (f *lineReader) next() (line []byte, err error) {
	long, any := false, false
	for {
		part, err := f.r.ReadSlice('\n')
		any = any || len(part) > 0
		if err != nil && err != io.EOF && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, fault.FromOS(fault.Unreadable, f.name, err)
		}
		end := bytes.TrimSuffix(part, []byte{'\n'})
		f.sum.Write(end)
		if long = long || len(line)+len(end) > maxLetter; !long {
			line = append(line, end...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if !any {
			return nil, io.EOF
		}
		break
	}
	f.sum.Write([]byte{'\n'}) // also of a last line that is still without one
	f.n++
	if long {
		return line[:0], errTooLong
	}
	return bytes.TrimSuffix(line, []byte{'\r'}), nil
}

func (f *lineReader) digest() string { return hex.EncodeToString(f.sum.Sum(nil)) }

func (f *lineReader) close() { f.file.Close() }
