package onnx

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
)

func TestRefused(t *testing.T) {
	const corrupt, unsupported, tooLarge = fault.Corrupt, fault.Unsupported, fault.TooLarge
	x, y, z, nothing := []string{"X"}, []string{"Y"}, []string{"Z"}, pairs{}
	identity := nodeBytes("Identity", "", x, z, nothing)
	two := pairs{"nodes_treeids": []int{0, 0, 0, 1}, "nodes_nodeids": []int{0, 1, 2, 0}, "nodes_modes": []string{"BRANCH_LEQ", "LEAF", "LEAF", "LEAF"},
		"nodes_featureids": []int{1, 0, 0, 0}, "nodes_truenodeids": []int{1, 0, 0, 0}, "nodes_falsenodeids": []int{2, 0, 0, 0}, "nodes_values": []float64{0.5, 0, 0, 0},
		"target_treeids": []int{0, 0, 1}, "target_nodeids": []int{1, 2, 0}, "target_ids": []int{0, 0, 0}, "target_weights": []float64{1, 2, 3}}
	nodes5 := func(yes, no []int, yesLeaf, noLeaf []int) pairs {
		return pairs{"nodes_featureids": []int{0, 0}, "nodes_truenodeids": yes, "nodes_falsenodeids": no, "nodes_trueleafs": yesLeaf, "nodes_falseleafs": noLeaf,
			"nodes_modes": tensorBytes("", typeUint8, []int64{2}, number(5, 0), number(5, 0)), "nodes_splits": tensorBytes("", typeFloat, []int64{2}, single(4, 0.5), single(4, 1))}
	}
	member := pairs{"nodes_modes": tensorBytes("", typeUint8, []int64{1}, number(5, 6))}
	for _, c := range []struct {
		name string
		data []byte
		code fault.Code
		want string
	}{
		// The file.
		{"ir version", spec{ir: 99}.bytes(), unsupported, "version 99 of the format"},
		{"opset", spec{opsets: [][]byte{field(8, number(2, 27))}}.bytes(), unsupported, `version 27 of the operators ""`},
		{"ml opset", spec{opsets: [][]byte{field(8, text(1, ml), number(2, 6))}}.bytes(), unsupported, "version 6 of the operators"},
		{"two opsets", spec{opsets: [][]byte{field(8, number(2, 9)), field(8, number(2, 10))}}.bytes(), corrupt, "two versions of the operators"},
		{"no opset", spec{opsets: [][]byte{}, nodes: [][]byte{nodeBytes("Scaler", ml, x, z, nothing), nodeBytes("TreeEnsembleRegressor", ml, z, y, stump)}}.bytes(), corrupt, "version of ai.onnx.ml is not given"},
		{"functions", spec{model: field(25)}.bytes(), unsupported, "functions of its own"},
		{"training", spec{model: field(20)}.bytes(), unsupported, "training information"},
		{"unknown field", spec{model: field(99)}.bytes(), unsupported, "field 99"},
		{"field of another type", spec{model: field(5)}.bytes(), corrupt, "field 5 is not written as its type is"},
		{"a field twice", spec{model: number(1, 8)}.bytes(), corrupt, "field 1 occurs twice"},
		{"a group", spec{model: []byte{4<<3 | 3}}.bytes(), corrupt, "unknown way 3"},
		{"no graph", number(1, 8), corrupt, "there is none"},
		{"cut", spec{}.bytes()[:20], corrupt, "ends in the middle"},
		{"metadata twice", spec{model: append(field(14, text(1, "k")), field(14, text(1, "k"))...)}.bytes(), corrupt, "occurs twice"},
		// The graph.
		{"no trees", spec{nodes: [][]byte{identity}, output: "Z"}.bytes(), unsupported, "no trees"},
		{"operators of tensors", spec{nodes: [][]byte{nodeBytes("Gather", "", []string{"c", "X"}, y, nothing)}, graph: field(5, tensorBytes("c", typeFloat, []int64{1}, single(4, 1)))}.bytes(), unsupported, "none of its 1 operators is a TreeEnsemble"},
		{"no inputs", spec{inputs: [][]byte{}}.bytes(), corrupt, "takes nothing"},
		{"open width", spec{inputs: [][]byte{infoBytes("X", typeFloat, -1, -1)}}.bytes(), unsupported, "how many columns it has is not fixed"},
		{"one dimension", spec{inputs: [][]byte{infoBytes("X", typeFloat, 3)}}.bytes(), unsupported, "how many columns"},
		{"bool input", spec{inputs: [][]byte{infoBytes("X", typeBool, -1, 1)}}.bytes(), unsupported, "takes bool"},
		{"wide input", spec{inputs: [][]byte{infoBytes("X", typeFloat, -1, 1<<40)}}.bytes(), tooLarge, "columns"},
		{"two inputs", spec{inputs: [][]byte{infoBytes("X", typeFloat, -1, 1), infoBytes("X", typeFloat, -1, 1)}}.bytes(), corrupt, "two inputs"},
		{"two initializers", spec{graph: append(field(5, tensorBytes("c", typeFloat, nil, single(4, 1))), field(5, tensorBytes("c", typeFloat, nil, single(4, 1)))...)}.bytes(), corrupt, "two initializers"},
		{"sparse initializer", spec{graph: field(15)}.bytes(), unsupported, "sparse"},
		{"external data", spec{graph: field(5, tensorBytes("c", typeFloat, nil, number(14, 1)))}.bytes(), unsupported, "in another file"},
		{"external place", spec{graph: field(5, tensorBytes("c", typeFloat, nil, field(13)))}.bytes(), unsupported, "in another file"},
		{"a tensor without data", spec{graph: field(5, tensorBytes("c", typeFloat, []int64{1 << 30}))}.bytes(), corrupt, "values has 0"},
		{"a huge tensor", spec{graph: field(5, tensorBytes("c", typeFloat, []int64{1 << 40, 1 << 40}))}.bytes(), corrupt, "too large"},
		{"output", spec{output: "?", nodes: [][]byte{nodeBytes("TreeEnsembleRegressor", ml, x, y, stump)}}.bytes(), corrupt, "nothing makes its output"},
		{"output before the trees", spec{output: "X", nodes: [][]byte{nodeBytes("TreeEnsembleRegressor", ml, x, y, stump)}}.bytes(), unsupported, "does not come from the trees"},
		{"only a label", spec{output: "L", nodes: [][]byte{nodeBytes("TreeEnsembleClassifier", ml, x, []string{"L", "Y"}, classStump)}}.bytes(), unsupported, "only a class"},
		{"operator", before(nil, nodeBytes("Gemm", "", x, z, nothing)), unsupported, `operator "Gemm"`},
		{"operator of another domain", before(nil, nodeBytes("Scaler", "com.microsoft", x, z, nothing)), unsupported, `operator "com.microsoft.Scaler"`},
		{"normalizer", before(nil, nodeBytes("Normalizer", ml, x, z, pairs{"norm": "L2"})), unsupported, `"ai.onnx.ml.Normalizer"`},
		{"softmax after the trees", after(nodeBytes("Softmax", "", z, y, nothing)), unsupported, `operator "Softmax"`},
		{"unmade input", before(nil, nodeBytes("Identity", "", []string{"?"}, z, nothing)), corrupt, "nothing before it makes"},
		{"made twice", before(nil, identity, identity), corrupt, "made twice"},
		{"two ensembles", after(nodeBytes("TreeEnsembleRegressor", ml, x, y, stump)), unsupported, "second ensemble"},
		{"a sum of scores", after(nodeBytes("Add", "", []string{"Z", "Z"}, y, nothing)), unsupported, "not known where it stands"},
		{"exp of exp", after(nodeBytes("Exp", "", z, []string{"W"}, nothing), nodeBytes("Exp", "", []string{"W"}, y, nothing)), unsupported, "not known where it stands"},
		{"half of the scores", spec{nodes: [][]byte{nodeBytes("TreeEnsembleRegressor", ml, x, z, stump), nodeBytes("Mul", "", []string{"Z", "c"}, y, nothing)},
			graph: field(5, tensorBytes("c", typeFloat, nil, single(4, 0.5)))}.bytes(), unsupported, "not known where it stands"},
		// Attributes.
		{"attribute", regressor(pairs{"extra": 1}), unsupported, `attribute "extra" is not known`},
		{"attribute's type", regressor(pairs{"n_targets": "1"}), corrupt, `attribute "n_targets" is of type`},
		{"attribute twice", spec{nodes: [][]byte{nodeBytes("TreeEnsembleRegressor", ml, x, y, stump, field(5, attributeBytes("n_targets", 1)))}}.bytes(), corrupt, "occurs twice"},
		{"subgraph", regressor(pairs{"extra": rawAttribute(field(6))}), unsupported, "graph of its own"},
		{"reference", regressor(pairs{"extra": rawAttribute(text(21, "x"))}), unsupported, "field 21"},
		{"two kinds", regressor(pairs{"extra": rawAttribute(append(number(3, 1), single(2, 1)...))}), corrupt, "values of two kinds"},
		{"overload", spec{nodes: [][]byte{nodeBytes("TreeEnsembleRegressor", ml, x, y, stump, text(8, "o"))}}.bytes(), unsupported, "field 8"},
		// Steps.
		{"cast", before(nil, nodeBytes("Cast", "", x, z, pairs{"to": 8})), unsupported, "Cast from float to string"},
		{"concat of rows", before(nil, nodeBytes("Concat", "", []string{"X", "X"}, z, pairs{"axis": 0})), unsupported, "not known where it stands"},
		{"scaler", before(nil, nodeBytes("Scaler", ml, x, z, pairs{"offset": []float64{1, 2, 3}, "scale": []float64{1, 2, 3}})), corrupt, "3 offsets"},
		{"imputer", before(nil, nodeBytes("Imputer", ml, x, z, pairs{"imputed_value_floats": []float64{1, 2, 3}})), corrupt, "3 values for 2 columns"},
		{"one-hot floats", before(nil, nodeBytes("OneHotEncoder", ml, x, z, pairs{"cats_int64s": []int{1}})), unsupported, "one-hot columns of float"},
		{"label encoder of keys twice", before(nil, nodeBytes("LabelEncoder", ml, x, z, pairs{"keys_floats": []float64{1, 1}, "values_floats": []float64{1, 2}})), unsupported, "occurs twice"},
		{"label encoder of NaN", before(nil, nodeBytes("LabelEncoder", ml, x, z, pairs{"keys_floats": []float64{1, math.NaN()}, "values_floats": []float64{1, 2}})), unsupported, "not a number"},
		{"label encoder of NaN alone", before(nil, nodeBytes("LabelEncoder", ml, x, z, pairs{"keys_floats": []float64{math.NaN()}, "values_floats": []float64{1}})), unsupported, "not a number"},
		{"gather", before(field(5, tensorBytes("i", typeInt64, []int64{1}, number(7, 2))), nodeBytes("Gather", "", []string{"X", "i"}, z, pairs{"axis": 1})), corrupt, "column 2 of 2"},
		{"reshape", before(field(5, tensorBytes("i", typeInt64, []int64{2}, number(7, -1), number(7, 1))), nodeBytes("Reshape", "", []string{"X", "i"}, z, nothing)), unsupported, "not known where it stands"},
		// Trees.
		{"mode", regressor(pairs{"nodes_modes": []string{"BRANCH_IN", "LEAF", "LEAF"}}), unsupported, `mode "BRANCH_IN"`},
		{"post transform", regressor(pairs{"post_transform": "EXP"}), unsupported, `post_transform "EXP"`},
		{"aggregate", regressor(pairs{"aggregate_function": "MEDIAN"}), unsupported, "MEDIAN"},
		{"minimum of trees", regressor(two.with(pairs{"aggregate_function": "MIN"})), unsupported, "MIN of 2 trees"},
		{"no nodes", regressor(pairs{"nodes_treeids": nil}), corrupt, "no nodes"},
		{"lists", regressor(pairs{"nodes_values": []float64{1}}), corrupt, "lists of 3 and 1 values"},
		{"targets", regressor(pairs{"n_targets": 0}), corrupt, "0 targets"},
		{"target", regressor(pairs{"target_ids": []int{0, 1}}), corrupt, "output 1 of 1"},
		{"feature", regressor(pairs{"nodes_featureids": []int{2, 0, 0}}), corrupt, "feature 2 of 2"},
		{"missing", regressor(pairs{"nodes_missing_value_tracks_true": []int{2, 0, 0}}), corrupt, "has a 2"},
		{"missing for some", regressor(pairs{"nodes_missing_value_tracks_true": []int{1}}), corrupt, "1 values of nodes_missing"},
		{"child", regressor(pairs{"nodes_truenodeids": []int{7, 0, 0}}), corrupt, "children 7 and 2"},
		{"circle", regressor(pairs{"nodes_truenodeids": []int{0, 0, 0}}), unsupported, "two parents"},
		{"shared leaf", regressor(pairs{"nodes_falsenodeids": []int{1, 0, 0}}), unsupported, "two parents"},
		{"lost leaf", regressor(two.with(pairs{"nodes_treeids": []int{0, 0, 0, 0}, "nodes_nodeids": []int{0, 1, 2, 3}, "target_treeids": []int{0, 0, 0}, "target_nodeids": []int{1, 2, 3}})), corrupt, "its root leads to 2"},
		{"root is not first", regressor(pairs{"nodes_nodeids": []int{1, 0, 2}, "nodes_modes": []string{"LEAF", "BRANCH_LEQ", "LEAF"}, "nodes_truenodeids": []int{0, 1, 0}, "nodes_falsenodeids": []int{0, 2, 0}}), corrupt, "its root leads to 1"},
		{"node twice", regressor(pairs{"nodes_nodeids": []int{0, 1, 1}}), corrupt, "two nodes 1"},
		{"scattered tree", regressor(two.with(pairs{"nodes_treeids": []int{0, 1, 0, 0}})), corrupt, "not together"},
		{"weight of nothing", regressor(pairs{"target_nodeids": []int{1, 3}}), corrupt, "node 3 of tree 0"},
		{"weight of no tree", regressor(pairs{"target_treeids": []int{0, 9}}), corrupt, "of tree 9"},
		{"leaf without weight", regressor(pairs{"target_treeids": []int{0}, "target_nodeids": []int{1}, "target_ids": []int{0}, "target_weights": []float64{1}}), unsupported, "no weight"},
		{"two weights", regressor(two.with(pairs{"target_treeids": []int{0, 0, 0}, "target_nodeids": []int{1, 2, 2}})), unsupported, "two weights"},
		{"base values", regressor(pairs{"base_values": []float64{1, 2}}), corrupt, "2 base_values"},
		{"base value of an output without weights", regressor(two.with(pairs{"n_targets": 2, "target_ids": []int{0, 1, 0}, "base_values": []float64{0, 1}})), unsupported, "base value of output 1"},
		{"uncertain score", classifier(pairs{"class_treeids": []int{0}, "class_nodeids": []int{1}, "class_ids": []int{0}, "class_weights": []float64{1}}), unsupported, "whether a row has a score"},
		{"threshold", regressor(pairs{"nodes_values": []float64{math.NaN(), 0, 0}}), corrupt, "not a number"},
		{"weight", regressor(pairs{"target_weights": []float64{math.Inf(1), 0}}), corrupt, "not a finite number"},
		{"doubles for floats", regressor(pairs{"nodes_values": nil, "nodes_values_as_tensor": tensorBytes("", typeDouble, []int64{3}, make([]byte, 0), field(9, make([]byte, 24)))}), unsupported, "holds double"},
		{"many outputs", regressor(two.with(pairs{"n_targets": 65536, "target_ids": []int{0, 1, 2}})), tooLarge, "nearly all without weights"},
		// Classifiers.
		{"one class", classifier(pairs{"classlabels_int64s": []int{0}}), unsupported, "1 classes"},
		{"no class", classifier(pairs{"classlabels_int64s": nil}), unsupported, "0 classes"},
		{"labels of two kinds", classifier(pairs{"classlabels_strings": []string{"a", "b"}}), corrupt, "two kinds"},
		{"two base values", classifier(pairs{"base_values": []float64{1, 2}}), unsupported, "2 base_values for two classes"},
		{"probit", classifier(pairs{"post_transform": "PROBIT"}), unsupported, "PROBIT of one score"},
		{"base value of the second class", classifier(pairs{"class_ids": []int{1, 1}, "base_values": []float64{1}}), unsupported, "base value of output 0 is added"},
		{"uncertain second class", classifier(pairs{"class_ids": []int{0, 1}}), unsupported, "depends on its leaves"},
		{"aggregate of a classifier", classifier(pairs{"aggregate_function": "SUM"}), unsupported, `attribute "aggregate_function"`},
		// TreeEnsemble.
		{"v5 shared node", ensemble5(nodes5([]int{1, 0}, []int{1, 1}, []int{0, 1}, []int{0, 1})), unsupported, "two parents"},
		{"v5 circle", ensemble5(nodes5([]int{1, 0}, []int{0, 1}, []int{0, 0}, []int{1, 1})), unsupported, "two parents"},
		{"v5 lost node", ensemble5(nodes5([]int{0, 0}, []int{1, 1}, []int{1, 1}, []int{1, 1})), corrupt, "belongs to no tree"},
		{"v5 root", ensemble5(pairs{"tree_roots": []int{1}}), corrupt, "starts with node 1"},
		{"v5 leaf", ensemble5(pairs{"nodes_falsenodeids": []int{2}}), corrupt, "number 2 of 1 nodes and 2 leaves"},
		{"v5 mode", ensemble5(pairs{"nodes_modes": tensorBytes("", typeUint8, []int64{1}, number(5, 7))}), unsupported, "mode 7"},
		{"v5 post transform", ensemble5(pairs{"post_transform": 5}), unsupported, "post transform 5"},
		{"v5 no members", ensemble5(member), corrupt, "empty set"},
		{"v5 members left over", ensemble5(pairs{"membership_values": tensorBytes("", typeFloat, []int64{1}, single(4, 1))}), corrupt, "belong to no node"},
		{"v5 fractions", ensemble5(member.with(pairs{"membership_values": tensorBytes("", typeFloat, []int64{2}, single(4, 1.5), single(4, 77))})), unsupported, "one of which is 1.5"},
		{"v5 large members", ensemble5(member.with(pairs{"membership_values": tensorBytes("", typeFloat, []int64{2}, single(4, 1), single(4, 1e9))})), tooLarge, "sets of few members"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Parse(c.data, "m.onnx")
			var e *fault.Error
			if !errors.As(err, &e) || e.Code != c.code || !strings.Contains(e.Error(), c.want) || e.Source != "m.onnx" || e.Field == "" || e.Hint == "" {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, fault.CodeOf(err), c.want, c.code)
			}
		})
	}
}

