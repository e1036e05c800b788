package catboost

import (
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/internal/jsonread"
)

// jsonModel is the file's top level. Its parts are read in an order of their own: trees refer to features.
type jsonModel struct {
	features, info, scale, ctrs, oblivious, trees []byte
}

// parseJSON reads what save_model(format="json") writes.
func parseJSON(data []byte) (*forest.Forest, error) {
	var m jsonModel
	r := jsonread.New(data, "", damaged)
	err := r.Object(func(key string) error {
		to := map[string]*[]byte{
			"features_info": &m.features, "model_info": &m.info, "scale_and_bias": &m.scale, "ctr_data": &m.ctrs,
			"oblivious_trees": &m.oblivious, "trees": &m.trees,
		}[key]
		if to == nil {
			return unsupported(key, unknown, "unknown key %s", quote(key))
		}
		v, err := r.Value()
		*to = v
		return err
	})
	if err == nil {
		err = r.End()
	}
	if err != nil {
		return nil, err
	}
	if m.features == nil || (m.oblivious == nil) == (m.trees == nil) {
		return nil, corrupt("", "features_info, and one of oblivious_trees and trees, belong in the file")
	}
	c := &content{scale: 1}
	if m.info != nil {
		if err := c.readInfo(jsonread.New(m.info, "model_info", damaged)); err != nil {
			return nil, err
		}
	}
	if m.scale != nil {
		if err := c.readScale(jsonread.New(m.scale, "scale_and_bias", damaged)); err != nil {
			return nil, err
		}
	}
	if err := c.readFeatures(jsonread.New(m.features, "features_info", damaged)); err != nil {
		return nil, err
	}
	f, bins, err := c.start()
	if err != nil {
		return nil, err
	}
	// One-hot values are counted in the order of the file.
	var order []int
	for i := range c.cats {
		if c.cats[i].hot {
			order = append(order, i)
		}
	}
	if bins, err = c.hot(f, bins, order); err != nil {
		return nil, err
	}
	t := &jsonTrees{c: c, f: f, bins: bins, r: jsonread.New(m.oblivious, "oblivious_trees", damaged)}
	read := t.oblivious
	if m.trees != nil {
		t.r, read = jsonread.New(m.trees, "trees", damaged), t.nonSymmetric
	}
	if err := t.r.Array(func(int) error { return read() }); err != nil {
		return nil, err
	}
	if len(f.Trees) == 0 {
		if err := c.outputs(f, max(1, len(c.bias))); err != nil {
			return nil, err
		}
	}
	return f, finish(f)
}

// readInfo keeps the members of model_info: texts as they are, the rest as JSON.
func (c *content) readInfo(r *jsonread.Reader) error {
	c.info = map[string]string{}
	return r.Object(func(key string) error {
		if r.Kind() == '"' {
			text, err := r.Text()
			c.info[key] = text
			return err
		}
		v, err := r.Value()
		c.info[key] = string(v)
		return err
	})
}

// readScale reads [scale, [bias, ...]], or [scale, bias] of CatBoost before 0.25.
func (c *content) readScale(r *jsonread.Reader) error {
	n := 0
	err := r.Array(func(i int) (err error) {
		n++
		switch {
		case i == 0:
			c.scale, err = r.Number()
		case i == 1 && r.Kind() == '[':
			c.bias, err = r.Numbers(nil)
		case i == 1 && r.Kind() == 'n': // how CatBoost writes no values
			_, err = r.Value()
		case i == 1:
			c.bias = make([]float64, 1)
			c.bias[0], err = r.Number()
		default:
			return r.Corrupt("more than a scale and a bias")
		}
		return err
	})
	if err == nil && n != 2 {
		return r.Corrupt("a scale and a bias belong there")
	}
	return err
}
