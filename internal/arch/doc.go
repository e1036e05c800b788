// Package arch is a test and nothing else: it holds the rules of the house that a compiler does not know.
//
//	go test ./internal/arch
//
// # What it holds
//
//   - Imports go one way: fault <- format, model <- transforms <- pipelines <- runners <- internal/cli <- cmd; online and
//     evaluate stand beside transforms (imports_test.go).
//   - Nothing under fault, model, format, online and evaluate links Beam or opens connections, only model/leaves knows the
//     library of that name, and nothing at all needs cgo.
//   - Every package says in doc.go what it is for, no file grows past 600 lines, and the folders at the top are the ones
//     that docs/design.md lists (files_test.go).
//   - Panics, exits and prints stand where they belong, and nothing in the repository tells of the machine that it was
//     written on (code_test.go).
//   - go.mod and the table of dependencies in README.md list the same modules (modules_test.go).
//
// A failure says which rule, where, and what to do. To change a rule, change its table here in the same commit as the
// code that needs it, with the reason.
package arch
