package files

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/glulam/glulam/fault"
)

func init() {
	beam.RegisterDoFn(&commitFn{})
	register.Iter1[Report]()
	register.Emitter1[int64]()
}

// CommitOptions say where the output goes and what run.json is to tell.
type CommitOptions struct {
	Dir    string // the output directory
	Temp   string // as in WriteOptions; removed at the end
	Format Format // of the output
	// Manifest is run.json as far as it is known before the run; Commit fills in inputs, rows and outputs.
	Manifest Manifest
}

// Manifest is run.json: what was scored, with what, and where it went. It says nothing of time or machine, so the same
// run gives the same file.
type Manifest struct {
	Glulam   string         `json:"glulam"` // version
	Model    ModelInfo      `json:"model"`
	Spec     jsontext.Value `json:"spec"` // what was asked for
	Inputs   []InputFile    `json:"inputs"`
	Rows     RowCounts      `json:"rows"`
	Rejected []OutputFile   `json:"rejected"`
	Outputs  []OutputFile   `json:"outputs"`
}

// ModelInfo names the model of a run.
type ModelInfo struct {
	Name      string `json:"name"`
	Digest    string `json:"digest"`
	Format    string `json:"format"`
	Objective string `json:"objective"`
	Engine    string `json:"engine"`
}

// RowCounts is the account of a run: In = Scored + Rejected.
type RowCounts struct {
	In             int64            `json:"in"`
	Scored         int64            `json:"scored"`
	Rejected       int64            `json:"rejected"`
	RejectedByCode map[string]int64 `json:"rejected_by_code,omitzero"`
	Blank          int64            `json:"blank,omitzero"` // blank lines, which are no rows
}

