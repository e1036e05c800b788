package cli

import (
	"io"

	"github.com/glulam/glulam/model/sklearn"
)

// exportCmd is `glulam export-sklearn`.
type exportCmd struct{}

// Run prints the exporter.
func (*exportCmd) Run(e *env) error {
	_, err := io.WriteString(e.stdout, sklearn.Exporter)
	return err
}
