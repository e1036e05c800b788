// Package flink speaks to a Flink cluster's REST interface, and holds the options of a Beam job on Flink.
//
// Package runners submits jobs; what is here says how they run ([Options]) and what has become of them ([Client]).
package flink
