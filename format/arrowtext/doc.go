// Package arrowtext turns one value of any Arrow array into text: a CSV cell or a JSON value. The CSV and JSON lines
// writers have their own fast paths for the few types that most files consist of and come here for the rest, so that a
// timestamp, a decimal or a list looks the same whichever file it ends up in.
//
//	cell, err = arrowtext.AppendCSV(cell[:0], arr, i) // 2024-02-29T12:00:00.000Z
//	line, err = arrowtext.AppendJSON(line, arr, i)    // "2024-02-29T12:00:00.000Z"
//
// # Behaviour
//
// Nothing is rounded, cut or guessed: every text can be read back to the same value, given the column's type.
//
//	type                          CSV cell (before quoting)     JSON value
//	null                          nothing                       null
//	boolean                       true                          true
//	signed and unsigned integers  all digits                    number, all digits
//	float16, float32              shortest for 32 bits          number
//	float64                       shortest for 64 bits          number
//	  not finite                  NaN inf -inf                  "NaN" "Infinity" "-Infinity"
//	decimals                      all digits of the scale       number, all digits of the scale
//	utf8, large_utf8, utf8_view   as it is                      string
//	binary of every sort          base64 (standard, padded)     string
//	date32, date64                2024-02-29                    string
//	time32, time64                13:07:09.250                  string
//	timestamp with a zone         2024-02-29T13:07:09.250+01:00 string; RFC 3339, UTC is Z
//	timestamp without a zone      2024-02-29T13:07:09.250       string; the same without an offset
//	duration                      PT3661.250S                   string; ISO 8601, always seconds
//	intervals                     P14M P3DT0.500S P1M3DT0.5S    string; ISO 8601, nanoseconds with 9 digits
//	list, list view, fixed list   the JSON                      array
//	struct                        the JSON                      object, members in the order of the type
//	map with text keys            the JSON                      object, members in stored order
//	map with other keys           the JSON                      [{"key":k,"value":v}]
//	dictionary, run-end encoded   that of the value             that of the value
//	union                         that of the value             that of the value
//	arrow.uuid                    6ba7b810-9dad-11d1-80b4-...   string
//	arrow.bool8                   true                          true
//	any other extension           that of its storage           that of its storage
//
// Floats are plain decimals from 1e-6 up to, not including, 1e21 and have an exponent otherwise, as encoding/json has
// it; see [AppendFloat]. Seconds have as many digits after the point as the unit: none, 3, 6 or 9. Years outside 0000 to
// 9999 are written as ISO 8601 expands them: +12345, -0044. A timestamp of a zone that nobody knows, or whose offset is
// not whole minutes (local mean times before about 1900), is written in UTC, which is the same instant. The time zone
// database is linked in, for machines that have none.
//
// # What it does not do
//
// It does not quote CSV cells, it does not read text, and it does not repair: a string that is not UTF-8 passes into a
// CSV cell as it is and is an error in JSON, which cannot hold it.
package arrowtext
