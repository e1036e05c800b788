package forest

import (
	"testing"

	"github.com/glulam/glulam/model/internal/allfloats"
)

// TestExpf holds expf against glibc's.
func TestExpf(t *testing.T) { allfloats.Check(t, expf, 0x7b28336e90e035e0, 0x83cf1f7aae7e58ac) }
