package sklearn

import _ "embed"

// Exporter is the Python file that writes the documents which [Parse] reads: what `glulam export-sklearn` prints.
//
//go:embed export.py
var Exporter string
