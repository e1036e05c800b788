package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/glulam/glulam/model"
)

// inspectCmd is `glulam inspect`.
type inspectCmd struct {
	Model    string `arg:"" name:"model" help:"model file, glulam bundle or MLflow model"`
	Features list   `placeholder:"A,B" help:"names of the features in the order of training, for a model file that has none"`
	Engine   string `placeholder:"NAME" help:"what is to evaluate the model: auto, leaves or reference; default: auto"`
	Trees    string `placeholder:"ROUNDS" help:"boosting rounds that count: all, best or a:b; default: all"`
	JSON     bool   `name:"json" help:"print one JSON object, with all categories"`
}

// Run shows the model.
func (c *inspectCmd) Run(e *env) error {
	m, err := model.Load(context.Background(), c.Model, model.Options{Engine: c.Engine, Features: c.Features, Trees: c.Trees, Undecided: true, Raw: true})
	if err != nil {
		return err
	}
	s := m.Signature()
	if c.JSON {
		return writeJSON(e.stdout, s)
	}
	_, err = io.WriteString(e.stdout, signatureText(&s, columnsOf(e.stdout, 100)))
	return err
}

// signatureText renders a signature in lines of at most width columns, where names are not longer than that.
func signatureText(s *model.Signature, width int) string {
	var t table
	t.row("format", strings.TrimSpace(s.Format+" "+s.Version))
	objective := s.Objective
	if s.Booster != "" {
		objective += ", booster " + s.Booster
	}
	t.row("objective", objective)
	t.row("task", s.Task)
	t.row("prediction", linkText(s))
	t.row("outputs", shorten(s.Outputs, width-16))
	if s.NoClass != "" {
		t.row("class", "none: "+s.NoClass)
	}
	if len(s.Classes) > 0 {
		t.row("classes", shorten(listed(s.Classes), width-16))
	}
	size := []string{plural(int64(s.Trees), "tree")}
	if s.Rounds != s.Trees {
		size = append(size, plural(int64(s.Rounds), "round"))
	}
	if s.BestRounds > 0 && s.BestRounds < s.Rounds {
		size = append(size, fmt.Sprintf("the first %s best", count(int64(s.BestRounds))))
	}
	if s.Terms {
		size = append(size, "linear terms")
	} else {
		size = append(size, leavesOf(s), plural(int64(s.Nodes), "split"), fmt.Sprintf("depth %d", s.MaxDepth))
	}
	t.row("size", strings.Join(size, ", "))
	if text := stepsText(s.Steps, width-16); text != "" {
		t.row("steps", text)
	}
	t.row("engine", s.Engine)
	t.row("digest", s.Digest)
	bundleRows(&t, s.Bundle, width-16)
	used := 0
	for _, f := range s.Features {
		if f.Used {
			used++
		}
	}
	features := plural(int64(len(s.Features)), "feature")
	if used < len(s.Features) {
		features += fmt.Sprintf(", %s used", count(int64(used)))
	}
	return s.Name + "\n" + t.String() + "\n" + features + "\n" + featureTable(s.Features, width)
}

// stepsText counts what is done to columns before the trees; "": nothing.
func stepsText(steps []model.StepInfo, width int) string {
	if len(steps) == 0 {
		return ""
	}
	total, kinds := 0, make([]string, len(steps))
	for i, s := range steps {
		total += s.Count
		kinds[i] = s.Step
		if s.Count > 1 {
			kinds[i] += " " + count(int64(s.Count))
		}
	}
	head := count(int64(total)) + " before the trees: "
	return head + shorten(kinds, width-len(head))
}

// bundleRows says what came beside the model file.
func bundleRows(t *table, b *model.BundleInfo, width int) {
	if b == nil {
		return
	}
	t.gap()
	kind := []string{b.Kind}
	if b.Version != "" {
		kind = append(kind, "version "+b.Version)
	}
	if b.Flavor != "" {
		kind = append(kind, "flavor "+b.Flavor)
	}
	t.row("bundle", strings.Join(kind, ", "))
	t.row("model file", b.ModelFile)
	if b.Trees != "" {
		t.row("trees", b.Trees)
	}
	if len(b.Rename) > 0 {
		var names []string
		for _, f := range slices.Sorted(maps.Keys(b.Rename)) {
			names = append(names, fmt.Sprintf("%s from %s", element(f), element(b.Rename[f])))
		}
		t.row("renamed", shorten(names, width))
	}
	if c := b.Calibration; c != nil && c.Method == "platt" {
		t.row("calibration", fmt.Sprintf("platt: 1 / (1 + exp(%s*margin + %s))", number(c.A), number(c.B)))
	} else if c != nil {
		t.row("calibration", fmt.Sprintf("isotonic, %s", plural(int64(len(c.X)), "point")))
	}
	if b.Threshold != nil {
		t.row("threshold", number(*b.Threshold))
	}
	if b.Outputs != nil {
		t.row("adds", strings.Join(b.Outputs, ", "))
	}
	switch {
	case b.GoldenTrees != "":
		t.row("golden rows", fmt.Sprintf("%s, equal to %s with trees %s; not checked with those chosen here", b.GoldenRows, b.Expected, b.GoldenTrees))
	case b.Expected != "" && b.GoldenULPs > 0:
		t.row("golden rows", fmt.Sprintf("%s, equal to %s within %s", b.GoldenRows, b.Expected, plural(int64(b.GoldenULPs), "ulp")))
	case b.Expected != "":
		t.row("golden rows", b.GoldenRows+", equal to "+b.Expected)
	case b.GoldenRows != "":
		t.row("golden rows", b.GoldenRows+", without expected outputs")
	}
	for _, n := range b.Provenance {
		t.row("note", printable(n.Key)+": "+printable(n.Text))
	}
}

