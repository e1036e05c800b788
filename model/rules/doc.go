// Package rules computes columns of a row with expressions in CEL, the Common Expression Language (https://cel.dev, the
// module cel.dev/cel-go): before a model scores the row ("derive") and after that ("decide").
//
//	derive, err := rules.Derive([]string{"gap = sched_arr - sched_dep"})
//	decide, err := rules.Decide([]string{`prediction > 0.7 ? "call" : "wait"`})
//
// A set of rules is parsed once, bound to a schema once ([Set.Bind]), and evaluated for every row. The rules of a set stand in
// an order: each sees the columns that earlier ones made.
//
// # Names
//
// A rule names columns: hour, or row["sched dep"] where the name is none in CEL. A member of a JSON object is address.city.
// A decide rule may also name what the model gave: prediction (or prediction_0 to prediction_{K-1}), margin, class, model. These
// win over columns of their names; row["class"] is the column.
//
// # Types
//
// Numbers of rows are doubles, whatever the source has them in, so that a rule means the same for CSV, JSON, Parquet and Avro; a
// whole number that no double holds fails the row. Texts are strings, booleans are bools, dates and timestamps are timestamps;
// class is an int. A whole number written beside a double is one: hour + 1 is hour + 1.0, hour in [6, 7] is hour in [6.0, 7.0].
// Everything else is CEL's: int(hour) % 2, string(hour).
//
// A rule gives a double (column Float64), int (Int64), string (String) or bool (Bool), or an optional of one of these.
//
// # Missing values
//
// A null, and a NaN in a column of floats, is missing. A rule that reads a missing value fails for that row, but it may ask:
// hour == null, hour != null and has(hour), the same as the second. As everywhere in CEL, what is not needed is not read, and a
// false in an && (a true in an ||) settles it:
//
//	gap = sched_dep == null ? 0.0 : sched_arr - sched_dep
//
// A rule gives a missing value with an optional that has none, which is a null in the column and missing to the model:
//
//	gap = has(sched_dep) ? optional.of(sched_arr - sched_dep) : optional.none()
//
// # Rows that fail
//
// A row for which a rule gives an error (a missing value, no such key, an index out of range, an int that is divided by zero or
// overflows, a text that is no number) is refused with the rule's name and CEL's message, and so is one whose result is NaN or
// infinite: dividing a double by zero is no error in CEL.
//
// # Functions
//
// CEL's standard ones, its optionals, and the extensions math and strings of cel-go (ext/README.md). Nothing asks for the
// current time. Timestamps are UTC unless a function is given a zone.
//
// # Limits
//
// An expression has at most [MaxExpression] characters, a text that a rule reads [MaxText] bytes, and a set [MaxRules] rules. What a rule
// may cost a row is limited by CEL's own estimate ([MaxCost]; a unit is about 50 ns): a rule that cannot cost more is not watched
// while it runs, one that might is, and fails for a row that goes over.
package rules
