package cli

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/glulam/glulam/fault"
)

// origins says where the values of the flags came from.
type origins struct {
	given map[string]bool // flags on the command line
	file  *specFile       // nil without --file
}

// settle reads the spec file, if there is one, into the flags that were not given, and looks at all values: validate
// reports what is wrong with them.
func settle(k *kong.Context, file string, validate func() error) (*origins, error) {
	from := &origins{given: map[string]bool{}}
	for _, p := range k.Path {
		if p.Flag != nil {
			from.given[p.Flag.Name] = true
		}
	}
	if file == "" {
		return from, inOrder(k.Selected(), parts(from.locate(validate())))
	}
	var err error
	if from.file, err = readSpec(file); err != nil {
		return from, err
	}
	targets := map[string]reflect.Value{}
	for name, f := range keys(k.Selected()) {
		targets[name] = f.Target
		if from.given[name] {
			// What the file says is checked, but does not count.
			targets[name] = reflect.New(f.Target.Type()).Elem()
		}
	}
	errs := from.file.decode(targets)
	for _, part := range parts(from.locate(validate())) {
		if key := fieldOf(part); part != nil && (from.given[key] || !from.file.spoiled[key]) {
			errs = append(errs, part)
		}
	}
	return from, inOrder(k.Selected(), errs)
}

// inOrder joins errors by their line in the spec, those of flags first, in the order in which help lists them.
func inOrder(cmd *kong.Node, errs []error) error {
	rank := map[string]int{}
	for i, f := range cmd.Flags {
		rank[f.Name] = i
	}
	slices.SortStableFunc(errs, func(a, b error) int {
		return cmp.Or(cmp.Compare(lineOf(a), lineOf(b)), cmp.Compare(rank[fieldOf(a)], rank[fieldOf(b)]))
	})
	return errors.Join(errs...)
}

func lineOf(err error) int64 {
	if e := (*fault.Error)(nil); errors.As(err, &e) {
		return e.Line
	}
	return 0
}

// keys lists the flags of a command that are also keys of the spec file.
func keys(cmd *kong.Node) map[string]*kong.Flag {
	out := map[string]*kong.Flag{}
	for _, f := range cmd.Flags {
		if f.Name != "file" && f.Name != "help" {
			out[f.Name] = f
		}
	}
	return out
}

// atKey is an error about the value of a flag, wherever it was given.
type atKey struct {
	key string
	err error
}

func (e *atKey) Error() string { return e.err.Error() }
func (e *atKey) Unwrap() error { return e.err }

func fieldOf(err error) string {
	if k := (*atKey)(nil); errors.As(err, &k) {
		return k.key
	}
	return ""
}

// locate makes errors about values name the place where the value was given: the flag, or the line of the file. Other
// errors stay as they are.
func (o *origins) locate(err error) error {
	if err == nil {
		return nil
	}
	var out []error
	for _, part := range parts(err) {
		out = append(out, o.locateOne(part))
	}
	if len(out) == 1 {
		return out[0]
	}
	return errors.Join(out...)
}

func (o *origins) locateOne(err error) error {
	fe := (*fault.Error)(nil)
	if !errors.As(err, &fe) || fe.Code != fault.Usage {
		return err
	}
	key, isFlag := strings.CutPrefix(fe.Source, "--")
	if !isFlag {
		if key = fe.Field; fe.Source != "" || key == "" {
			return err
		}
	}
	e := *fe
	e.Field = ""
	switch {
	case o.given[key]:
		e.Source = "--" + key
	case o.file != nil && o.file.values[key] != nil:
		return &atKey{key, o.file.at(o.file.place(key, e.Err.Error()), key, &e)}
	default: // not given at all
		e.Source = ""
		if e.Hint == "" {
			spec := "a spec for -f"
			if o.file != nil {
				spec = o.file.name
			}
			e.Hint = fmt.Sprintf("give --%s, or the key %s in %s", key, key, spec)
		}
	}
	return &atKey{key, &e}
}
