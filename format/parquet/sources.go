package parquet

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// flat reports whether f is a column of its own or in structs, not in lists or maps.
func (p *plan) flat(f *pqarrow.SchemaField) bool {
	return len(f.Children) == 0 && f.ColIndex >= 0 && p.ft.meta.Schema.Column(f.ColIndex).MaxRepetitionLevel() == 0
}

// source gives the one source of a flat column, by what it physically is. It is nil for INT96.
func (p *plan) source(f *pqarrow.SchemaField) any {
	if s, ok := p.sources[f.ColIndex]; ok {
		return s
	}
	l := newLeaf(p.ft, f.ColIndex, p.budget)
	var s loader
	switch l.descr.PhysicalType() {
	case pq.Types.Boolean:
		s = &fixed[bool]{leaf: l}
	case pq.Types.Int32:
		s = &fixed[int32]{leaf: l, own: &direct[int32]{}}
	case pq.Types.Int64:
		s = &fixed[int64]{leaf: l, own: &direct[int64]{}}
	case pq.Types.Float:
		s = &fixed[float32]{leaf: l, own: &direct[float32]{}}
	case pq.Types.Double:
		s = &fixed[float64]{leaf: l, own: &direct[float64]{}}
	case pq.Types.FixedLenByteArray:
		s = &fixedBytes{leaf: l, width: l.descr.TypeLength()}
		p.rowBytes += int64(l.descr.TypeLength())
	case pq.Types.ByteArray:
		t := &texts{leaf: l}
		p.texts = append(p.texts, t)
		p.sources[f.ColIndex] = t
		return t
	default:
		return nil
	}
	p.rowBytes += 8
	p.loaders = append(p.loaders, s)
	p.sources[f.ColIndex] = s
	return s
}

// number plans a column of Kind Number; nil if it is none.
func (p *plan) number(f *pqarrow.SchemaField) output {
	dt := f.Field.Type
	switch id := dt.ID(); {
	case !p.flat(f):
		return nil
	case id == arrow.NULL:
		return &missing{}
	case !arrow.IsInteger(id) && !arrow.IsFloating(id) && id != arrow.BOOL && !arrow.IsDecimal(id):
		return nil
	}
	o := &numbers{}
	p.rowBytes += 8
	scale := 0
	if d, ok := dt.(arrow.DecimalType); ok {
		scale = int(d.GetScale())
	}
	switch s := p.source(f).(type) {
	case *fixed[bool]:
		o.dense, o.present = widenBool(s), s.present()
	case *fixed[int32]:
		o.present = s.present()
		switch {
		case arrow.IsDecimal(dt.ID()):
			o.dense = scaleInt(s, scale)
		case dt.ID() == arrow.UINT32:
			o.dense = widenUint32(s)
		default:
			o.dense = widen(s)
		}
	case *fixed[int64]:
		o.present = s.present()
		switch {
		case arrow.IsDecimal(dt.ID()):
			o.dense = scaleInt(s, scale)
		case dt.ID() == arrow.UINT64:
			o.dense = widenUint64(s)
		default:
			o.dense = widen(s)
		}
	case *fixed[float32]:
		o.dense, o.present = widen(s), s.present()
	case *fixed[float64]:
		o.dense, o.present = widen(s), s.present()
		o.same = func() []float64 { return s.vals }
	case *fixedBytes:
		o.present = s.present()
		switch {
		case arrow.IsDecimal(dt.ID()):
			o.dense = scaleBytes(s, scale)
		case dt.ID() == arrow.FLOAT16 && s.width == 2:
			o.dense = widenHalf(s)
		}
	case *texts:
		if arrow.IsDecimal(dt.ID()) {
			o.dense, o.present = scaleTexts(s, scale), s.present()
		}
	}
	if o.dense == nil {
		return nil
	}
	return o
}

// text plans a column of Kind Text; nil if it is none.
func (p *plan) text(f *pqarrow.SchemaField) output {
	dt := f.Field.Type
	if !p.flat(f) {
		return nil
	}
	if dt.ID() == arrow.NULL {
		return nothing{arrow.BinaryTypes.String}
	}
	if d, ok := dt.(*arrow.DictionaryType); ok {
		dt = d.ValueType
	}
	if e, ok := dt.(arrow.ExtensionType); ok {
		dt = e.StorageType()
	}
	switch dt.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.BINARY, arrow.LARGE_BINARY:
		if s, ok := p.source(f).(*texts); ok {
			return &textArray{src: s, typ: arrow.BinaryTypes.String, checked: true}
		}
	}
	return nil
}

