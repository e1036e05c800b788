package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// list is the value of a flag that takes several names: "a,b,c", with "\," for a comma in a name. The flag may be given
// again, which adds to it. nil: the flag is absent. Empty: it was given without a name, which means none.
type list []string

// Decode implements kong.MapperValue.
func (l *list) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("list")
	if err != nil {
		return err
	}
	*l = append(append(list{}, *l...), splitList(t.String())...)
	return nil
}

// splitList splits at commas that no backslash precedes; blanks after a comma do not count. "" has no elements.
func splitList(s string) []string {
	if s == "" {
		return []string{}
	}
	var out []string
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == ',':
			b.WriteByte(',')
			i++
		case s[i] == ',':
			out = append(out, b.String())
			b.Reset()
			for i+1 < len(s) && s[i+1] == ' ' {
				i++
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return append(out, b.String())
}

// paths is the value of --input: one or more paths and patterns, so that a list which the shell made of a pattern works
// too. The flag may be given again. Commas do not separate: they may stand in names.
type paths []string

// Decode implements kong.MapperValue.
func (p *paths) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("path")
	if err != nil {
		return err
	}
	*p = append(*p, t.String())
	for _, t := range ctx.Scan.PopWhile(kong.Token.IsValue) {
		*p = append(*p, t.String())
	}
	return nil
}

// whole is the value of a flag that takes a whole number.
type whole int

// Decode implements kong.MapperValue.
func (w *whole) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("whole number")
	if err != nil {
		return err
	}
	return w.set(t.String())
}

func (w *whole) set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	*w = whole(n)
	return nil
}

// positive is the value of a flag that takes a whole number from 1 on. 0 would be as no flag at all, which nobody means who writes
// it. What is less than that is for the specification to refuse, with the range.
type positive int

// Decode implements kong.MapperValue.
func (p *positive) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("whole number")
	if err != nil {
		return err
	}
	return orDefault(ctx, p.set(t.String()))
}

func (p *positive) set(text string) error {
	if err := (*whole)(p).set(text); err != nil || *p != 0 {
		return err
	}
	return errors.New("0 is too little: from 1 on")
}

// orDefault adds to an error what holds without the flag.
func orDefault(ctx *kong.DecodeContext, err error) error {
	if _, value, ok := strings.Cut(ctx.Value.Help, "default: "); ok && err != nil {
		return fmt.Errorf("%w; without the flag it is: %s", err, value)
	}
	return err
}

// renames is the value of --rename: feature=column, once a flag. A feature whose name has an equals sign is renamed in a
// spec file.
type renames map[string]string

// Decode implements kong.MapperValue.
func (r *renames) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("feature=column")
	if err != nil {
		return err
	}
	feature, column, ok := strings.Cut(t.String(), "=")
	if !ok || feature == "" || column == "" {
		return fmt.Errorf("%q is not feature=column", t.String())
	}
	if have, twice := (*r)[feature]; twice {
		return fmt.Errorf("the feature %q is renamed twice, to %q and %q", feature, have, column)
	}
	if *r == nil {
		*r = renames{}
	}
	(*r)[feature] = column
	return nil
}

// delimiter understands the two usual ways to write a tab where none can be typed.
func delimiter(s string) string {
	if s == `\t` || s == "tab" {
		return "\t"
	}
	return s
}

// settings is the value of --option: name=value, once a flag.
type settings map[string]string

// Decode implements kong.MapperValue.
func (o *settings) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("name=value")
	if err != nil {
		return err
	}
	name, value, ok := strings.Cut(t.String(), "=")
	if !ok || name == "" {
		return fmt.Errorf("%q is not name=value", t.String())
	}
	if _, twice := (*o)[name]; twice {
		return fmt.Errorf("the option %s is given twice", name)
	}
	if *o == nil {
		*o = settings{}
	}
	(*o)[name] = value
	return nil
}

// interval is the value of a flag that takes a duration: 500ms, 10s, 1m30s.
type interval time.Duration

// Decode implements kong.MapperValue.
func (i *interval) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("duration")
	if err != nil {
		return err
	}
	return i.set(t.String())
}

func (i *interval) set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is no duration such as 500ms, 10s or 1h30m", text)
	}
	*i = interval(d)
	return nil
}

// lasting is the value of a flag that takes a duration of more than nothing: see positive.
type lasting time.Duration

// Decode implements kong.MapperValue.
func (l *lasting) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("duration")
	if err != nil {
		return err
	}
	return orDefault(ctx, l.set(t.String()))
}

func (l *lasting) set(text string) error {
	if err := (*interval)(l).set(text); err != nil || *l != 0 {
		return err
	}
	return errors.New("0 is too little: a time such as 500ms or 10s")
}

// rules is the value of --derive and --decide: one rule a flag, commas and all.
type rules []string

// Decode implements kong.MapperValue.
func (r *rules) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("rule")
	if err != nil {
		return err
	}
	*r = append(*r, t.String())
	return nil
}

// factor is the value of a flag that takes a number.
type factor float64

// Decode implements kong.MapperValue.
func (f *factor) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("number")
	if err != nil {
		return err
	}
	return f.set(t.String())
}

func (f *factor) set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%q is not a number", text)
	}
	*f = factor(v)
	return nil
}
