package lightgbm

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
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
	mutants := uint64(3000)
	if s := os.Getenv("GLULAM_MUTANTS"); s != "" {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		mutants = n
	}
	for name, data := range realModels(t) {
		t.Run(name, func(t *testing.T) {
			var seed uint64
			defer func() {
				if r := recover(); r != nil || t.Failed() {
					t.Errorf("seed %d: %v", seed, r)
				}
			}()
			for ; seed < mutants; seed++ {
				r := rand.New(rand.NewPCG(seed, 0))
				text := string(data)
				for range 1 + r.IntN(4) {
					text = mutate(r, text)
				}
				parseSafely(t, []byte(text))
			}
		})
	}
}

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

type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// parseSafely parses anything and checks what must hold of anything.
func parseSafely(t tester, data []byte) {
	t.Helper()
	f, err := Parse(data, "model.txt")
	if err != nil {
		checkError(t, err)
		return
	}
	checkForest(t, f)
}

// checkForest evaluates an accepted forest.
func checkForest(t tester, f *forest.Forest) {
	t.Helper()
	if err := f.Validate(); err != nil {
		t.Fatalf("an accepted forest is not valid: %v", err)
	}
	const rows = 4
	x := make([]float64, rows*len(f.Features))
	for i := range x {
		x[i] = [...]float64{0, math.NaN(), math.Inf(1), -1, 2, 1e300}[i%6]
	}
	reference := forest.NewReference(f)
	reference.Margins(x, rows, make([]float64, rows*f.Outputs))
	reference.LeafIndices(x, rows, make([]int32, rows*len(f.Trees)))
}

func checkError(t tester, err error) {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) || e.Source != "model.txt" && !strings.HasSuffix(e.Source, ".txt") || e.Hint == "" ||
		e.Code != fault.Corrupt && e.Code != fault.Unsupported && e.Code != fault.TooLarge {
		t.Fatalf("not an error that helps: %#v", err)
	}
	if len(err.Error()) > 2000 {
		t.Fatalf("too long an error: %v", err)
	}
}

// TestMemory holds hostile files to memory in proportion to their size.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("short runs are for the race detector, whose own memory counts here")
	}
	const header = "tree\nversion=v4\nnum_class=1\nmax_feature_idx=0\nfeature_names=a\nfeature_infos=none\n\n"
	tree := func(lines string) string { return header + "Tree=0\n" + lines + "\n" + tailLine }
	const n = 1 << 16
	for name, text := range map[string]string{
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
	} {
		t.Run(name, func(t *testing.T) {
			data := []byte(text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			parseSafely(t, data)
			runtime.ReadMemStats(&after)
			const fixed = 1 << 20 // what the process does beside
			if used := after.TotalAlloc - before.TotalAlloc; used > uint64(60*len(data)+fixed) {
				t.Errorf("%d bytes for a file of %d", used, len(data))
			}
		})
	}
}
