// Package avro reads messages in Avro: with the prefix of Confluent's schema registry, or bare.
//
//	d, err := avro.NewDecoder(avro.Options{Resolver: registry}, columns)
//	batch, err := d.Decode(values)
//
// # Behaviour
//
// A message with the prefix is a byte 0, the id of a schema in 4 bytes, most significant first, and the datum. The schema of
// each id is compiled once into what is done with its fields; values go straight into the columns. A row is a record; columns
// are fields by name, members of records and maps by dotted path (a.b.c), through unions.
//
// The same value gives the same column as in JSON: see the table of format/internal/rows. An int or long is a whole number, a
// float is widened to 64 bits, an enum is its symbol, a union the value of its branch. What else:
//
//	                          Number column      Text column                  JSON (Raw and RawRow)
//	decimal                   nearest float64    all digits of the scale      number, all digits of the scale
//	timestamp-*               its count          2013-10-01T06:00:00.000Z     its count
//	local-timestamp-*         its count          2013-10-01T06:00:00.000      its count
//	date                      its count          2013-10-01                   its count
//	fixed of 16, uuid         refused            6ba7b810-9dad-11d1-80b4-...  string
//	other bytes and fixed     refused            if they are ASCII            string of code points 0 to 255, as Avro's JSON
//
// Raw and RawRow columns hold JSON, and their metadata says jsonl. Other logical types mean nothing. Aliases and defaults are for readers with a schema of their own, and mean nothing here: a
// field that the writer's schema lacks is missing.
//
// # Hostile messages
//
// A message that does not fit its schema to the last byte is a letter (fault.BadMessage), and so is one whose schema cannot be
// had or is no record (fault.BadSchema). Depth is bounded as in JSON, to 64; values and the bytes of JSON are bounded by the
// length of the message (fault.RowTooLarge).
//
// # What it does not do
//
// It does not write, reads no object container files, and does not know the single-object encoding.
package avro
