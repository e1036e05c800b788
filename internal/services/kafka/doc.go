// Package kafka installs and runs a Kafka broker of a pinned version for tests and measurements: one node, on loopback.
//
// What it needs comes through ordinary package clients: the broker and its libraries by Maven, which checks their sums, and
// where there is no Java or no Maven, those by apt-get if that is possible. Installed files are kept in the user's cache.
package kafka
