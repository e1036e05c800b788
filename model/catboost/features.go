package catboost

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/glulam/glulam/model/forest"
)

// flats lists the places of all features, ascending.
func (c *content) flats() []int {
	flats := make([]int, 0, len(c.floats)+len(c.cats))
	for i := range c.floats {
		flats = append(flats, c.floats[i].flat)
	}
	for i := range c.cats {
		flats = append(flats, c.cats[i].flat)
	}
	slices.Sort(flats)
	return flats
}

// features makes the forest's features, and tells the place in them of each column of the model. A column that the model
// does not list (drop_unused_features) is not a feature of the forest.
func (c *content) features(f *forest.Forest) (map[int]int32, error) {
	flats := c.flats()
	if len(flats) == 0 {
		return nil, corrupt("features_info", "there are no features")
	}
	if len(flats) > forest.MaxFeatures {
		return nil, tooLarge("features_info", "%d features; %d are possible", len(flats), forest.MaxFeatures)
	}
	places := make(map[int]int32, len(flats))
	for i, flat := range flats {
		if flat < 0 || i > 0 && flat == flats[i-1] {
			return nil, corrupt("features_info", "the feature with flat_feature_index %d is there twice, or has no place", flat)
		}
		places[flat] = int32(i)
	}
	if err := c.checkIndices(); err != nil {
		return nil, err
	}
	f.Features = make([]forest.Feature, len(flats))
	for i := range c.floats {
		f.Features[places[c.floats[i].flat]].Name = c.floats[i].name
	}
	for i := range c.cats {
		cf := &c.cats[i]
		ft := &f.Features[places[cf.flat]]
		ft.Name, ft.Kind = cf.name, forest.Categorical
		ft.Categories = &forest.Categories{Hash: make([]uint32, len(cf.values))}
		seen := make(map[int32]bool, len(cf.values))
		for j, v := range cf.values {
			if seen[v] {
				return nil, corrupt(fmt.Sprintf("categorical_features[%d]", i), "the value %d is there twice", v)
			}
			seen[v] = true
			ft.Categories.Hash[j] = uint32(v)
		}
	}
	return places, c.names(f, flats)
}

// checkIndices makes sure that no two features of a kind have the same index.
func (c *content) checkIndices() error {
	seen := map[int]bool{}
	for i := range c.floats {
		if j := c.floats[i].index; j < 0 || seen[j] {
			return corrupt(fmt.Sprintf("float_features[%d]", i), "feature_index %d is there twice, or is no index", j)
		}
		seen[c.floats[i].index] = true
	}
	clear(seen)
	for i := range c.cats {
		if j := c.cats[i].index; j < 0 || seen[j] {
			return corrupt(fmt.Sprintf("categorical_features[%d]", i), "feature_index %d is there twice, or is no index", j)
		}
		seen[c.cats[i].index] = true
	}
	return nil
}

// names checks the features' names. Features that were trained without names have empty ones, or their numbers.
func (c *content) names(f *forest.Forest, flats []int) error {
	made := true
	for i := range f.Features {
		name := f.Features[i].Name
		if !utf8.ValidString(name) {
			return corrupt("features_info", "the name %s of feature %d is not UTF-8", quote(name), i)
		}
		made = made && (name == "" || name == strconv.Itoa(flats[i]))
	}
	if !made {
		return nil
	}
	if last := flats[len(flats)-1]; last != len(flats)-1 {
		return unsupported("features_info", "train with feature names, or save the model without drop_unused_features",
			"the model has no names for its features, and of %d columns only %d", last+1, len(flats))
	}
	for i := range f.Features {
		f.Features[i].Name = ""
	}
	return nil
}
