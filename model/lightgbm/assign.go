package lightgbm

import "github.com/glulam/glulam/model/forest"

// assign finds the features that lists of categories belong to; ok says whether that can be told. The lists are in column
// order.
//
// Without categorical_feature= the Python package declares exactly the unordered category columns, and keeps a list of
// every category column. So every declared feature has a list, and what is left over belongs to ordered columns. If that
// is not possible, categorical_feature= was given, and then any feature can have a list.
//
// If it is possible, categorical_feature= may still have been given. Where the file leaves open that a list belongs to
// another feature, it must be one of texts, all of which its feature has had: a model that is understood wrongly then
// wants texts of a column of numbers, and numbers of a column of texts, and binding it to data fails instead of giving
// wrong numbers.
func assign(columns []column, lists []*forest.Categories) (owners []int, ok bool) {
	byDeclared := newDeal(columns, lists, true)
	free := newDeal(columns, lists, false)
	if byDeclared.ways() == 0 {
		return free.owners(), free.ways() == 1
	}
	if byDeclared.ways() > 1 {
		return nil, false
	}
	owners = byDeclared.owners()
	for j, open := range free.open(owners) {
		if open && (lists[j].Text == nil || !columns[owners[j]].holdsAll(lists[j].Len())) {
			return nil, false
		}
	}
	return owners, true
}

// deal is how lists can be dealt out to columns in order: a column takes the next list or none.
type deal struct {
	columns []column
	lists   []*forest.Categories
	must    bool // every declared column takes a list
	// table holds, for column i and list j at i*(len(lists)+1)+j, in how many ways columns i, i+1, ... can take lists j,
	// j+1, ...; 2 stands for more. It is nil where it would be too large.
	table []uint8
}

// maxCells limits the table, in bytes: 2,000 features with 2,000 lists are fine, or 50,000 with 80.
const maxCells = 1 << 22

func newDeal(columns []column, lists []*forest.Categories, must bool) *deal {
	d := &deal{columns: columns, lists: lists, must: must}
	width := len(lists) + 1
	if len(columns)+1 > maxCells/width {
		return d
	}
	d.table = make([]uint8, (len(columns)+1)*width)
	d.table[len(d.table)-1] = 1
	for i := len(columns) - 1; i >= 0; i-- {
		for j := range width {
			n := uint8(0)
			if d.canPass(i) {
				n += d.after(i+1, j)
			}
			if d.canTake(i, j) {
				n += d.after(i+1, j+1)
			}
			d.table[i*width+j] = min(n, 2)
		}
	}
	return d
}

func (d *deal) canPass(i int) bool { return !d.must || !d.columns[i].declared() }

func (d *deal) canTake(i, j int) bool {
	return j < len(d.lists) && d.columns[i].holds(d.lists[j].Len())
}

func (d *deal) after(i, j int) uint8 { return d.table[i*(len(d.lists)+1)+j] }

// ways is in how many ways all lists can be dealt out: 0, 1, or 2 for more or for too many to tell.
func (d *deal) ways() uint8 {
	if d.table == nil {
		return 2
	}
	return d.table[0]
}

// owners is the column of each list; ways must be 1.
func (d *deal) owners() []int {
	if d.ways() != 1 {
		return nil
	}
	owners := make([]int, 0, len(d.lists))
	for i := 0; len(owners) < len(d.lists); i++ {
		if j := len(owners); d.canTake(i, j) && d.after(i+1, j+1) == 1 {
			owners = append(owners, i)
		}
	}
	return owners
}

// open says for each list whether it can also go to another column than in owners.
func (d *deal) open(owners []int) []bool {
	open := make([]bool, len(d.lists))
	// before[j]: the columns so far can have taken the first j lists, and those to come can take the others.
	before := make([]bool, len(d.lists)+1)
	before[0] = true
	for i := range d.columns {
		for j := len(d.lists); j >= 0; j-- {
			take := before[j] && d.canTake(i, j) && d.after(i+1, j+1) > 0
			if take {
				before[j+1] = true
				open[j] = open[j] || owners[j] != i
			}
			before[j] = before[j] && d.canPass(i) && d.after(i+1, j) > 0
		}
	}
	return open
}
