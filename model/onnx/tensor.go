package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
)

// elemType is TensorProto.DataType.
type elemType int64

const (
	typeFloat  elemType = 1
	typeUint8  elemType = 2
	typeInt32  elemType = 6
	typeInt64  elemType = 7
	typeString elemType = 8
	typeBool   elemType = 9
	typeDouble elemType = 11
)

var typeNames = map[elemType]string{typeFloat: "float", typeUint8: "uint8", typeInt32: "int32", typeInt64: "int64", typeString: "string", typeBool: "bool", typeDouble: "double"}

func (t elemType) String() string {
	if n := typeNames[t]; n != "" {
		return n
	}
	return fmt.Sprintf("type %d", int64(t))
}

// tensor is a constant. Numbers of every type but string are in numbers; int64s beyond 2^53 are refused.
type tensor struct {
	name    string
	typ     elemType
	dims    []int64
	numbers []float64
	strings [][]byte
}

func (t *tensor) size() (int, bool) {
	n := int64(1)
	for _, d := range t.dims {
		if d < 0 || d > math.MaxInt32 || n*d > math.MaxInt32 {
			return 0, false
		}
		n *= d
	}
	return int(n), true
}

// readTensor reads a constant with its data. The tensor is never nil.
func readTensor(data []byte) (*tensor, error) {
	t := &tensor{}
	var raw []byte
	var hasRaw bool
	var single []float32
	var whole []int64
	m := message{rest: data}
	for m.next() {
		switch m.num {
		case 1:
			t.dims = m.integers(t.dims)
		case 2:
			t.typ = elemType(m.integer())
		case 4:
			single = m.floats(single)
		case 5, 7:
			whole = m.integers(whole)
		case 6:
			t.strings = append(t.strings, m.bytes())
		case 8:
			t.name = m.text()
		case 9:
			m.once()
			raw, hasRaw = m.bytes(), true
		case 10:
			t.numbers = m.doubles(t.numbers)
		case 12: // doc_string
			m.text()
		case 13:
			return t, errExternal
		case 14:
			if m.integer() != 0 {
				return t, errExternal
			}
		case 16: // metadata_props
			m.bytes()
		default:
			m.unknown()
		}
	}
	if m.err != nil {
		return t, m.err
	}
	return t, t.fill(raw, hasRaw, single, whole)
}

// fill brings the data, however it is written, into numbers.
func (t *tensor) fill(raw []byte, hasRaw bool, single []float32, whole []int64) error {
	want, ok := t.size()
	if !ok {
		return fmt.Errorf("a tensor of %d dimensions is too large", len(t.dims))
	}
	if hasRaw {
		if len(single)+len(whole)+len(t.numbers)+len(t.strings) > 0 {
			return fmt.Errorf("a tensor has its data twice")
		}
		if err := t.fillRaw(raw, want); err != nil {
			return err
		}
	} else {
		switch {
		case t.typ == typeFloat && len(whole)+len(t.numbers)+len(t.strings) == 0:
			t.numbers = make([]float64, len(single))
			for i, v := range single {
				t.numbers[i] = float64(v)
			}
		case (t.typ == typeInt32 || t.typ == typeInt64 || t.typ == typeUint8 || t.typ == typeBool) && len(single)+len(t.numbers)+len(t.strings) == 0:
			if err := t.fillIntegers(whole); err != nil {
				return err
			}
		case t.typ == typeDouble && len(single)+len(whole)+len(t.strings) == 0:
		case t.typ == typeString && len(single)+len(whole)+len(t.numbers) == 0:
		default:
			return fmt.Errorf("a tensor of %v does not have its data where it should be", t.typ)
		}
	}
	if n := len(t.numbers) + len(t.strings); n != want {
		return fmt.Errorf("a tensor of %d values has %d", want, n)
	}
	return nil
}

func (t *tensor) fillRaw(raw []byte, want int) error {
	width := map[elemType]int{typeFloat: 4, typeInt32: 4, typeInt64: 8, typeDouble: 8, typeUint8: 1, typeBool: 1}[t.typ]
	if width == 0 || len(raw) != want*width {
		return fmt.Errorf("a tensor of %d values of %v has %d bytes", want, t.typ, len(raw))
	}
	t.numbers = make([]float64, want)
	for i := range t.numbers {
		b := raw[i*width:]
		switch t.typ {
		case typeFloat:
			t.numbers[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		case typeDouble:
			t.numbers[i] = math.Float64frombits(binary.LittleEndian.Uint64(b))
		case typeInt32:
			t.numbers[i] = float64(int32(binary.LittleEndian.Uint32(b)))
		case typeInt64:
			v := int64(binary.LittleEndian.Uint64(b))
			if !exact(v) {
				return fmt.Errorf("the integer %d is more than a float64 holds", v)
			}
			t.numbers[i] = float64(v)
		default:
			t.numbers[i] = float64(b[0])
		}
	}
	return nil
}

func (t *tensor) fillIntegers(whole []int64) error {
	t.numbers = make([]float64, len(whole))
	for i, v := range whole {
		if !exact(v) {
			return fmt.Errorf("the integer %d is more than a float64 holds", v)
		}
		t.numbers[i] = float64(v)
	}
	return nil
}

// exact says whether a float64 holds an integer, and no other integer is rounded to it.
func exact(v int64) bool { return v < 1<<53 && v > -1<<53 }
