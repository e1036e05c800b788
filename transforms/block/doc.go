// Package block holds the unit that flows through a glulam pipeline: a [Block], some thousand rows as an Arrow record
// batch together with where each of them came from. Blocks instead of rows make a hop between two fused DoFns cost
// nothing a row.
//
// A block that a DoFn is given is valid until its ProcessElement returns: sources fill the same buffers again. A DoFn
// that keeps rows for longer copies them. Between stages, where a runner encodes elements, a block travels as
// the length of its origin as JSON, that JSON, its rows' positions and times as varints, each less the one before it, and its
// record as an Arrow IPC stream.
//
// Columns say in their Arrow field's metadata what they are for: [MetaFeature] marks one that only the model needs, which
// is dropped after scoring; format.MetaRaw and format.MetaRawRow mark bytes as they stood in the source.
package block
