package number_test

import (
	"fmt"

	"github.com/glulam/glulam/format/number"
)

func Example() {
	rule := number.NewRule([]string{"", "NA"})
	for _, cell := range []string{"1.5", " 2e3 ", "NA", "true", "1e999", "0x10"} {
		f, status := rule.Parse([]byte(cell))
		fmt.Println(f, status)
	}
	// Output:
	// 1.5 ok
	// 2000 ok
	// NaN ok
	// 1 ok
	// +Inf range
	// 0 bad
}
