package parquet

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// attempt reads everything of a file that is not to be trusted. It fails the test on a panic that gets out, on an error
// of an unknown kind and on more memory than a file of this size can be worth.
func attempt(t *testing.T, what string, data []byte, cols []format.Column) *got {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	g, err := read(Format{}, memFile(t, data), cols, 1<<40)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
		t.Errorf("%s: %d MiB allocated, %v", what, used>>20, err)
	}
	if err == nil {
		return g
	}
	switch fault.CodeOf(err) {
	case fault.Corrupt, fault.Unsupported, fault.Schema, fault.TooLarge, fault.Empty:
	default:
		t.Errorf("%s: code %s: %v", what, fault.CodeOf(err), err)
	}
	return nil
}

func same(a, b *got) bool {
	if len(a.columns) != len(b.columns) || len(a.rows) != len(b.rows) {
		return false
	}
	for i := range a.columns {
		if !sameValues(a.columns[i], b.columns[i]) {
			return false
		}
	}
	return true
}

// everything asks for all columns of a file, numbers also as numbers, texts also as texts.
func everything(t testing.TB, data []byte) (cols []format.Column) {
	t.Helper()
	l, err := Format{}.Describe(t.Context(), memFile(t, data))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range l.Columns {
		if strings.Contains(c.Type.String(), "view") {
			continue
		}
		cols = append(cols, format.Column{Name: c.Name, Kind: format.Native})
		switch id := c.Type.ID(); {
		case arrow.IsInteger(id), arrow.IsFloating(id), arrow.IsDecimal(id):
			cols = append(cols, format.Column{Name: c.Name + "#", Path: c.Name, Kind: format.Number})
		case id == arrow.STRING, id == arrow.DICTIONARY:
			cols = append(cols, format.Column{Name: c.Name + "$", Path: c.Name, Kind: format.Text})
		}
	}
	return cols
}

func hostileFiles(t testing.TB) map[string][]byte {
	rec := sample(3000, 1)
	files := map[string][]byte{"ours": write(t, rec.Schema(), rec)}
	for _, name := range pyarrowFiles {
		files[name] = testFile(t, name)
	}
	return files
}

func footerStart(data []byte) int {
	return len(data) - 8 - int(binary.LittleEndian.Uint32(data[len(data)-8:]))
}

func TestTruncated(t *testing.T) {
	for name, data := range hostileFiles(t) {
		cols := everything(t, data)
		for pct := range 100 {
			n := len(data) * pct / 100
			what := name + " cut at " + strconv.Itoa(pct) + "%"
			if g := attempt(t, what, data[:n], cols); g != nil {
				t.Errorf("%s: read", what)
			}
			// The same with the footer in place: bytes lost in the middle.
			lost := append(bytes.Clone(data[:n]), data[max(n, footerStart(data)):]...)
			if n < footerStart(data) {
				if g := attempt(t, what+" before the footer", lost, cols); g != nil {
					t.Errorf("%s: read", what)
				}
			}
		}
	}
}

// flips says which files have a checksum on all their values, so that a change is always found: those that we write, and
// those that pyarrow writes when it is asked to. The others can only be read without harm.
var flips = map[string]bool{"ours": true, "snappy.parquet": true, "gzip_int.parquet": true, "plain.parquet": true, "brotli_v2.parquet": true, "lz4_delta.parquet": true}

func TestBitFlips(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	count := 400
	if testing.Short() {
		count = 100
	}
	for name, data := range hostileFiles(t) {
		cols := everything(t, data)
		want, err := read(Format{}, memFile(t, data), cols, 1<<40)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wrong := 0
		for range count {
			bit := rng.IntN(8 * len(data))
			broken := bytes.Clone(data)
			broken[bit/8] ^= 1 << (bit % 8)
			what := name + " bit " + strconv.Itoa(bit)
			g := attempt(t, what, broken, cols)
			if g == nil || same(g, want) {
				continue
			}
			// The footer has no checksum. Everything before it has, but for page headers, and what they can say wrongly must
			// be found.
			if bit/8 < footerStart(data) && flips[name] {
				t.Errorf("%s of %d: wrong values", what, footerStart(data)*8)
			}
			wrong++
		}
		t.Logf("%s: %d of %d flips gave other values (footer, or no checksums)", name, wrong, count)
	}
}

// Bytes changed at random, several at once, beginning with the footer.
func TestScrambled(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	count := 300
	if testing.Short() {
		count = 50
	}
	for name, data := range hostileFiles(t) {
		cols := everything(t, data)
		for i := range count {
			broken := bytes.Clone(data)
			from := footerStart(data)
			if i%3 == 0 {
				from = 4
			}
			for range 1 + rng.IntN(4) {
				broken[from+rng.IntN(len(data)-8-from)] = byte(rng.Uint32())
			}
			attempt(t, name+" scrambled", broken, cols)
		}
	}
}

func TestNotParquet(t *testing.T) {
	good := testFile(t, "snappy.parquet")
	encrypted := bytes.Clone(good)
	copy(encrypted[len(encrypted)-4:], encryptedMagic)
	long := bytes.Clone(good)
	binary.LittleEndian.PutUint32(long[len(long)-8:], 1<<31)
	for _, c := range []struct {
		name string
		data []byte
		code fault.Code
		says string
	}{
		{"nothing", nil, fault.Empty, "no bytes"},
		{"short", []byte("PAR1"), fault.Corrupt, "only 4 bytes"},
		{"text", []byte("a,b,c\n1,2,3\n4,5,6\n"), fault.Corrupt, "not a Parquet file"},
		{"no footer", good[:len(good)-5], fault.Corrupt, "cut off"},
		{"encrypted", encrypted, fault.Corrupt, "encrypted"},
		{"a long footer", long, fault.Corrupt, "is said to have 2147483648 bytes"},
		{"no magic in front", append([]byte("XXXX"), good[4:]...), fault.Corrupt, "begin"},
	} {
		f, err := format.NewFile("x.parquet", bytes.NewReader(c.data), int64(len(c.data)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = Format{}.Describe(t.Context(), f)
		if fault.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "x.parquet: ") {
			t.Errorf("%s: %s %v", c.name, fault.CodeOf(err), err)
		}
	}
}

func TestCompressedContainer(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.parquet.gz")
	if err := os.WriteFile(name, []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0}, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := format.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, derr := Format{}.Describe(t.Context(), f)
	_, serr := Format{}.Split(t.Context(), f, nil, 1)
	_, oerr := Format{}.Open(t.Context(), f, nil, format.Piece{}, nil)
	for _, err := range []error{derr, serr, oerr} {
		if fault.CodeOf(err) != fault.Unsupported {
			t.Error(err)
		}
	}
}
