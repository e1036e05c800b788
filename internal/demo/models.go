package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/jsonl"
	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/testdata/flights"
	"github.com/glulam/glulam/transforms/score"
)

// Names of the files that the alias leads to.
const (
	Champion   = "champion.txt"
	Challenger = "challenger.txt"
	Corrupt    = "corrupt.txt"
)

// contender is a model, and what it gives for each flight.
type contender struct {
	file     string
	digest   string
	expected []float64
}

// writeModels puts the model files and the alias into the folder.
func (d *Demo) writeModels() error {
	for _, m := range []struct {
		file string
		data []byte
	}{{Champion, flights.LightGBM}, {Challenger, flights.LightGBMV3}} {
		if err := d.replace(m.file, m.data); err != nil {
			return err
		}
		loaded, err := model.Parse(m.data, m.file, model.Options{})
		if err != nil {
			return err
		}
		inputs, err := loaded.Inputs(nil)
		if err != nil {
			return err
		}
		expected, err := predict(loaded, inputs, d.flights)
		if err != nil {
			return err
		}
		d.models = append(d.models, contender{m.file, loaded.Digest(), expected})
	}
	return d.point(Champion)
}

// predict asks a model for all flights, without a pipeline.
func predict(m *model.Model, inputs []model.Input, rows []flight) ([]float64, error) {
	var columns []format.Column
	for _, in := range inputs {
		kind := format.Number
		if in.Text {
			kind = format.Text
		}
		columns = append(columns, format.Column{Name: in.Column, Kind: kind})
	}
	dec, err := jsonl.NewDecoder(jsonl.Options{}, columns)
	if err != nil {
		return nil, err
	}
	var out []float64
	s := model.Scores{Want: model.WantPrediction}
	for from := 0; from < len(rows); {
		var values [][]byte
		for ; from < len(rows) && len(values) < 1000; from++ {
			values = append(values, rows[from].json)
		}
		batch, err := dec.Decode(values)
		if err != nil {
			return nil, err
		}
		if len(batch.Rejected) > 0 {
			return nil, fmt.Errorf("a flight cannot be read: %s", batch.Rejected[0].Message)
		}
		b, err := m.Bind(batch.Record.Schema(), nil)
		if err != nil {
			return nil, err
		}
		if err := b.Score(batch.Record, &s); err != nil {
			return nil, err
		}
		out = append(out, s.Prediction...)
	}
	return out, nil
}

// replace writes a file of the folder whole.
func (d *Demo) replace(name string, data []byte) error {
	path := filepath.Join(d.dir, name)
	err := os.WriteFile(path+".new", data, 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fault.FromOS(fault.Unwritable, path, err)
	}
	return nil
}

// point lets the alias lead to a file of the folder.
func (d *Demo) point(file string) error { return d.replace(aliasName, []byte(file+"\n")) }

// Alias is the path of the alias file.
func (d *Demo) Alias() string { return filepath.Join(d.dir, aliasName) }

// LeadsTo is what stands in the alias file; "" if it cannot be read.
func (d *Demo) LeadsTo() string {
	data, err := os.ReadFile(d.Alias())
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return line
}

// FileOf names the model file with a digest; "" if it is none of the demo's.
func (d *Demo) FileOf(digest string) string {
	for i := range d.models {
		if d.models[i].digest == digest {
			return d.models[i].file
		}
	}
	return ""
}

// Refreshing says which model serves, and what became of those that were offered. ok: the pipeline has begun to look.
func (d *Demo) Refreshing() (_ score.Refreshing, ok bool) {
	for _, r := range score.RefreshOf(Run) {
		return r, true
	}
	return score.Refreshing{}, false
}

// Swap lets the alias lead to the model that does not serve, champion or challenger, and gives its file. One goroutine may call
// Swap, Spoil and Decided.
func (d *Demo) Swap() (file string, err error) {
	file = Challenger
	if r, ok := d.Refreshing(); ok && d.FileOf(r.Digest) != Champion {
		file = Champion
	}
	return file, d.offer(file)
}

// Spoil lets the alias lead to a model file that ends in the middle: another one each time, because a file that was refused is
// not looked at twice.
func (d *Demo) Spoil() error {
	d.spoiled++
	data := flights.LightGBMV3
	if err := d.replace(Corrupt, data[:len(data)/2+d.spoiled%1000]); err != nil {
		return err
	}
	return d.offer(Corrupt)
}

func (d *Demo) offer(file string) error {
	r, _ := d.Refreshing()
	d.offered, d.decided = true, r.Swaps+r.Refused
	return d.point(file)
}

// Decided says whether what was offered last was taken or refused; true if nothing was offered.
func (d *Demo) Decided() bool {
	r, ok := d.Refreshing()
	return !d.offered || ok && r.Swaps+r.Refused > d.decided
}
