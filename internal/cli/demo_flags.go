package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// portion is the value of a flag that takes a share of a whole: 0.2%, or 0.
type portion float64

// Decode implements kong.MapperValue.
func (p *portion) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("percentage")
	if err != nil {
		return err
	}
	return p.set(t.String())
}

func (p *portion) set(text string) error {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !percent && v != 0 || !(v >= 0 && v <= 100) {
		return fmt.Errorf("%q is no percentage from 0%% to 100%%, such as 0.2%%", text)
	}
	*p = portion(v / 100)
	return nil
}