// TestHummingbird: trees as operators of tensors are refused with the way there is.
func TestHummingbird(t *testing.T) {
	data, err := os.ReadFile("../../testdata/onnx/hummingbird.onnx")
	if err != nil || !Detect(data) {
		t.Fatal("not detected", err)
	}
	_, _, err = Parse(data, "m.onnx")
	const want = "m.onnx: graph: there are no trees in it: none of its 14 operators is a TreeEnsemble; only ONNX models of trees are read. " +
		"If trees were made into operators of tensors, as Hummingbird does: save the model in the training library's own format, or convert it with skl2onnx or onnxmltools"
	if fault.CodeOf(err) != fault.Unsupported || err.Error() != want {
		t.Errorf("got  %v (%s)\nwant %s", err, fault.CodeOf(err), want)
	}
}

func TestDetect(t *testing.T) {
	if !Detect(regressor(nil)) || !Detect(ensemble5(nil)) {
		t.Error("not detected")
	}
	for _, s := range []string{"", "\x08", "tree\nversion=v4\n", "{\"learner\":{}}", "{L\x00\x00", "CBM1....", "\x08\x00\x12\x00", "\x08\x08\x12\xff\xff\xff\xff\xff", "\x80\x04\x95", "\x04\x00\x00\x00", "binf"} {
		if Detect([]byte(s)) {
			t.Errorf("%q is detected", s)
		}
	}
}
