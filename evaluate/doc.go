// Package evaluate will hold predictions against labels: metrics of a model on held-out rows, comparisons of two models,
// and a report that a person can read. There is nothing in it yet.
//
// It will import package model and score rows with the engine that batch runs use. It never imports Beam (internal/arch
// holds that); large evaluations will be pipelines that call it.
package evaluate
