package xgboost

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// BenchmarkParse loads a model of 200 MB, made here: trees of 255 nodes, with floats as XGBoost writes them.
func BenchmarkParse(b *testing.B) {
	size := 200 << 20
	if testing.Short() {
		size = 1 << 20
	}
	for _, kind := range []string{"json", "ubjson"} {
		b.Run(kind, func(b *testing.B) {
			data := synthetic(kind, size)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				f, _, err := Parse(data, "model")
				if err != nil {
					b.Fatal(err)
				}
				if len(f.Trees) == 0 {
					b.Fatal("no trees")
				}
			}
		})
	}
}

// writer writes the same values as JSON or as UBJSON.
type writer struct {
	bytes.Buffer
	json bool
}

func (w *writer) key(name string) {
	if w.json {
		if c := w.Bytes()[w.Len()-1]; c != '{' {
			w.WriteByte(',')
		}
		fmt.Fprintf(w, "%q:", name)
		return
	}
	w.length(len(name))
	w.WriteString(name)
}

func (w *writer) length(n int) {
	w.WriteByte('L')
	w.Write(binary.BigEndian.AppendUint64(w.AvailableBuffer(), uint64(n)))
}

func (w *writer) text(s string) {
	if w.json {
		fmt.Fprintf(w, "%q", s)
		return
	}
	w.WriteByte('S')
	w.length(len(s))
	w.WriteString(s)
}

func (w *writer) array(name string, kind byte, n int, value func(i int) float64) {
	w.key(name)
	switch {
	case w.json:
		w.WriteByte('[')
	case kind == 'm':
		w.WriteString("[#")
		w.length(n)
	default:
		w.WriteString("[$" + string(kind) + "#")
		w.length(n)
	}
	for i := range n {
		v, b := value(i), w.AvailableBuffer()
		switch {
		case w.json && i > 0:
			b = append(b, ',')
			fallthrough
		case w.json:
			if kind == 'd' {
				b = bytes.ToUpper(strconv.AppendFloat(b, v, 'e', -1, 32))
			} else {
				b = strconv.AppendInt(b, int64(v), 10)
			}
		case kind == 'm': // each with its own marker
			b = binary.BigEndian.AppendUint32(append(b, 'l'), uint32(int32(v)))
		case kind == 'd':
			b = binary.BigEndian.AppendUint32(b, math.Float32bits(float32(v)))
		case kind == 'l':
			b = binary.BigEndian.AppendUint32(b, uint32(int32(v)))
		case kind == 'U':
			b = append(b, byte(v))
		case kind == 'L':
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		}
		w.Write(b)
	}
	if w.json {
		w.WriteByte(']')
	}
}

func (w *writer) object(name string, fill func()) {
	if name != "" {
		w.key(name)
	}
	w.WriteByte('{')
	fill()
	w.WriteByte('}')
}

// synthetic writes a model of about this size.
func synthetic(kind string, size int) []byte {
	w := &writer{json: kind == "json"}
	w.Grow(size + 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	trees := 0
	float := func(int) float64 { return float64(float32(r.NormFloat64())) }
	w.object("", func() {
		w.object("learner", func() {
			w.object("attributes", func() {})
			w.object("gradient_booster", func() {
				w.object("model", func() {
					w.key("trees")
					w.WriteByte('[') // up to a closing bracket: XGBoost reads that, too, though it writes a length
					for ; w.Len() < size; trees++ {
						if w.json && trees > 0 {
							w.WriteByte(',')
						}
						w.tree(trees, float, r)
					}
					w.WriteByte(']')
					w.object("gbtree_model_param", func() {
						w.key("num_parallel_tree")
						w.text("1")
						w.key("num_trees")
						w.text(strconv.Itoa(trees))
					})
					w.array("tree_info", 'm', trees, func(int) float64 { return 0 })
				})
				w.key("name")
				w.text("gbtree")
			})
			w.object("learner_model_param", func() {
				for _, p := range [][2]string{{"base_score", "5E-1"}, {"num_class", "0"}, {"num_feature", "100"}, {"num_target", "1"}} {
					w.key(p[0])
					w.text(p[1])
				}
			})
			w.object("objective", func() {
				w.key("name")
				w.text("reg:squarederror")
			})
		})
		w.array("version", 'm', 3, func(i int) float64 { return []float64{3, 0, 0}[i] })
	})
	return w.Bytes()
}

// tree writes a full binary tree of 255 nodes with the keys of XGBoost 3.0, in its order.
func (w *writer) tree(id int, float func(int) float64, r *rand.Rand) {
	const nodes, inner = 255, 127
	zero := func(int) float64 { return 0 }
	w.object("", func() {
		w.array("base_weights", 'd', nodes, float)
		for _, name := range []string{"categories", "categories_nodes"} {
			w.array(name, 'l', 0, zero)
		}
		for _, name := range []string{"categories_segments", "categories_sizes"} {
			w.array(name, 'L', 0, zero)
		}
		w.array("default_left", 'U', nodes, func(int) float64 { return float64(r.IntN(2)) })
		w.key("id")
		if w.json {
			fmt.Fprint(w, id)
		} else {
			w.WriteByte('l')
			w.Write(binary.BigEndian.AppendUint32(nil, uint32(id)))
		}
		child := func(side int) func(int) float64 {
			return func(i int) float64 {
				if i >= inner {
					return -1
				}
				return float64(2*i + side)
			}
		}
		w.array("left_children", 'l', nodes, child(1))
		w.array("loss_changes", 'd', nodes, float)
		w.array("parents", 'l', nodes, func(i int) float64 { return float64((i - 1) / 2) })
		w.array("right_children", 'l', nodes, child(2))
		w.array("split_conditions", 'd', nodes, float)
		w.array("split_indices", 'l', nodes, func(int) float64 { return float64(r.IntN(100)) })
		w.array("split_type", 'U', nodes, zero)
		w.array("sum_hessian", 'd', nodes, func(int) float64 { return float64(r.IntN(100000)) })
		w.object("tree_param", func() {
			for _, p := range [][2]string{{"num_deleted", "0"}, {"num_feature", "100"}, {"num_nodes", "255"}, {"size_leaf_vector", "1"}} {
				w.key(p[0])
				w.text(p[1])
			}
		})
	})
}
