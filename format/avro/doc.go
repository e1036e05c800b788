// Package avro reads and writes messages in Avro: with the prefix of Confluent's schema registry, or bare.
//
//	d, err := avro.NewDecoder(avro.Options{Resolver: registry}, columns)
//	batch, err := d.Decode(values)
//	...
//	e, err := avro.NewEncoder(avro.Output{Registrar: registry}, schema)
//	value, err := e.Append(nil, record, row)
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
// # Writing
//
// [Output] says what the records are: fields of the messages that came in, and columns behind them. Fields are copied as they were
// encoded, by decoders that are asked for a column of format.Head, and keep their types, defaults and what else their schema says
// of them. What is nested can be kept by its path, as a field of the record: one that a value may lack becomes a union with null.
// A text that is copied is not looked at: it is UTF-8 if it was. Columns are
//
//	float64, float32     double, float: all their bits
//	int64, uint32        long
//	smaller integers     int
//	bool, utf8, binary   boolean, string, bytes
//	list                 array
//	date32, timestamp    int and long of the logical type: date, timestamp-micros, local-timestamp-micros; not seconds
//
// and unions of null and that if they may be null. Each schema of messages gives one of outputs, which is made and registered once.
//
// # Hostile messages
//
// A message that does not fit its schema to the last byte is a letter (fault.BadMessage), and so is one whose schema cannot be
// had or is no record (fault.BadSchema). Depth is bounded as in JSON, to 64; values and the bytes of JSON are bounded by the
// length of the message (fault.RowTooLarge).
//
// # What it does not do
//
// It neither reads nor writes object container files, and does not know the single-object encoding.
package avro
