// Package protobuf reads messages of one protobuf type, which a descriptor set describes.
//
//	d, err := protobuf.NewDecoder(protobuf.Options{Descriptors: set, Message: "pkg.Flight"}, columns)
//	batch, err := d.Decode(values)
//
// # Behaviour
//
// Columns are fields by their name or, if there is none of it, by their JSON name; members of messages by dotted path (a.b.c).
// A field that the type does not have is refused when the decoder is made, and so is one whose type cannot be what is asked
// for: a list as a number, say.
//
// The same value gives the same column as in JSON: see the table of format/internal/rows. What else:
//
//	field                                   column
//	not set, with presence                  missing: optional fields, members of a oneof, messages, fields of proto2
//	not set, without presence               its default, as the sender cannot tell the two apart: 0, "", false, the first symbol
//	float                                   widened to 64 bits
//	enum                                    text: the symbol, or the number of one that is not known
//	google.protobuf.DoubleValue and alike   the value in it
//	google.protobuf.Timestamp               text as in RFC 3339
//	bytes                                   text if they are ASCII, base64 in JSON
//	lists, maps, other messages             JSON
//
// In JSON (Raw and RawRow) fields have the names of the descriptor and its order, whole numbers are numbers whatever their
// size, the members of maps are sorted, and what is missing is left out. Fields that the descriptor does not know are passed
// over, extensions among them: they are not in the JSON.
//
// A message that is none of protobuf, or of proto2 and without a required field, is a letter (fault.BadMessage). One that is of
// another type often cannot be told from one of unknown fields; the prefix of Confluent's serializers says which type it is,
// and is compared.
//
// # What it does not do
//
// It does not write, and asks no schema registry.
package protobuf
