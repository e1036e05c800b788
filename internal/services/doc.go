// Package services is what the packages below it share: they install, start and stop the real services that tests and
// measurements use.
//
// What is installed comes by ordinary package clients, in pinned versions, into the user's cache folder, outside of the
// repository. Services are processes of their own process groups with nothing of the test's open, and are stopped by their ids.
package services
