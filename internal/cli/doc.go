// Package cli is the command line of glulam: one file a subcommand, each of them flags -> spec -> run, and nothing else.
// What a run does is in package pipelines, where it runs in package runners.
//
//	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
//
// # Behavior
//
// Data goes to standard output, everything else to standard error. Progress is drawn only on a terminal. The exit code
// is 0 when done, 1 when failed, 2 for wrong usage and 3 when done with findings (more rejected rows than
// --max-rejected).
//
// Every flag of `glulam batch` but --file is a key of the YAML spec that --file names, and a flag wins over the file.
// All that is wrong with a spec is reported at once, each error with file, line and column; an error about a value that
// a flag gave names the flag.
//
// What stands behind a lone "--" belongs to Beam: it goes to Go's flag.CommandLine, where the Beam SDK has its flags.
//
// # Interruption
//
// SIGINT and SIGTERM cancel the run, which then removes its temporary files; a second one ends the process at once and
// leaves them to the next run with --overwrite. A reader of standard output that goes away is no error.
//
// It does not configure workers of other processes: see cmd/glulam for what Beam asks of main.
package cli
