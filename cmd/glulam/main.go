// Command glulam scores rows with tree-ensemble models on Apache Beam. Its commands and flags live in internal/cli:
//
//	glulam batch --model flights.txt --input 'rows-*.csv' --output predictions/
//	glulam inspect flights.txt
//	glulam version
package main

import (
	"flag"
	"os"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/internal/cli"
	"github.com/glulam/glulam/internal/heap"
)

func main() {
	if code, boots := cli.Boot(os.Args[1:], os.Stderr); boots {
		os.Exit(code)
	}
	if worker(os.Args[1:]) {
		heap.Roomy()
		flag.Parse()
		beam.Init() // serves the runner and does not return
	}
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// worker says whether a runner started this process as one of its workers: Beam executes the binary again, as
// "glulam --worker=true --id=...". It has to be known before anything else looks at the arguments.
func worker(args []string) bool {
	if len(args) == 0 {
		return false
	}
	name, value, _ := strings.Cut(args[0], "=")
	return (name == "--worker" || name == "-worker") && value != "false"
}
