package runners_test

import (
	"context"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/runners"
)

func init() { register.Function1x2(departed) }

// departed is a step that fails.
func departed([]byte) (int, error) {
	return 0, fault.Wire(fault.New(fault.BadNumber, "rows.csv", "%q is not a number", "six").OnField("hour").WithHint("mend the row"))
}

// What a DoFn gives to fault.Wire comes back from the runner as it was.
func ExampleRun() {
	if !beam.Initialized() {
		beam.Init()
	}
	p, s := beam.NewPipelineWithRoot()
	beam.ParDo(s, departed, beam.Impulse(s))
	_, err := runners.Run(context.Background(), p, runners.Options{Runner: "prism"})
	fmt.Println(fault.CodeOf(err))
	fmt.Println(err)
	// Output:
	// bad_number
	// rows.csv: hour: "six" is not a number; mend the row
}
