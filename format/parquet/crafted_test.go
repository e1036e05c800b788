package parquet

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// thrifty writes Thrift's compact protocol, for footers that no writer makes.
type thrifty struct{ bytes.Buffer }

func (w *thrifty) field(delta int, typ byte) *thrifty { w.WriteByte(byte(delta)<<4 | typ); return w }
func (w *thrifty) varint(v int64) *thrifty {
	w.Write(binary.AppendVarint(nil, v))
	return w
}
func (w *thrifty) text(s string) *thrifty {
	w.Write(binary.AppendUvarint(nil, uint64(len(s))))
	w.WriteString(s)
	return w
}
func (w *thrifty) list(typ byte, n int) *thrifty {
	w.WriteByte(0xf0 | typ)
	w.Write(binary.AppendUvarint(nil, uint64(n)))
	return w
}
func (w *thrifty) stop() *thrifty { w.WriteByte(0); return w }

// element is a SchemaElement with a name and children.
func (w *thrifty) element(name string, children int64) {
	w.field(3, tI32).varint(0).field(1, tBinary).text(name).field(1, tI32).varint(children).stop()
}

func withFooter(footer []byte) []byte {
	data := append([]byte(magic), footer...)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(footer)))
	return append(data, magic...)
}

func TestHostileFooters(t *testing.T) {
	start := func(elements int) *thrifty {
		w := &thrifty{}
		return w.field(1, tI32).varint(1).field(1, tList).list(tStruct, elements)
	}
	deep := start(1_000_001)
	for range 1_000_000 {
		deep.element("", 1)
	}
	deep.element("x", 0)
	children := start(2)
	children.element("root", 1<<31-1)
	children.element("x", 0)
	negative := start(2)
	negative.element("root", -5)
	negative.element("x", 0)
	wide := start(format.MaxColumns + 2)
	wide.element("root", format.MaxColumns+1)
	for range format.MaxColumns + 1 {
		wide.element("", 0)
	}
	outside := start(3)
	outside.element("root", 1)
	outside.element("x", 0)
	outside.element("y", 0)
	for _, c := range []struct {
		name string
		w    *thrifty
		code fault.Code
	}{
		{"a million levels", deep, fault.Corrupt},
		{"two thousand million children", children, fault.Corrupt},
		{"a negative number of children", negative, fault.Corrupt},
		{"too many columns", wide, fault.TooLarge},
		{"columns outside the root", outside, fault.Corrupt},
		{"a list of 2^31 elements", start(1<<31 - 1), fault.Corrupt},
		{"no schema", (&thrifty{}).field(1, tI32).varint(1).stop(), fault.Corrupt},
		{"lists in lists", func() *thrifty {
			w := (&thrifty{}).field(8, tList)
			for range 1_000_000 {
				w.list(tList, 1)
			}
			return w
		}(), fault.Corrupt},
	} {
		c.w.stop()
		_, err := Format{}.Describe(t.Context(), memFile(t, withFooter(c.w.Bytes())))
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestHostilePages(t *testing.T) {
	header := func(typ, unpacked, stored int64, kind int, fields ...int64) []byte {
		w := &thrifty{}
		w.field(1, tI32).varint(typ).field(1, tI32).varint(unpacked).field(1, tI32).varint(stored)
		if kind > 0 {
			w.field(kind-3, tStruct)
			for _, f := range fields {
				w.field(1, tI32).varint(f)
			}
			w.stop()
		}
		return w.stop().Bytes()
	}
	for _, c := range []struct {
		name  string
		bytes []byte
		ratio int64
	}{
		{"a page larger than the column", header(dataPage, 100, 5000, 5, 10, 0, 3, 3), 1},
		{"an impossible ratio", header(dataPage, 1<<30, 100, 5, 10, 0, 3, 3), 32},
		{"a negative size", header(dataPage, -1, 100, 5, 10, 0, 3, 3), 32},
		{"negative values", header(dataPage, 100, 100, 5, -10, 0, 3, 3), 32},
		{"the wrong sub-header", header(dataPage, 100, 100, 7, 10, 0), 32},
		{"no sub-header", header(dictionaryPage, 100, 100, 0), 32},
		{"levels larger than the page", header(dataPageV2, 100, 100, 8, 10, 0, 10, 0, 90, 20), 32},
		{"more nulls than values", header(dataPageV2, 100, 100, 8, 10, 11, 10, 0, 2, 2), 32},
	} {
		h, _, err := readPageHeader(c.bytes)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if err := h.check(1000, c.ratio); err == nil {
			t.Errorf("%s: not found", c.name)
		}
	}
	good := header(dataPage, 100, 100, 5, 10, 0, 3, 3)
	for n := range good {
		if _, _, err := readPageHeader(good[:n]); err != errShort {
			t.Errorf("%d bytes of a header: %v", n, err)
		}
	}
}

func TestHostileDelta(t *testing.T) {
	head := func(v ...uint64) (b []byte) {
		for _, x := range v {
			b = binary.AppendUvarint(b, x)
		}
		return b
	}
	for _, b := range [][]byte{nil, head(128), head(1<<32, 1, 5, 0), head(128, 0, 5, 0), head(128, 3, 5, 0), head(0, 4, 5, 0), head(128, 4, 11, 0)} {
		if _, err := deltaHeader(b, 10); err == nil {
			t.Errorf("%x passed", b)
		}
	}
	// five values after the first: one block of four miniblocks, of which one is needed, 2 bits wide
	stream := append(head(128, 4, 6, 2), append([]byte{0, 2, 0, 0, 0}, make([]byte, 8)...)...)
	if n, err := deltaSize(append(stream, 9, 9), 10); err != nil || n != len(stream) {
		t.Errorf("%d, %v; want %d", n, err, len(stream))
	}
	if _, err := deltaSize(stream[:len(stream)-1], 10); err == nil {
		t.Error("a cut stream passed")
	}
}

func TestHostileArrowSchema(t *testing.T) {
	sc := arrow.NewSchema([]arrow.Field{
		{Name: "a", Type: arrow.ListOf(arrow.StructOf(arrow.Field{Name: "t", Type: &arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"}}))},
		{Name: "b", Type: arrow.BinaryTypes.String, Metadata: arrow.NewMetadata([]string{"k"}, []string{"v"})},
	}, nil)
	msg := flight.SerializeSchema(sc, goMemory)
	if err := checkArrowSchema(base64.StdEncoding.EncodeToString(msg)); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		broken := bytes.Clone(msg)
		for range 1 + rng.IntN(3) {
			broken[rng.IntN(len(broken))] = byte(rng.IntN(256))
		}
		text := base64.StdEncoding.EncodeToString(broken)
		if checkArrowSchema(text) != nil {
			continue
		}
		// What passes the check does arrow-go no harm that cannot be caught: no endless work, no endless memory.
		func() {
			defer func() { _ = recover() }()
			began := time.Now()
			_, _ = flight.DeserializeSchema(broken, goMemory)
			if d := time.Since(began); d > time.Second {
				t.Errorf("%v for %x", d, broken)
			}
		}()
	}
}

// A page that decompresses to a thousand times what its header says stops where the header says.
func TestDecompressionBomb(t *testing.T) {
	rec := numbersRecord(100_000, 1, 0)
	zeros := array.NewRecordBatch(rec.Schema(), []arrow.Array{float64s(make([]float64, 100_000))}, 100_000)
	data := write(t, zeros.Schema(), zeros)
	h, size, err := readPageHeader(data[4:])
	if err != nil {
		t.Fatal(err)
	}
	body := data[4+size : 4+size+int(h.stored)]
	dst := make([]byte, 1000)
	if err := decompress(6, dst, body); err == nil { // 6 is zstd
		t.Error("a page of the wrong size was taken")
	}
	if n := testing.AllocsPerRun(10, func() { _ = decompress(6, dst, body) }); n > 10 {
		t.Errorf("%v allocations", n)
	}
}
