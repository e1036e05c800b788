package onnx

import (
	"encoding/binary"
	"math"
	"slices"
	"sort"
)

// What follows writes protobuf, so that tests can say anything.

func field(num int, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	out := binary.AppendUvarint(nil, uint64(num)<<3|wireBytes)
	out = binary.AppendUvarint(out, uint64(len(body)))
	return append(out, body...)
}

func text(num int, s string) []byte { return field(num, []byte(s)) }

func number(num int, v int64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(num)<<3|wireVarint), uint64(v))
}

func single(num int, v float32) []byte {
	return binary.LittleEndian.AppendUint32(binary.AppendUvarint(nil, uint64(num)<<3|wire32), math.Float32bits(v))
}

// pairs are a node's attributes.
type pairs map[string]any

func (p pairs) with(more pairs) pairs {
	out := pairs{}
	for k, v := range p {
		out[k] = v
	}
	for k, v := range more {
		if v == nil {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	return out
}

// rawAttribute is an attribute's own bytes.
type rawAttribute []byte

func attributeBytes(name string, value any) []byte {
	out := text(1, name)
	add := func(kind int64, parts ...[]byte) {
		for _, p := range parts {
			out = append(out, p...)
		}
		out = append(out, number(20, kind)...)
	}
	switch v := value.(type) {
	case int:
		add(kindInt, number(3, int64(v)))
	case float64:
		add(kindFloat, single(2, float32(v)))
	case string:
		add(kindString, text(4, v))
	case []int:
		for _, x := range v {
			out = append(out, number(8, int64(x))...)
		}
		add(kindInts)
	case []float64:
		for _, x := range v {
			out = append(out, single(7, float32(x))...)
		}
		add(kindFloats)
	case []string:
		for _, x := range v {
			out = append(out, text(9, x)...)
		}
		add(kindStrings)
	case []byte:
		add(kindTensor, field(5, v))
	case rawAttribute:
		out = append(out, v...)
	}
	return out
}

func nodeBytes(op, domain string, in, out []string, attributes pairs, more ...[]byte) []byte {
	var b []byte
	for _, s := range in {
		b = append(b, text(1, s)...)
	}
	for _, s := range out {
		b = append(b, text(2, s)...)
	}
	b = append(b, text(3, "n_"+op)...)
	b = append(b, text(4, op)...)
	var names []string
	for name := range attributes {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		b = append(b, field(5, attributeBytes(name, attributes[name]))...)
	}
	if domain != "" {
		b = append(b, text(7, domain)...)
	}
	return append(b, slices.Concat(more...)...)
}

func infoBytes(name string, kind elemType, shape ...int64) []byte {
	var dims []byte
	for _, d := range shape {
		if d < 0 {
			dims = append(dims, field(1, text(2, "N"))...)
		} else {
			dims = append(dims, field(1, number(1, d))...)
		}
	}
	return slices.Concat(text(1, name), field(2, field(1, number(1, int64(kind)), field(2, dims))))
}

func tensorBytes(name string, kind elemType, dims []int64, data ...[]byte) []byte {
	var b []byte
	for _, d := range dims {
		b = append(b, number(1, d)...)
	}
	b = append(b, number(2, int64(kind))...)
	return slices.Concat(b, text(8, name), slices.Concat(data...))
}

// spec is a model; what is zero has a default that makes sense.
type spec struct {
	ir     int64
	opsets [][]byte
	nodes  [][]byte
	inputs [][]byte
	output string
	graph  []byte // further fields
	model  []byte
}

func (s spec) bytes() []byte {
	if s.ir == 0 {
		s.ir = 8
	}
	if s.opsets == nil {
		s.opsets = [][]byte{field(8, text(1, "ai.onnx.ml"), number(2, 3)), field(8, number(2, 18))}
	}
	if s.inputs == nil {
		s.inputs = [][]byte{infoBytes("X", typeFloat, -1, 2)}
	}
	if s.output == "" {
		s.output = "Y"
	}
	var graph []byte
	for _, n := range s.nodes {
		graph = append(graph, field(1, n)...)
	}
	graph = append(graph, text(2, "g")...)
	for _, in := range s.inputs {
		graph = append(graph, field(11, in)...)
	}
	graph = append(graph, field(12, infoBytes(s.output, typeFloat))...)
	graph = append(graph, s.graph...)
	return slices.Concat(number(1, s.ir), text(2, "test"), field(7, graph), slices.Concat(s.opsets...), s.model)
}

// stump is a tree of one node, and a leaf more that nothing leads to where a test wants one.
var stump = pairs{"nodes_treeids": []int{0, 0, 0}, "nodes_nodeids": []int{0, 1, 2}, "nodes_modes": []string{"BRANCH_LEQ", "LEAF", "LEAF"},
	"nodes_featureids": []int{1, 0, 0}, "nodes_truenodeids": []int{1, 0, 0}, "nodes_falsenodeids": []int{2, 0, 0}, "nodes_values": []float64{0.5, 0, 0},
	"target_treeids": []int{0, 0}, "target_nodeids": []int{1, 2}, "target_ids": []int{0, 0}, "target_weights": []float64{1, 2}, "n_targets": 1}

// classStump is the same of a classifier.
var classStump = stump.with(pairs{"target_treeids": nil, "target_nodeids": nil, "target_ids": nil, "target_weights": nil, "n_targets": nil,
	"class_treeids": []int{0, 0}, "class_nodeids": []int{1, 2}, "class_ids": []int{0, 0}, "class_weights": []float64{-1, 2}, "classlabels_int64s": []int{0, 1}})

const ml = "ai.onnx.ml"

// regressor is a model of one TreeEnsembleRegressor, whose attributes are stump's with changes.
func regressor(change pairs) []byte {
	return spec{nodes: [][]byte{nodeBytes("TreeEnsembleRegressor", ml, []string{"X"}, []string{"Y"}, stump.with(change))}}.bytes()
}

func classifier(change pairs) []byte {
	return spec{nodes: [][]byte{nodeBytes("TreeEnsembleClassifier", ml, []string{"X"}, []string{"L", "Y"}, classStump.with(change))}}.bytes()
}

// before is a model with nodes before the trees, the last of which makes "Z".
func before(graph []byte, nodes ...[]byte) []byte {
	nodes = append(slices.Clone(nodes), nodeBytes("TreeEnsembleRegressor", ml, []string{"Z"}, []string{"Y"}, stump))
	return spec{nodes: nodes, graph: graph}.bytes()
}

// after is a model with nodes after the trees, the last of which makes "Y".
func after(nodes ...[]byte) []byte {
	nodes = append([][]byte{nodeBytes("TreeEnsembleRegressor", ml, []string{"X"}, []string{"Z"}, stump)}, nodes...)
	return spec{nodes: nodes}.bytes()
}

// tree5 is a TreeEnsemble of one node.
var tree5 = pairs{"n_targets": 1, "tree_roots": []int{0}, "nodes_featureids": []int{0}, "nodes_truenodeids": []int{0}, "nodes_trueleafs": []int{1},
	"nodes_falsenodeids": []int{1}, "nodes_falseleafs": []int{1}, "leaf_targetids": []int{0, 0}, "nodes_modes": tensorBytes("", typeUint8, []int64{1}, number(5, 0)),
	"nodes_splits": tensorBytes("", typeFloat, []int64{1}, single(4, 0.5)), "leaf_weights": tensorBytes("", typeFloat, []int64{2}, single(4, 1), single(4, 2))}

func ensemble5(change pairs) []byte {
	return spec{opsets: [][]byte{field(8, text(1, ml), number(2, 5))}, nodes: [][]byte{nodeBytes("TreeEnsemble", ml, []string{"X"}, []string{"Y"}, tree5.with(change))}}.bytes()
}
