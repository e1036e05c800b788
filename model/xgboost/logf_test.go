package xgboost

import (
	"testing"

	"github.com/glulam/glulam/model/internal/allfloats"
)

// TestLogf holds logf against glibc's.
func TestLogf(t *testing.T) { allfloats.Check(t, logf, 0xeb6e7eab347d73e5, 0xe84e0d5b240a5659) }
