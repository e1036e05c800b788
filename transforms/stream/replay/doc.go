// Package replay sends dead letters back to where their messages came from, after what was wrong has been mended: each goes
// once, however often a replay is begun and wherever it is stopped. It is a plain loop, not a pipeline.
//
// A letter that is sent becomes the message that it was made of: value, key, timestamp and, where letters have them, headers;
// and one header more, stream.HeaderReplay, which tells where the message stood first. A stream that scores it says so, too.
//
// # Nothing twice
//
// Letters are always read from the first one on. How far they went is kept where they go ([Target].Mark), in the same
// transaction as the messages themselves, or, where there are no transactions, beside letters that are known one by one ([Ledger]).
// It is kept for each kind of letter (code, field and source) by itself: so a replay of some codes leaves the others to a later one.
// A letter that stands there twice, because a stream was killed between writing and committing it, goes once.
//
// # What cannot go back
//
// Letters without a row, or with a part of one, are counted and named ([Report].Cannot); so are lines that are no letters.
//
// Connectors register what they can do with [Register], as they do with package stream.
package replay
