package parquetdir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
)

// spool holds rows of one window until they become a part. Its file is whole up to size.
type spool struct {
	id     string // unique, and the part's name
	window window
	schema *arrow.Schema
	head   []byte // the schema's message
	rows   int64  // in the file
	size   int64  // of the file; 0: there is none yet
	used   int64  // the micro-batch that wrote to it last
	born   time.Time
	late   bool

	pending batch // rows that are not in the file yet
}

// window is from Start to before End, in milliseconds since 1970.
type window struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

// newID gives a name that no other part has, and that sorts by time.
func newID(reader int, now time.Time) string {
	return fmt.Sprintf("part-%05d-%013d-%016x", reader, now.UnixMilli(), rand.Uint64())
}

// spoolHead is the first frame of a spool. Schema is a message of Arrow's IPC format.
type spoolHead struct {
	Version int    `json:"glulam_spool"`
	Window  window `json:"window"`
	Schema  []byte `json:"schema"`
}

const spoolVersion = 1

func (s *spool) headFrame() ([]byte, error) {
	h, err := json.Marshal(spoolHead{Version: spoolVersion, Window: s.window, Schema: s.head})
	if err != nil {
		return nil, err
	}
	return endFrame(append(beginFrame(nil), h...)), nil
}

// flush writes what is pending. If it fails the file ends where it ended.
func (s *spool) flush(dir string, number, floor int64, sync bool) (err error) {
	path := filepath.Join(dir, s.id+spoolExt)
	defer func() {
		if err != nil {
			err = fault.FromOS(fault.Unwritable, path, err)
		}
	}()
	var content []byte
	flags := os.O_WRONLY
	if s.size == 0 {
		if content, err = s.headFrame(); err != nil {
			return err
		}
		flags |= os.O_CREATE | os.O_EXCL
	}
	s.pending.number, s.pending.floor = number, floor
	frame := append(s.pending.appendHead(beginFrame(nil)), s.pending.payload...)
	content = append(content, endFrame(frame)...)
	f, err := os.OpenFile(path, flags, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err = f.WriteAt(content, s.size); err == nil && sync {
		err = f.Sync()
	}
	if err != nil {
		f.Truncate(s.size) // as well as it goes: what is left over is cut off when the file is opened again
		return err
	}
	s.size += int64(len(content))
	s.rows += s.pending.rows
	s.used = number
	s.pending = batch{}
	return nil
}

// spoolFile reads a spool.
type spoolFile struct {
	file   *os.File
	path   string
	frames frames
	head   spoolHead
}

// openSpool opens a spool and reads its head. errTorn: it has none.
func openSpool(path string) (*spoolFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, path, err)
	}
	s := &spoolFile{file: f, path: path}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fault.FromOS(fault.Unreadable, path, err)
	}
	s.frames = frames{r: f, size: st.Size()}
	if err = s.readHead(); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

func (s *spoolFile) readHead() error {
	data, err := s.frames.next()
	if errors.Is(err, io.EOF) || errors.Is(err, errTorn) {
		return s.torn()
	}
	if err != nil {
		return fault.FromOS(fault.Unreadable, s.path, err)
	}
	if err := json.Unmarshal(data, &s.head); err != nil {
		return s.corrupt(err)
	}
	if s.head.Version != spoolVersion {
		return fault.New(fault.Unsupported, s.path, "rows that another version of glulam keeps").WithHint("stop the run in good order with that version first")
	}
	return nil
}

// torn is errTorn if nothing that was acknowledged stands behind.
func (s *spoolFile) torn() error {
	more, err := s.frames.moreBehind()
	switch {
	case err != nil:
		return fault.FromOS(fault.Unreadable, s.path, err)
	case more:
		return s.corrupt(fmt.Errorf("byte %d", s.frames.at))
	}
	return errTorn
}

func (s *spoolFile) corrupt(err error) error {
	return fault.New(fault.Corrupt, s.path, "rows that were acknowledged are damaged: %w", err).
		WithHint("move the file away to go on without its rows")
}

// next gives the next micro-batch, valid until the next call, or io.EOF, or errTorn where a write was cut off.
func (s *spoolFile) next() (batch, error) {
	data, err := s.frames.next()
	switch {
	case errors.Is(err, io.EOF):
		return batch{}, io.EOF
	case errors.Is(err, errTorn):
		return batch{}, s.torn()
	case err != nil:
		return batch{}, fault.FromOS(fault.Unreadable, s.path, err)
	}
	b, err := parseBatch(data)
	if err != nil {
		return b, s.corrupt(err)
	}
	return b, nil
}

// recoverSpool reads a spool that an earlier process left, cuts off a write that was not finished, and tells seen of each
// micro-batch. It gives nil if there is nothing in it.
func recoverSpool(path string, seen func(*batch)) (*spool, error) {
	f, err := openSpool(path)
	if errors.Is(err, errTorn) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.file.Close()
	s := &spool{window: f.head.Window, head: f.head.Schema}
	s.id = idOf(path)
	if s.schema, err = schemaOf(f.head.Schema); err != nil {
		return nil, f.corrupt(err)
	}
	for {
		b, err := f.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, errTorn) {
			if err := f.file.Truncate(f.frames.at); err != nil {
				return nil, fault.FromOS(fault.Unwritable, path, err)
			}
			break
		}
		if err != nil {
			return nil, err
		}
		seen(&b)
		s.rows += b.rows
		s.used = b.number
	}
	if s.size = f.frames.at; s.rows == 0 {
		return nil, nil
	}
	return s, nil
}
