// Package lab is where benchmarks work: a folder that git ignores, programs that are built there, the peers' Python environment,
// and the models that are trained for them.
package lab
