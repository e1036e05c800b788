// Package doctest is a test and nothing else: it runs every command of README.md and docs/, and follows their links.
//
//	go test ./internal/doctest                # what the documentation says is what happens
//	go test ./internal/doctest -update        # write down what happens
//
// # Convention
//
// A block of a Markdown file that is marked sh is run by `sh -eu`, from the folder of a copy of the repository, with
// glulam in PATH. Blocks of one file run one after the other and find the files that those before them left; each file
// starts with a fresh copy.
//
// A block must end with exit code 0, or with the one that a comment in it names:
//
//	glulam batch --model m.txt --input rows.csv --output out # exit 3
//
// A block marked text that follows is the expected output, of stdout and stderr together. Numbers with a unit of time,
// speed or memory match any other number, and a line "..." matches any lines.
//
// A block that cannot be run here says why in an HTML comment on the line before it, which readers do not see:
//
//	<!-- not run: it runs this test -->
//
// A go block that begins with "package main" must compile. Blocks of other kinds are not looked at.
package doctest