// native plans a column of Kind Native. It is nil for a part of a column that is not flat.
func (p *plan) native(f *pqarrow.SchemaField, field *arrow.Field) output {
	if f.Field.Type.ID() == arrow.NULL && p.flat(f) {
		return nothing{arrow.Null}
	}
	if p.flat(f) {
		if o := p.flatNative(f); o != nil {
			return o
		}
	}
	for i := range p.ft.manifest.Fields {
		if f == &p.ft.manifest.Fields[i] {
			n := newNested(p, i)
			field.Type = n.typ
			p.nested = append(p.nested, n)
			return n
		}
	}
	return nil
}

// flatNative plans a flat column whose Arrow form is like its Parquet form; nil if it is not.
func (p *plan) flatNative(f *pqarrow.SchemaField) output {
	dt := f.Field.Type
	storage := dt
	if e, ok := dt.(arrow.ExtensionType); ok {
		storage = e.StorageType()
	}
	if d, ok := storage.(*arrow.DictionaryType); ok {
		switch d.ValueType.ID() {
		case arrow.STRING, arrow.LARGE_STRING, arrow.BINARY, arrow.LARGE_BINARY:
			if s, ok := p.source(f).(*texts); ok && dt == storage {
				return &dictionary{src: s, typ: d}
			}
		}
		return nil
	}
	o := &natives{typ: dt}
	switch s := p.source(f).(type) {
	case *fixed[bool]:
		if dt.ID() == arrow.BOOL {
			return &booleans{src: s}
		}
	case *fixed[int32]:
		o.present, o.width = s.present(), 4
		switch storage.ID() {
		case arrow.INT32, arrow.UINT32, arrow.DATE32, arrow.TIME32:
			o.dense = asIs(s, arrow.Int32Traits.CastToBytes)
		case arrow.INT8:
			o.width, o.dense = 1, narrow(s, dt, 1, math.MinInt8, math.MaxInt8)
		case arrow.UINT8:
			o.width, o.dense = 1, narrow(s, dt, 1, 0, math.MaxUint8)
		case arrow.INT16:
			o.width, o.dense = 2, narrow(s, dt, 2, math.MinInt16, math.MaxInt16)
		case arrow.UINT16:
			o.width, o.dense = 2, narrow(s, dt, 2, 0, math.MaxUint16)
		case arrow.DECIMAL128, arrow.DECIMAL256:
			o.width = decimalWidth(storage)
			o.dense = decimalsFromInt(s, o.width)
		}
	case *fixed[int64]:
		o.present, o.width = s.present(), 8
		switch storage.ID() {
		case arrow.INT64, arrow.UINT64, arrow.TIMESTAMP, arrow.TIME64, arrow.DURATION:
			o.dense = asIs(s, arrow.Int64Traits.CastToBytes)
		case arrow.DECIMAL128, arrow.DECIMAL256:
			o.width = decimalWidth(storage)
			o.dense = decimalsFromInt(s, o.width)
		}
	case *fixed[float32]:
		if storage.ID() == arrow.FLOAT32 {
			o.present, o.width, o.dense = s.present(), 4, asIs(s, arrow.Float32Traits.CastToBytes)
		}
	case *fixed[float64]:
		if storage.ID() == arrow.FLOAT64 {
			o.present, o.width, o.dense = s.present(), 8, asIs(s, arrow.Float64Traits.CastToBytes)
		}
	case *fixedBytes:
		o.present, o.width = s.present(), s.width
		switch t := storage.(type) {
		case *arrow.FixedSizeBinaryType:
			if t.ByteWidth == s.width && s.width > 0 {
				o.dense = func([]byte) ([]byte, error) { return s.data, nil }
			}
		case *arrow.Float16Type:
			if s.width == 2 {
				o.dense = func([]byte) ([]byte, error) { return s.data, nil }
			}
		case arrow.DecimalType:
			o.width = decimalWidth(storage)
			o.dense = decimalsFromBytes(s, o.width)
		}
	case *texts:
		switch storage.ID() {
		case arrow.STRING, arrow.LARGE_STRING, arrow.BINARY, arrow.LARGE_BINARY:
			return &textArray{src: s, typ: dt}
		case arrow.DECIMAL128, arrow.DECIMAL256:
			o.present, o.width = s.present(), decimalWidth(storage)
			o.dense = decimalsFromTexts(s, o.width)
		}
	}
	if o.dense == nil {
		return nil
	}
	p.rowBytes += int64(o.width)
	return o
}

func decimalWidth(dt arrow.DataType) int { return dt.(arrow.FixedWidthDataType).BitWidth() / 8 }
