// Package flink installs and runs a Flink cluster of a pinned version and Beam's job server for it, for tests and measurements: a
// JobManager and TaskManagers, each a process, on loopback.
//
// Flink comes as the Python package apache-flink-libraries, which has its jars but none of its scripts: the classes are started
// here. Beam's job server comes by Maven, put together of Beam's Flink runner and its job service, because not every registry has it
// in one piece (docs/flink.md says where else to get it). Its jar is in the cluster's classpath, too: else every job leaks its class
// loader, 37 MB of the TaskManagers' metaspace. The jar alone runs jobs, too, without a cluster.
package flink
