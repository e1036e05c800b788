// Package hostile holds what the parsers' tests have in common: files are spoiled in many ways, and what comes out of them
// is an error that helps, or a model that can be evaluated, in memory that their size allows.
package hostile