// linkText says how a prediction is made of a margin.
func linkText(s *model.Signature) string {
	text := "the margin itself"
	if s.Link != "identity" {
		text = s.Link + " of the margin"
	}
	if s.Averaged {
		text += ", which is the average of the trees"
	}
	if len(s.Base) > 0 {
		base := make([]string, len(s.Base))
		for i, b := range s.Base {
			base[i] = number(b)
		}
		text += ", base score " + strings.Join(base, ", ")
	}
	if s.Scale != 0 && s.Scale != 1 {
		text += ", scale " + number(s.Scale)
	}
	if len(s.Bias) > 0 {
		bias := make([]string, len(s.Bias))
		for i, b := range s.Bias {
			bias[i] = number(b)
		}
		text += ", bias " + strings.Join(bias, ", ")
	}
	return text
}

func leavesOf(s *model.Signature) string {
	if s.Linear {
		if s.Leaves == 1 {
			return "1 linear leaf"
		}
		return count(int64(s.Leaves)) + " linear leaves"
	}
	if s.Leaves == 1 {
		return "1 leaf"
	}
	return count(int64(s.Leaves)) + " leaves"
}

// maxName is how wide the column of names gets; longer names push their own line only.
const maxName = 32

// featureTable lists the features: name, kind, how often trees split on it, and where.
func featureTable(features []model.FeatureInfo, width int) string {
	name, splits := len("name"), len("splits")
	for _, f := range features {
		name = max(name, min(maxName, wide(printable(f.Name))))
		splits = max(splits, len(count(int64(f.Thresholds))))
	}
	var b strings.Builder
	line := func(n, kind, s, where string) {
		text := fmt.Sprintf("  %s  %-8s  %*s  %s", pad(n, name), kind, splits, s, where)
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	line("name", "kind", "splits", "where")
	for _, f := range features {
		n := "-"
		if f.Used {
			n = count(int64(f.Thresholds))
		}
		label := printable(f.Name)
		room := width - 2 - max(name, wide(label)) - 2 - 8 - 2 - splits - 2
		line(label, f.Kind, n, where(&f, room))
	}
	return b.String()
}

// where says what a feature is held against: the range of its thresholds, or its categories.
func where(f *model.FeatureInfo, room int) string {
	switch {
	case f.Categories != nil:
		names := make([]string, len(f.Categories))
		for i, c := range f.Categories {
			names[i] = category(c)
		}
		return shorten(names, room)
	case f.Min != nil && f.Max != nil && *f.Min == *f.Max:
		return number(*f.Min)
	case f.Min != nil && f.Max != nil:
		return number(*f.Min) + " to " + number(*f.Max)
	case f.Codes && f.LastCode != nil:
		return "codes 0, 1, 2, ... as in training; splits name them up to " + count(*f.LastCode)
	case f.Codes:
		return "codes 0, 1, 2, ... as in training"
	case f.Kind == "category" && f.Used:
		return "whole numbers"
	}
	return ""
}

// category writes a category as an element of a list.
func category(c any) string {
	switch c := c.(type) {
	case string:
		return element(c)
	case float64:
		return number(c)
	}
	return fmt.Sprint(c)
}

// printable quotes a text that would not stand out as one, or would disturb the line.
func printable(s string) string {
	quoted := strconv.Quote(s)
	if s == "" || quoted != `"`+s+`"` || strings.TrimSpace(s) != s {
		return quoted
	}
	return s
}

// element is printable for a text among others with commas between them: one that has a comma in it is quoted.
func element(s string) string {
	if text := printable(s); text != s || !strings.Contains(s, ",") {
		return text
	}
	return strconv.Quote(s)
}

// listed is element of each text.
func listed(texts []string) []string {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = element(s)
	}
	return out
}

// number writes a float with as many digits as people read.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// shorten joins names with commas; those for which there is no room are counted only.
func shorten(names []string, room int) string {
	all := strings.Join(names, ", ")
	if wide(all) <= room {
		return all
	}
	rest := fmt.Sprintf("... (%s)", count(int64(len(names))))
	out := ""
	for _, n := range names {
		if wide(out)+wide(n)+2+len(rest) > room {
			break
		}
		out += n + ", "
	}
	return out + rest
}
