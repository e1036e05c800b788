// Package jsonread reads model files that are JSON, value by value, with errors that name the place: a *fault.Error with
// code fault.Corrupt and, as Field, a path such as trees[3].left.threshold. Keys that occur twice are errors, and so is
// nesting deeper than 10,000. It is github.com/go-json-experiment/json/jsontext with those words.
package jsonread
