package lightgbm

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/hostile"
)

// TestCut cuts real files off after each of their bytes. What is left is refused, unless it is the file that LightGBM's C
// API would have written, or lacks nothing but the last line end.
func TestCut(t *testing.T) {
	const parametersEnd = "\nend of parameters"
	for name, data := range realModels(t) {
		whole := mustParse(t, data)
		without := *whole
		without.Features = append([]forest.Feature(nil), whole.Features...)
		for i := range without.Features {
			without.Features[i].Categories = nil
		}
		for n := range len(data) {
			f, err := Parse(data[:n], "model.txt")
			if err != nil {
				checkError(t, err)
				continue
			}
			rest := string(data[n:])
			before := string(data[:n])
			switch {
			case strings.HasSuffix(strings.TrimRight(before, "\n"), parametersEnd):
				if diff := cmp.Diff(&without, f); diff != "" {
					t.Fatalf("%s cut at %d: %s", name, n, diff)
				}
			case rest != "\n":
				t.Fatalf("%s cut at %d is accepted", name, n)
			}
		}
	}
}

// TestCutFlights does the same with larger files, at each percent.
func TestCutFlights(t *testing.T) {
	for _, name := range []string{"lightgbm.txt", "linear_multiclass.txt", "v3_multiclass.txt"} {
		data := readFile(t, flights+"/"+name)
		mustParse(t, data)
		for percent := range 100 {
			_, err := Parse(data[:len(data)*percent/100], name)
			if err == nil {
				t.Errorf("%s: %d%% of it are accepted", name, percent)
				continue
			}
			checkError(t, err)
		}
	}
}

// TestMutants spoils real files in many ways. What comes out is an error or a forest that can be evaluated. GLULAM_MUTANTS
// says how many of each file there are to be.
func TestMutants(t *testing.T) {
	hostile.Mutants(t, realModels(t), 3000, 4, mutateText, func(t *testing.T, data []byte) { parseSafely(t, data) })
}

func mutateText(r *rand.Rand, b []byte) []byte { return []byte(mutate(r, string(b))) }

func mutate(r *rand.Rand, s string) string {
	at := r.IntN(len(s))
	end := min(len(s), at+1+r.IntN(100))
	switch r.IntN(6) {
	case 0: // flip a bit
		b := []byte(s)
		b[at] ^= 1 << r.IntN(8)
		return string(b)
	case 1: // drop a piece
		return s[:at] + s[end:] + "\n"
	case 2: // double a piece
		return s[:end] + s[at:]
	case 3: // another line for a line
		lines := strings.SplitAfter(s, "\n")
		lines[r.IntN(len(lines))] = lines[r.IntN(len(lines))]
		return strings.Join(lines, "") + "\n"
	}
	// Another number, in the larger part of the file that has numbers.
	numbers := []string{"0", "-0", "1", "-1", "2", "-2", "3", "0.5", "8", "inf", "-inf", "nan", "1e308", "1e999", "127", "128",
		"65535", "2147483647", "2147483648", "-2147483648", "4294967295", "9223372036854775808", "99999999999999999999", ""}
	return replaceWord(s, at%max(1, strings.Index(s, endOfTrees)), numbers[r.IntN(len(numbers))])
}

// replaceWord replaces the word around byte i. Words end at spaces, line ends, "=", ":" and commas.
func replaceWord(s string, i int, word string) string {
	const ends = " \n=:,"
	for i > 0 && !strings.ContainsRune(ends, rune(s[i-1])) {
		i--
	}
	end := i + strings.IndexAny(s[i:]+"\n", ends)
	return s[:i] + word + s[end:]
}

// parseSafely parses anything and checks what must hold of anything.
func parseSafely(t hostile.TB, data []byte) {
	t.Helper()
	f, err := Parse(data, "model.txt")
	if err != nil {
		checkError(t, err)
		return
	}
	checkForest(t, f)
}

// checkForest evaluates an accepted forest.
func checkForest(t hostile.TB, f *forest.Forest) {
	t.Helper()
	hostile.Evaluate(t, f, nil, forest.MaxFeatures)
}

func checkError(t hostile.TB, err error) {
	t.Helper()
	hostile.Error(t, err, ".txt")
}

// TestMemory holds hostile files to memory in proportion to their size.
func TestMemory(t *testing.T) {
	const header = "tree\nversion=v4\nnum_class=1\nmax_feature_idx=0\nfeature_names=a\nfeature_infos=none\n\n"
	tree := func(lines string) string { return header + "Tree=0\n" + lines + "\n" + tailLine }
	const n = 1 << 16
	files := map[string]string{
		"num_leaves":      tree("num_leaves=2147483647\nnum_cat=0\nleaf_value=1\n"),
		"num_cat":         tree("num_leaves=1\nnum_cat=2147483646\nleaf_value=1\ncat_boundaries=0 2147483647\n"),
		"cat_threshold":   tree("num_leaves=1\nnum_cat=1\nleaf_value=1\ncat_boundaries=0 2147483647\ncat_threshold=1\n"),
		"num_features":    tree("num_leaves=1\nnum_cat=0\nleaf_value=1\nis_linear=1\nleaf_const=1\nnum_features=2147483647\nleaf_features=0\nleaf_coeff=1\n"),
		"features":        strings.Replace(header, "feature_idx=0", "feature_idx=2147483646", 1) + tailLine,
		"many features":   strings.NewReplacer("idx=0", "idx=65535", "=none", "="+strings.Repeat("none ", n)).Replace(header) + tailLine,
		"many trees":      header + strings.Repeat("Tree=0\nnum_leaves=1\nnum_cat=0\nleaf_value=1\n\n", n) + tailLine,
		"many leaves":     tree("num_leaves=65536\nnum_cat=0\nleaf_value=" + strings.Repeat("1 ", n) + "\n"),
		"many sets":       tree("num_leaves=1\nnum_cat=65535\nleaf_value=1\ncat_boundaries=" + strings.Repeat("0 ", n) + "\ncat_threshold=\n"),
		"many lists":      header + strings.Replace(tailLine, "null", "["+strings.Repeat("[],", n)+"[]]", 1),
		"many categories": header + strings.Replace(tailLine, "null", "[["+strings.Repeat("1,", n)+"1]]", 1),
		"deep lists":      header + strings.Replace(tailLine, "null", strings.Repeat("[", n), 1),
		"empty lines":     header + strings.Repeat("\n", n) + tailLine,
		"spaces":          tree("num_leaves=1\nnum_cat=0\nleaf_value=" + strings.Repeat(" ", n) + "1\n"),
	}
	hostile.Memory(t, files, 60, 1<<20, func(t *testing.T, data []byte) { parseSafely(t, data) }) // a MiB: what the process does beside
}