// OutputFile is a file of the output; Name is relative to the output directory.
type OutputFile struct {
	Name  string `json:"name"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}

// ManifestName is the name of the manifest in the output directory.
const ManifestName = "run.json"

// RejectedDir is the folder of the dead letters in the output directory.
const RejectedDir = "rejected"

// Commit gathers the reports of a run (PCollections<Report>), checks them and makes the output final.
func Commit(s beam.Scope, o CommitOptions, reports ...beam.PCollection) {
	s = s.Scope("glulam.files.Commit")
	all := beam.GroupByKey(s, beam.AddFixedKey(s, beam.Flatten(s, reports...)))
	beam.ParDo(s, &commitFn{Options: o}, all)
}

type commitFn struct{ Options CommitOptions }

// ProcessElement commits. It may be repeated: a rename that was done already is passed over.
func (f *commitFn) ProcessElement(_ context.Context, _ int, next func(*Report) bool, done func(int64)) error {
	var reports []Report
	for r := (Report{}); next(&r); r = (Report{}) {
		reports = append(reports, r)
	}
	n, err := commit(f.Options, reports)
	if err != nil {
		return fault.Wire(err)
	}
	done(n)
	return nil
}

func commit(o CommitOptions, reports []Report) (rows int64, err error) {
	slices.SortStableFunc(reports, func(a, b Report) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Part, b.Part))
	})
	m := o.Manifest
	if m.Rows, m.Inputs, err = account(reports); err != nil {
		return 0, err
	}
	if m.Rows.In == 0 {
		return 0, fault.New(fault.Empty, "", "the input has no rows").WithHint("look at the input files: a header alone is nothing to score")
	}
	parts := gather(reports, kindWritten)
	letters := gather(reports, kindLetters)
	for _, p := range parts {
		if len(p.parts) > 1 && o.Format.Name == "parquet" {
			return 0, mismatch("unit %d came in %d Parquet files, which cannot be joined", p.parts[0].Unit, len(p.parts))
		}
	}
	for i := range parts {
		parts[i].name = fmt.Sprintf("part-%05d%s", i, o.Format.Suffix())
		m.Outputs = append(m.Outputs, parts[i].output())
	}
	m.Rejected = []OutputFile{}
	for i := range letters {
		letters[i].name = fmt.Sprintf(RejectedDir+"/part-%05d.jsonl", i)
		m.Rejected = append(m.Rejected, letters[i].output())
	}
	return m.Rows.Scored, finalize(o, m, append(parts, letters...))
}

// account holds the reports against each other. Readers, the two sinks and (where it can) the planner counted rows
// independently.
func account(reports []Report) (rows RowCounts, inputs []InputFile, err error) {
	var planned *Report
	type piece struct{ unit, part int32 }
	read := map[piece]*Report{}
	byCode := map[string]int64{}
	refused := int64(0) // letters of the readers that were written, less those that they sent
	for i := range reports {
		r := &reports[i]
		switch r.Kind {
		case kindPlanned:
			if planned != nil {
				return rows, nil, mismatch("the input was planned twice")
			}
			planned = r
		case kindRead:
			refused -= r.Rejected
			at := piece{r.Unit, r.Part}
			if read[at] != nil {
				return rows, nil, mismatch("piece %d of unit %d was read twice", r.Part, r.Unit)
			}
			read[at] = r
			rows.In += r.Rows
			rows.Blank += r.Blank
		case kindWritten:
			rows.Scored += r.Rows
		case kindLetters:
			rows.Rejected += r.Rows
			if r.Stage == stageRead {
				refused += r.Rows
			}
			for code, n := range r.Codes {
				byCode[code] += n
			}
		}
	}
	if planned == nil {
		return rows, nil, mismatch("the input was not planned")
	}
	inputs = slices.Clone(planned.Inputs)
	pieces := 0
	for u, unit := range planned.Units {
		for p, records := range unit.Records {
			r := read[piece{int32(u), int32(p)}]
			if r == nil {
				return rows, nil, mismatch("piece %d of unit %d was not read", p, u)
			}
			if records >= 0 && records != r.Rows+r.Blank {
				return rows, nil, mismatch("piece %d of unit %d has %d records, but %d were read", p, u, records, r.Rows+r.Blank)
			}
			inputs[unit.Inputs[p]].Rows += r.Rows
			pieces++
		}
	}
	if pieces != len(read) {
		return rows, nil, mismatch("%d pieces were planned, but %d read", pieces, len(read))
	}
	if refused != 0 {
		return rows, nil, mismatch("%d more letters of readers were written than were sent", refused)
	}
	if rows.In != rows.Scored+rows.Rejected {
		return rows, nil, mismatch("%d rows came in, but %d were scored and %d rejected", rows.In, rows.Scored, rows.Rejected)
	}
	if len(byCode) > 0 {
		rows.RejectedByCode = byCode
	}
	return rows, inputs, nil
}

func mismatch(format string, args ...any) error {
	return fault.New(fault.Mismatch, "", "the counts do not agree: "+format, args...).WithHint("nothing final was written; this is a defect of glulam or its runner, please report it")
}

// final is a file of the output and the temporary files that it is made of, in order.
type final struct {
	name  string // relative to the output directory, with slashes
	parts []Report
}

func (f *final) output() OutputFile {
	o := OutputFile{Name: f.name}
	for i, p := range f.parts {
		o.Rows += p.Rows
		o.Bytes += p.Bytes
		if i > 0 {
			o.Bytes -= p.Head
		}
	}
	return o
}

// gather puts the temporary files of a unit together; reports are sorted.
func gather(reports []Report, kind string) []final {
	var out []final
	for _, r := range reports {
		if r.Kind != kind {
			continue
		}
		if len(out) == 0 || out[len(out)-1].parts[0].Unit != r.Unit {
			out = append(out, final{})
		}
		at := &out[len(out)-1]
		at.parts = append(at.parts, r)
	}
	return out
}

// cleared is an empty file among the temporary ones which says that the parts are assembled and the old output is gone: a
// repeated commit goes on from there.
const cleared = "cleared"

// checkpoint stands before every step of finalize; a test stops there.
var checkpoint = func() error { return nil }

// finalize gives the files their names, the manifest last. Every step may be repeated after a failure at any point.
func finalize(o CommitOptions, m Manifest, files []final) error {
	manifest, err := json.Marshal(m, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return err
	}
	manifest = append(manifest, '\n')
	fsys, err := fsOf(o.Dir)
	if err != nil {
		return err
	}
	st := stateOf(o.Temp)
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.stopped {
		return &fault.Error{Code: fault.Interrupted, Err: errors.New("the run was stopped before its output became final")}
	}
	manifestPath, manifestTemp := join(o.Dir, ManifestName), join(o.Temp, ManifestName)
	if _, err := fsys.Stat(o.Temp); missing(err) {
		if have, err := readFile(fsys, manifestPath); err == nil && bytes.Equal(have, manifest) {
			return nil // an earlier try came to the end
		}
	}
	var steps []func() error
	do := func(f func() error) { steps = append(steps, f) }
	rejected := join(o.Dir, RejectedDir)
	makeRejected := func() error {
		if len(m.Rejected) == 0 {
			return nil
		}
		if err := fsys.MkdirAll(rejected); err != nil {
			return unwritable(rejected, err)
		}
		return nil
	}
	if _, err := fsys.Stat(join(o.Temp, cleared)); err != nil {
		for i := range files {
			do(func() error { return files[i].assemble(fsys, o.Temp) })
		}
		do(func() error { return replace(fsys, manifestTemp, manifest) })
		do(makeRejected)
		do(func() error { return inTheWay(fsys, o.Dir, o.Temp, files) })
		// From here on nothing needs room on the disk: only names change.
		do(func() error {
			st.replacing = true
			return clearOwn(fsys, o.Dir, o.Temp)
		})
		do(func() error { return replace(fsys, join(o.Temp, cleared), nil) })
	}
	do(makeRejected)
	sync := func(dir string) func() error {
		return func() error {
			if err := fsys.Sync(dir); err != nil {
				return unwritable(dir, err)
			}
			return nil
		}
	}
	for _, f := range files {
		do(func() error { return rename(fsys, join(o.Temp, f.parts[0].Temp), join(o.Dir, f.name)) })
	}
	if len(m.Rejected) > 0 {
		do(sync(rejected))
	}
	do(sync(o.Dir))
	do(func() error { return rename(fsys, manifestTemp, manifestPath) })
	do(sync(o.Dir))
	do(func() error {
		if err := fsys.RemoveAll(o.Temp); err != nil {
			return unwritable(o.Temp, err)
		}
		return nil
	})
	for _, step := range steps {
		if err := checkpoint(); err != nil {
			return err
		}
		if err := step(); err != nil {
			if e := fault.FromOS(fault.Unwritable, o.Dir, err); st.replacing {
				return e.WithHint("the output was being put into place and is not complete: mend this, and run again with --overwrite")
			}
			return err
		}
	}
	st.committed, st.replacing = true, false
	return nil
}

// replace writes a small file, in the place of the one that an earlier try may have left.
func replace(fsys fileSystem, path string, data []byte) error {
	if err := fsys.Remove(path); err != nil && !missing(err) {
		return unwritable(path, err)
	}
	f, err := fsys.Create(path)
	if err != nil {
		return unwritable(path, err)
	}
	if _, err := f.Write(data); err != nil {
		f.Discard()
		return unwritable(path, err)
	}
	if err := f.Close(); err != nil {
		return unwritable(path, err)
	}
	return nil
}

// assemble joins the parts behind the first one to it. Repeated, it writes the same bytes to the same places.
func (f *final) assemble(fsys fileSystem, dir string) error {
	if len(f.parts) == 1 {
		return nil
	}
	path := join(dir, f.parts[0].Temp)
	size := f.parts[0].Bytes
	for _, p := range f.parts[1:] {
		n, err := fsys.Concat(path, size, join(dir, p.Temp), p.Head)
		if err != nil {
			return unwritable(path, err)
		}
		size += n
	}
	if err := fsys.Truncate(path, size); err != nil {
		return unwritable(path, err)
	}
	return nil
}

// rename gives a file its final name. Somebody else's file of that name stays.
func rename(fsys fileSystem, from, to string) error {
	_, ferr := fsys.Lstat(from)
	_, terr := fsys.Lstat(to)
	switch {
	case ferr == nil && terr == nil:
		return fault.New(fault.Conflict, to, "the file appeared while the run was going on").WithHint("let one run at a time write to a directory")
	case missing(ferr) && terr == nil:
		return nil // done by an earlier try
	}
	if err := fsys.Rename(from, to); err != nil {
		return unwritable(to, err)
	}
	return nil
}
