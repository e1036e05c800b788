package catboost

import (
	"fmt"
	"math"

	"github.com/glulam/glulam/model/internal/jsonread"
)

// readFeatures reads features_info.
func (c *content) readFeatures(r *jsonread.Reader) error {
	var statistics [][]int // the categorical features of each CTR
	err := r.Object(func(key string) error {
		switch key {
		case "float_features":
			return r.Array(func(int) error { return c.readFloat(r) })
		case "categorical_features":
			return r.Array(func(int) error { return c.readCat(r) })
		case "cat_features_hash": // texts that the pool given to save_model had
			_, err := r.Value()
			return err
		case "ctrs":
			return r.Array(func(int) error {
				of, err := readStatistic(r)
				statistics = append(statistics, of)
				return err
			})
		}
		return unsupported(r.Place(), unknown, "unknown key %s", quote(key))
	})
	if err != nil || len(statistics) == 0 {
		return err
	}
	return c.refuseStatistics("features_info.ctrs", statistics)
}

// refuseStatistics names the categorical features that target statistics are made of.
func (c *content) refuseStatistics(field string, statistics [][]int) error {
	names := map[int]string{}
	for i := range c.cats {
		names[c.cats[i].index] = quote(c.cats[i].name)
	}
	var used []string
	seen := map[int]bool{}
	for _, of := range statistics {
		for _, i := range of {
			if seen[i] {
				continue
			}
			seen[i] = true
			if names[i] == "" || names[i] == `""` {
				names[i] = fmt.Sprintf("categorical feature %d", i)
			}
			used = append(used, names[i])
		}
	}
	if len(used) == 0 {
		used = []string{"numeric features"}
	}
	return refuseFeatures(field, used, "the trees ask for target statistics (CTR)", withoutTargets)
}

func (p *position) read(r *jsonread.Reader, key string) (known bool, err error) {
	switch key {
	case "feature_index":
		p.index, err = r.Index()
	case "flat_feature_index":
		p.flat, err = r.Index()
	case "feature_id", "feature_name": // they are the same, but one can be missing
		name, err := r.Text()
		if p.name == "" {
			p.name = name
		} else if name != "" && name != p.name {
			return true, r.Corrupt("%s, but the feature is also called %s", quote(name), quote(p.name))
		}
		return true, err
	default:
		return false, nil
	}
	return true, err
}

var unplaced = position{index: -1, flat: -1}

func (c *content) readFloat(r *jsonread.Reader) error {
	ff := floatFeature{position: unplaced}
	found := 0
	err := r.Object(func(key string) (err error) {
		if known, err := ff.read(r, key); known || err != nil {
			return err
		}
		switch key {
		case "has_nans":
			found++
			ff.hasNaNs, err = r.Bool()
		case "nan_value_treatment":
			found++
			ff.nan, err = readTreatment(r)
		case "borders":
			found++
			err = r.Array(func(int) error {
				x, err := r.Number()
				if err == nil && math.Abs(x) > math.MaxFloat32 {
					return r.Corrupt("the border %v is beyond float32", x)
				}
				ff.borders = append(ff.borders, float32(x))
				return err
			})
		default:
			return unsupported(r.Place(), unknown, "unknown key %s", quote(key))
		}
		return err
	})
	if err == nil && found != 3 {
		return r.Corrupt("has_nans, nan_value_treatment and borders belong there")
	}
	c.floats = append(c.floats, ff)
	return err
}

func readTreatment(r *jsonread.Reader) (treatment, error) {
	text, err := r.Text()
	if err != nil {
		return 0, err
	}
	for t, name := range [...]string{asIs: "AsIs", asFalse: "AsFalse", asTrue: "AsTrue"} {
		if text == name {
			return treatment(t), nil
		}
	}
	return 0, unsupported(r.Place(), unknown, "unknown treatment of NaN: %s", quote(text))
}

func (c *content) readCat(r *jsonread.Reader) error {
	cf := catFeature{position: unplaced}
	err := r.Object(func(key string) error {
		if known, err := cf.read(r, key); known || err != nil {
			return err
		}
		switch key {
		case "values":
			cf.hot = true
			return r.Array(func(int) error {
				x, err := r.Integer(math.MinInt32, math.MaxInt32)
				cf.values = append(cf.values, int32(x))
				return err
			})
		case "string_values": // CatBoost keeps them, but compares values
			_, err := r.Value()
			return err
		}
		return unsupported(r.Place(), unknown, "unknown key %s", quote(key))
	})
	c.cats = append(c.cats, cf)
	return err
}

// readStatistic reads an element of ctrs and gives the categorical features that it is made of.
func readStatistic(r *jsonread.Reader) (of []int, err error) {
	err = r.Object(func(key string) error {
		if key != "elements" {
			_, err := r.Value()
			return err
		}
		return r.Array(func(int) error {
			return r.Object(func(key string) error {
				if key != "cat_feature_index" {
					_, err := r.Value()
					return err
				}
				i, err := r.Index()
				of = append(of, i)
				return err
			})
		})
	})
	return of, err
}
