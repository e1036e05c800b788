package forest_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// propertyMutated: whatever is changed in a valid forest, Validate refuses it, or it still means what the documentation
// says. In no case does anything panic, loop or take long.
func propertyMutated(t *rapid.T) {
	f := randomForest(t)
	for range rapid.IntRange(1, 3).Draw(t, "mutations") {
		mutate(t, f)
	}
	err := f.Validate()
	if err != nil {
		if code := fault.CodeOf(err); code != fault.Corrupt && code != fault.TooLarge {
			t.Fatalf("%s: %v", code, err)
		}
		return
	}
	x, rows := randomRows(t, f)
	done := make(chan struct{})
	go func() {
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			panic(fmt.Sprintf("the evaluation of %+v does not end", f))
		}
	}()
	defer close(done)
	check(t, f, x, rows)
	predictions := make([]float64, f.Outputs*rows)
	forest.NewReference(f).Margins(x, rows, predictions)
	f.Predictions(predictions, predictions)
	if f.HasClass() && rows > 0 {
		if c := f.Class(predictions[:f.Outputs]); c < 0 || int(c) >= max(2, f.Outputs) {
			t.Fatalf("class %d of %d outputs", c, f.Outputs)
		}
	}
}

func TestMutated(t *testing.T) { rapid.Check(t, propertyMutated) }

func FuzzValidate(f *testing.F) { f.Fuzz(rapid.MakeFuzz(propertyMutated)) }

// mutate changes one field of the forest, of whatever depth, or the length of one of its slices.
func mutate(t *rapid.T, f *forest.Forest) {
	var places []reflect.Value
	collect(reflect.ValueOf(f).Elem(), &places)
	at := places[rapid.IntRange(0, len(places)-1).Draw(t, "place")]
	switch at.Kind() {
	case reflect.Bool:
		at.SetBool(!at.Bool())
	case reflect.Float64:
		at.SetFloat(rapid.SampledFrom([]float64{0, -1, 1, nan, inf, -inf, math.MaxFloat64, 5e-324, 1e38}).Draw(t, "float"))
	case reflect.Int, reflect.Int32:
		v := rapid.SampledFrom([]int64{
			0, 1, -1, -2, math.MaxInt32, math.MinInt32, math.MaxInt32 - 1, 1 << 20, at.Int() + 1, at.Int() - 1, at.Int() ^ -1, at.Int() / 2,
		}).Draw(t, "integer")
		at.SetInt(int64(int32(v)))
	case reflect.Uint8:
		at.SetUint(uint64(rapid.SampledFrom([]uint8{0, 1, 2, 3, 4, 5, 6, 255}).Draw(t, "small integer")))
	case reflect.Uint32:
		at.SetUint(uint64(rapid.Uint32().Draw(t, "word")))
	case reflect.Slice:
		resize(t, at)
	case reflect.Pointer:
		at.SetZero()
	}
}

// resize takes a slice's last element away, or repeats its first, or takes all away.
func resize(t *rapid.T, s reflect.Value) {
	switch n := s.Len(); rapid.IntRange(0, 2).Draw(t, "resize") {
	case 0:
		s.SetZero()
	case 1:
		s.Set(s.Slice3(0, max(0, n-1), max(0, n-1)))
	case 2:
		first := reflect.Zero(s.Type().Elem())
		if n > 0 {
			first = s.Index(0)
		}
		s.Set(reflect.Append(s.Slice3(0, n, n), first))
	}
}

// collect lists everything below v that mutate can change. Texts, and the categories behind codes, mean nothing here.
func collect(v reflect.Value, places *[]reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[forest.Feature]() {
			return
		}
		for i := range v.NumField() {
			collect(v.Field(i), places)
		}
	case reflect.Slice:
		*places = append(*places, v)
		for i := range v.Len() {
			collect(v.Index(i), places)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			*places = append(*places, v)
			collect(v.Elem(), places)
		}
	case reflect.String:
	default:
		*places = append(*places, v)
	}
}

// TestMutationsFind makes sure that the property above is not empty: of all mutations, some are refused and some not.
func TestMutationsFind(t *testing.T) {
	refused, accepted := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		f := randomForest(t)
		mutate(t, f)
		if f.Validate() != nil {
			refused++
		} else {
			accepted++
		}
	})
	if refused == 0 || accepted == 0 {
		t.Errorf("%d refused, %d accepted", refused, accepted)
	}
}
