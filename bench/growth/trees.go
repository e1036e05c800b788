package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// leavesOfTree is how many leaves the trees have that are made up.
const leavesOfTree = 31

// writeModel writes a regression model as LightGBM's text: trees that grow at random leaves, and ask for features in turn whether
// they are at most a number that is drawn from 250.
func writeModel(w *bufio.Writer, features, trees int) {
	random := rand.New(rand.NewPCG(7, uint64(trees)))
	texts, names := make([]string, trees), make([]string, features)
	sizes := make([]string, trees)
	asked := 0
	for t := range texts {
		texts[t] = "Tree=" + strconv.Itoa(t) + "\n" + randomTree(random, features, &asked) + "\n\n"
		sizes[t] = strconv.Itoa(len(texts[t]))
	}
	for i := range names {
		names[i] = "f" + strconv.Itoa(i)
	}
	fmt.Fprintf(w, "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=%d\nobjective=regression\nfeature_names=%s\nfeature_infos=%s\ntree_sizes=%s\n\n",
		features-1, strings.Join(names, " "), strings.TrimSpace(strings.Repeat("[0:1] ", features)), strings.Join(sizes, " "))
	for _, text := range texts {
		w.WriteString(text)
	}
	w.WriteString("end of trees\n\nfeature_importances:\n\nparameters:\n[boosting: gbdt]\n[objective: regression]\nend of parameters\n\npandas_categorical:null\n")
}

// randomTree is a tree without the line of its number.
func randomTree(random *rand.Rand, features int, asked *int) string {
	const inner = leavesOfTree - 1
	// A leaf that is split becomes node i, whose left child is the leaf itself and whose right child is a new one.
	left, right := make([]int, inner), make([]int, inner)
	place := make([]*int, leavesOfTree) // what points at a leaf
	for i := range inner {
		leaf := random.IntN(i + 1)
		if place[leaf] != nil {
			*place[leaf] = i
		}
		left[i], right[i] = ^leaf, ^(i + 1)
		place[leaf], place[i+1] = &left[i], &right[i]
	}
	var feature, threshold, value []string
	for range inner {
		feature = append(feature, strconv.Itoa(*asked%features))
		threshold = append(threshold, strconv.FormatFloat((float64(random.IntN(250))+0.5)/250, 'g', 17, 64))
		*asked++
	}
	for range leavesOfTree {
		value = append(value, strconv.FormatFloat(random.NormFloat64()/100, 'g', 17, 64))
	}
	zeros := strings.TrimSpace(strings.Repeat("0 ", inner))
	lines := []string{
		"num_leaves=" + strconv.Itoa(leavesOfTree), "num_cat=0", "split_feature=" + strings.Join(feature, " "), "split_gain=" + zeros,
		"threshold=" + strings.Join(threshold, " "),
		"decision_type=" + strings.TrimSpace(strings.Repeat("10 ", inner)), // NaN is missing, and goes left
		"left_child=" + join(left), "right_child=" + join(right), "leaf_value=" + strings.Join(value, " "),
		"leaf_weight=" + zeros + " 0", "leaf_count=" + zeros + " 0",
		"internal_value=" + zeros, "internal_weight=" + zeros, "internal_count=" + zeros, "is_linear=0", "shrinkage=1",
	}
	return strings.Join(lines, "\n") + "\n"
}

func join(v []int) string {
	s := make([]string, len(v))
	for i, n := range v {
		s[i] = strconv.Itoa(n)
	}
	return strings.Join(s, " ")
}
