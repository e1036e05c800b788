package xgboost

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestClasses reads the labels that XGBClassifier of 1.0 to 1.5 saved; later files have none.
func TestClasses(t *testing.T) {
	words, numbers := []string{"early", "fine", "late", "lost"}, []string{"7.0", "30.0"}
	for name, want := range map[string][]string{
		"v10_labels": words, "v11_labels": words, "v12_labels": words, "v13_labels": words, "v14_labels": words, "v15_labels": words,
		"v10_labels_two": numbers, "v13_labels_two": numbers, "v15_labels_two": numbers, "v16_softprob": nil, "softprob": nil,
	} {
		data, err := os.ReadFile(goldens + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		f, _, err := Parse(data, name)
		if err != nil || !slices.Equal(f.Classes, want) {
			t.Errorf("%s: classes %q, want %q; %v", name, f.Classes, want, err)
		}
	}
}

// TestAttached holds which labels are taken from what is attached to a model: never wrong ones, and it is never refused.
func TestAttached(t *testing.T) {
	for attached, want := range map[string][]string{
		`{"missing": NaN, "classes_": ["no", "yes"]}`:                              {"no", "yes"},
		`{"classes_": ["no", "yes"], "_le": {"classes_": ["nein", "ja"], "x": 1}}`: {"nein", "ja"},
		`{"classes_": [false, true]}`:                                              {"False", "True"},
		`{"classes_": [-1, 1]}`:                                                    {"-1", "1"},
		`{"classes_": ["\u00e4", "b"]}`:                                            {"ä", "b"},
		`{"classes_": [0, 1]}`:                                                     nil, // the numbers say as much
		`{"classes_": [0.0, 1.0]}`:                                                 nil,
		`{"classes_": ["a", "b", "c"]}`:                                            nil, // not a label a class
		`{"classes_": ["a", "a"]}`:                                                 nil,
		`{"classes_": [["a"], "b"]}`:                                               nil,
		`{"classes_": "ab"}`:                                                       nil,
		`{"classes_": ["a", "b"]} x`:                                               nil,
		`{"_estimator_type": "classifier"}`:                                        nil,
		`mine`:                                                                     nil,
		``:                                                                         nil,
	} {
		f, _, err := Parse(change(t, `"attributes":{} => "attributes":{"scikit_learn":`+strconv.Quote(attached)+`}`, "reg:squarederror => binary:logistic"), "model")
		if strings.Contains(attached, `\u`) { // not Go's quotes
			f, _, err = Parse(change(t, `"attributes":{} => "attributes":{"scikit_learn":"{\"classes_\": [\"\\u00e4\", \"b\"]}"}`, "reg:squarederror => binary:logistic"), "model")
		}
		if err != nil || !slices.Equal(f.Classes, want) {
			t.Errorf("%s: classes %q, want %q; %v", attached, f.Classes, want, err)
		}
	}
	f, _, err := Parse(change(t, `"attributes":{} => "attributes":{"scikit_learn":"{\"classes_\": [\"a\", \"b\"]}"}`), "model")
	if err != nil || f.Classes != nil {
		t.Errorf("a regression has classes %q; %v", f.Classes, err)
	}
}
