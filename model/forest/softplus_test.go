package forest

import (
	"testing"

	"github.com/glulam/glulam/model/internal/allfloats"
)

// TestLog1pf holds log1pf against glibc's, for the arguments that it is made for.
func TestLog1pf(t *testing.T) {
	allfloats.Check(t, func(x float32) float32 {
		if x >= 0 && x <= 1 {
			return log1pf(x)
		}
		return 0
	}, 0x1bdc6903eda71e49, 0xa974b2f159e7e35c)
}
