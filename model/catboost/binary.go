package catboost

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// The fields of CatBoost's tables: model.fbs, features.fbs, ctr_data.fbs.
var (
	coreFields = []string{"FormatVersion", "ModelTrees", "InfoMap", "ModelPartIds"}
	treeFields = []string{"ApproxDimension", "TreeSplits", "TreeSizes", "TreeStartOffsets", "CatFeatures", "FloatFeatures",
		"OneHotFeatures", "CtrFeatures", "LeafValues", "LeafWeights", "NonSymmetricStepNodes", "NonSymmetricNodeIdToLeafId",
		"TextFeatures", "EstimatedFeatures", "Scale", "Bias", "MultiBias", "RepackedBins", "EmbeddingFeatures"}
	floatFields     = []string{"HasNans", "Index", "FlatIndex", "Borders", "FeatureId", "NanValueTreatment"}
	catFields       = []string{"Index", "FlatIndex", "FeatureId", "UsedInModel"}
	hotFields       = []string{"Index", "Values", "StringValues"}
	keyFields       = []string{"Key", "Value"}
	textFields      = []string{"Index", "FlatIndex", "FeatureId", "UsedInModel"}
	embeddingFields = []string{"Index", "FlatIndex", "FeatureId", "Dimension", "UsedInModel"}
	ctrFields       = []string{"Ctr", "Borders"}
	modelCtrFields  = []string{"Base", "TargetBorderIdx", "PriorNum", "PriorDenom", "Shift", "Scale"}
	ctrBaseFields   = []string{"FeatureCombination", "CtrType", "TargetBorderClassifierIdx"}
	combinedFields  = []string{"CatFeatures", "FloatSplits", "OneHotSplits"}
)

// Places in treeFields.
const (
	approxDimension = iota
	treeSplits
	treeSizes
	treeStartOffsets
	catFeatures
	floatFeatures
	oneHotFeatures
	ctrFeatures
	leafValues
	leafWeights
	stepNodes
	nodeToLeaf
	textFeatures
	estimatedFeatures
	scaleField
	biasField
	multiBias
	repackedBins
	embeddingFeatures
)

const (
	formatVersion = "FlabuffersModel_v1" // as CatBoost spells it
	// tables is the part after the core that holds target statistics; a model without CTR features has no use for it.
	tables = "static_provider_v1"
)

// parseBinary reads a .cbm: the magic, a length, the core as a FlatBuffer, and parts for what this package refuses.
func parseBinary(data []byte) (*forest.Forest, error) {
	head := len(magic) + 4
	if len(data) < head {
		return nil, cutOff(len(data))
	}
	n := binary.LittleEndian.Uint32(data[len(magic):])
	rest := data[head:]
	if n == math.MaxUint32 {
		return nil, tooLarge("core", "the model is larger than 4 GiB")
	}
	if uint64(n) > uint64(len(rest)) {
		return nil, cutOff(len(data))
	}
	fl := newFlat(rest[:n])
	core := fl.table(fl.u32(0, "core"), "", coreFields...)
	if v := core.text(0); fl.err == nil && v != formatVersion {
		return nil, unsupported("FormatVersion", unknown, "unknown format %s", quote(v))
	}
	t, ok := core.sub(1, treeFields...)
	if !ok {
		fl.fail("ModelTrees", "is missing")
		return nil, fl.err
	}
	t.name = "" // their names say enough
	c := &content{}
	c.readTables(t)
	c.readInfoMap(core)
	if fl.err == nil {
		fl.err = c.refuse(t)
	}
	if fl.err == nil {
		fl.err = checkParts(core, len(rest)-int(n))
	}
	if fl.err != nil {
		return nil, fl.err
	}
	return c.binaryTrees(t)
}

func cutOff(n int) *fault.Error {
	return fault.New(fault.Corrupt, "", "the file ends after %d bytes, before its end", n).
		WithHint("it was cut off: copy it again, or save the model again with save_model")
}

// readTables reads what the trees refer to.
func (c *content) readTables(t table) {
	t.each(floatFeatures, floatFields, func(ft table) {
		ff := floatFeature{
			position: position{index: ft.i32(1, -1), flat: ft.i32(2, -1), name: ft.text(4)},
			borders:  ft.f32s(3), hasNaNs: ft.flag(0), nan: treatment(ft.u8(5)),
		}
		if ff.nan > asTrue {
			ft.f.fail(ft.name+"NanValueTreatment", "%d is unknown", ff.nan)
		}
		c.floats = append(c.floats, ff)
	})
	t.each(catFeatures, catFields, func(ft table) {
		c.cats = append(c.cats, catFeature{position: position{index: ft.i32(0, -1), flat: ft.i32(1, -1), name: ft.text(2)}})
	})
	c.scale = t.f64(scaleField, 1)
	c.bias = t.f64s(multiBias)
	if b := t.f64(biasField, 0); len(c.bias) == 0 && b != 0 { // CatBoost before 0.25
		c.bias = []float64{b}
	}
}

// readInfoMap reads what JSON has as model_info.
func (c *content) readInfoMap(core table) {
	c.info = map[string]string{}
	core.each(2, keyFields, func(t table) {
		key := t.text(0)
		if _, twice := c.info[key]; twice {
			t.f.fail(t.name+"Key", "%s is there twice", quote(key))
		}
		c.info[key] = t.text(1)
	})
}

// refuse refuses features that this package cannot compute.
func (c *content) refuse(t table) error {
	names := func(field int, fields []string) (names []string) {
		t.each(field, fields, func(ft table) {
			name := ft.text(2)
			if name == "" {
				name = fmt.Sprintf("column %d", ft.i32(1, -1))
			}
			names = append(names, quote(name))
		})
		return names
	}
	if texts := names(textFeatures, textFields); len(texts) > 0 {
		return refuseFeatures("TextFeatures", texts, "the model depends", withoutTexts)
	}
	if embeddings := names(embeddingFeatures, embeddingFields); len(embeddings) > 0 {
		return refuseFeatures("EmbeddingFeatures", embeddings, "the model depends", withoutEmbeddings)
	}
	if _, n, _ := t.vector(estimatedFeatures, 4); n > 0 {
		return unsupported("EstimatedFeatures", withoutTexts, "%d features that are estimated from texts or embeddings", n)
	}
	var statistics [][]int
	t.each(ctrFeatures, ctrFields, func(ft table) {
		ctr, _ := ft.sub(0, modelCtrFields...)
		base, _ := ctr.sub(0, ctrBaseFields...)
		combination, _ := base.sub(0, combinedFields...)
		var of []int
		for _, i := range combination.i32s(0) {
			of = append(of, int(i))
		}
		statistics = append(statistics, of)
	})
	if t.f.err != nil || len(statistics) == 0 {
		return t.f.err
	}
	return c.refuseStatistics("CtrFeatures", statistics)
}

// checkParts looks at what comes after the core.
func checkParts(core table, after int) error {
	b, n, at := core.vector(3, 4)
	for i := range n {
		place := at + 4*i + int(binary.LittleEndian.Uint32(b[4*i:]))
		id := core.f.bytes(place+4, core.f.u32(place, "ModelPartIds"), "ModelPartIds")
		if core.f.err == nil && !bytes.Equal(id, []byte(tables)) {
			return unsupported("ModelPartIds", unknown, "the model has a part %s", quote(id))
		}
	}
	if n == 0 && after > 0 && core.f.err == nil {
		return corrupt("", "%d bytes follow the model", after)
	}
	return core.f.err
}
