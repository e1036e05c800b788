package forest_test

import (
	"testing"

	"github.com/glulam/glulam/model/forest"
)

// TestWhyNoClass holds what a person is told who asks for a class that there is none of.
func TestWhyNoClass(t *testing.T) {
	for want, f := range map[string]*forest.Forest{
		"": {Task: forest.TaskMulticlass, Outputs: 3},
		"how the objective \"x\" makes predictions of margins is not known": {Task: forest.TaskBinary, Objective: "x", Link: forest.Link{Kind: forest.LinkUnknown}},
		"the objective \"x\" gives a probability for each of 2 labels":      {Objective: "x", Outputs: 2, Link: forest.Link{Kind: forest.Sigmoid}},
		"the objective \"x\" predicts numbers":                              {Objective: "x", Outputs: 1},
		"the objective \"x\" ranks rows":                                    {Task: forest.TaskRanking, Objective: "x"},
		"the file says so":                                                  {Task: forest.TaskBinary, Outputs: 1, NoClass: "the file says so"},
	} {
		if got := f.WhyNoClass(); got != want || f.HasClass() != (want == "") {
			t.Errorf("%q, not %q; has class: %t", got, want, f.HasClass())
		}
	}
}
