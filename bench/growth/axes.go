package main

import "strconv"

// axis is something that grows while the rest stays as it is.
type axis struct {
	name  string // "rows"
	unit  string // "row"; "": it costs nothing to have one more
	about string
	at    []int // ascending
	// job makes a run: its input and model are made if they are not there.
	job func(b *bench, n int) (job, error)
}

// job is one run of glulam batch.
type job struct {
	model, input string
	rows         int // of the input
	args         []string
	env          []string
}

// scale is how many rows the axes have that do not grow with rows.
type scale struct{ flights, trees, features int }

// axes are all of them, in the order of the report.
func (o *options) axes() []axis {
	s := scale{flights: 1_000_000, trees: 100_000, features: 20_000}
	rows, trees, features := []int{100_000, 1_000_000, 2_000_000, 10_000_000, 20_000_000}, []int{10, 100, 1000, 10_000}, []int{10, 100, 500, 2000}
	files, shards := []int{1, 10, 100, 1000, 10_000}, []int{1, 2, 8, 64}
	if o.full {
		rows = append(rows, 100_000_000)
	}
	if o.short {
		s = scale{flights: 20_000, trees: 2000, features: 1000}
		rows, trees, features, files, shards = []int{5000, 20_000}, []int{10, 100}, []int{10, 100}, []int{1, 10}, []int{1, 2}
	}
	const flightsModel = "testdata/flights/numeric.txt"
	const flightsAbout = "flights, 34 columns of which the model uses 22; 100 trees of 31 leaves"
	rowsWith := func(env []string, args ...string) func(b *bench, n int) (job, error) {
		return func(b *bench, n int) (job, error) {
			input, err := b.flights(n)
			return job{model: flightsModel, input: input, rows: n, args: args, env: env}, err
		}
	}
	if o.flink != "" {
		if rows = []int{1_000_000, 10_000_000}; o.short {
			rows = []int{20_000}
		}
		on := func(slots string) []string {
			return []string{"--runner", "flink", "--flink", o.flink, "--job-server", o.server, "--parallelism", slots}
		}
		return []axis{
			{name: "rows in this process, one core", unit: "row", about: flightsAbout + "; GOMAXPROCS=1", at: rows, job: rowsWith([]string{"GOMAXPROCS=1"})},
			{name: "rows in this process", unit: "row", about: flightsAbout, at: rows, job: rowsWith(nil)},
			{name: "rows on Flink, one slot", unit: "row", about: flightsAbout + "; CPU and memory are the submitter's", at: rows, job: rowsWith(nil, on("1")...)},
			{name: "rows on Flink, two slots", unit: "row", about: flightsAbout + "; CPU and memory are the submitter's", at: rows, job: rowsWith(nil, on("2")...)},
		}
	}
	return []axis{
		{name: "rows", unit: "row", about: flightsAbout, at: rows, job: rowsWith(nil)},
		{name: "trees", unit: "tree", about: count(s.trees) + " rows of 28 numbers; trees of 31 leaves", at: trees,
			job: func(b *bench, n int) (job, error) { return b.made(s.trees, 28, n) }},
		{name: "features", unit: "feature", about: count(s.features) + " rows; 100 trees of 31 leaves, which use as many features as they can", at: features,
			job: func(b *bench, n int) (job, error) { return b.made(s.features, n, 100) }},
		{name: "files", unit: "file", about: count(s.flights) + " flights in all", at: files,
			job: func(b *bench, n int) (job, error) {
				input, err := b.flightsIn(s.flights, n)
				return job{model: flightsModel, input: input, rows: s.flights}, err
			}},
		{name: "shards", unit: "shard", about: count(s.flights) + " flights; output files (`--shards`)", at: shards,
			job: func(b *bench, n int) (job, error) {
				input, err := b.flights(s.flights)
				return job{model: flightsModel, input: input, rows: s.flights, args: []string{"--shards", strconv.Itoa(n)}}, err
			}},
		{name: "cores", about: count(s.flights) + " flights; GOMAXPROCS", at: []int{1, 2},
			job: func(b *bench, n int) (job, error) {
				input, err := b.flights(s.flights)
				return job{model: flightsModel, input: input, rows: s.flights, env: []string{"GOMAXPROCS=" + strconv.Itoa(n)}}, err
			}},
	}
}
