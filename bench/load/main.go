// Command load reads one XGBoost model, once, on one core, and prints how long that took as a line of JSON. load.py runs it
// beside XGBoost itself:
//
//	go build -o .cache/bench/load/glulam ./bench/load && .cache/bench/load/glulam parse MODEL
//
// parse reads the file and makes the validated forest; load is model.Load, which also makes the digest and the evaluator.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/glulam/glulam/model"
	"github.com/glulam/glulam/model/xgboost"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 || args[0] != "parse" && args[0] != "load" {
		return fmt.Errorf("usage: load parse|load MODEL")
	}
	runtime.GOMAXPROCS(1) // the garbage collector, too, has only this core
	before, err := peak()
	if err != nil {
		return err
	}
	start := time.Now()
	var trees int
	switch args[0] {
	case "parse":
		data, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		f, _, err := xgboost.Parse(data, args[1])
		if err != nil {
			return err
		}
		trees = len(f.Trees)
	case "load":
		m, err := model.Load(context.Background(), args[1], model.Options{})
		if err != nil {
			return err
		}
		trees = len(m.Forest().Trees)
	}
	seconds := time.Since(start).Seconds()
	after, err := peak()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"seconds": seconds, "trees": trees, "before": before, "peak": after})
}

// peak is the most memory that this process had in use, in bytes, as Linux says it.
func peak() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(status), "VmHWM:")
	if fields := strings.Fields(rest); found && len(fields) > 0 {
		n, err := strconv.ParseInt(fields[0], 10, 64)
		return n << 10, err
	}
	return 0, fmt.Errorf("the kernel does not say how much memory was in use")
}
