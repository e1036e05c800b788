// Package rows puts the values of decoded messages into the columns that a decoder was asked for, by the rules that JSON
// messages have: the same value gives the same column, whichever format it came in.
//
//	value            Number column            Text column            Raw column
//	number           nearest float64          its digits             its digits
//	boolean          1 or 0                   true, false            true, false
//	text             refused, but for "NaN",  as it is               JSON string
//	                 "Infinity", "-Infinity"
//	                 and Nulls.Number
//	null             NaN                      null                   null, as text
//	array, object    refused                  JSON                   JSON
//	none             NaN                      null                   null
package rows
