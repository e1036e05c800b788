package flights

import _ "embed"

// Rows are the 5,000 flights of rows.csv, rows.jsonl and rows.parquet, as the smallest of the three: Parquet. Not to be changed.
//
//go:embed rows.parquet
var Rows []byte

// LightGBM is lightgbm.txt, a model of 100 trees. Not to be changed.
//
//go:embed lightgbm.txt
var LightGBM []byte

// LightGBMV3 is v3_lightgbm.txt, a model of 30 trees that an older version of LightGBM made; it wants the same columns. Not to
// be changed.
//
//go:embed v3_lightgbm.txt
var LightGBMV3 []byte
