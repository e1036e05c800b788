package sklearn

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestLongChain: many features at the end of many steps take time in proportion to their sum, not to their product, which
// here would be minutes.
func TestLongChain(t *testing.T) {
	const steps, features = 200_000, 200_000
	var chain strings.Builder
	for i := range steps {
		fmt.Fprintf(&chain, `,{"op":"is_nan","from":%d}`, i)
	}
	text := `{"format":"glulam-sklearn","version":1,"sklearn":"1","estimator":"X","objective":"o","task":"regression","outputs":1,"rounds":1,` +
		`"link":{"kind":"identity"},"input":"float64","columns":[{"name":"a"}],"steps":[` + chain.String()[1:] + `],"features":[` +
		strings.Repeat(fmt.Sprintf(",%d", steps), features)[1:] + `],"trees":[{"left":[0],"value":[1]}]}`
	start := time.Now()
	f, g, err := Parse([]byte(text), "model.json")
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("%d bytes took %v", len(text), took)
	}
	if len(f.Features) != features || len(g.Steps) != steps || f.Features[7].Name != "a" {
		t.Errorf("%d features, %d steps, %q", len(f.Features), len(g.Steps), f.Features[7].Name)
	}
}
