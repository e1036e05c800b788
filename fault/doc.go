// Package fault holds the one error type of glulam and the dead letter, which is an error about one row together with
// the row itself.
//
// Every error that a person can cause (a wrong file, row, flag or model) is a *fault.Error. It says where (file, line,
// row, byte offset, field), what (a [Code], the cause) and what to do next (Hint). Code acts on codes, never on
// messages:
//
//	if fault.CodeOf(err) == fault.Schema { ... }
//
// Errors cross process boundaries as text (a Beam runner gives back the text of what a worker returned), so [Wire] puts
// an error into a form that [FromText] finds again inside any longer text.
//
// fault does not log, does not count and does not decide exit codes: that is the command line's work.
package fault
