package parquet

import (
	"bytes"
	"sync"
)

// footers remembers the footers read last. A file is opened once for each of its pieces, and the footer of a file with
// many row groups takes longer to parse than a piece takes to read. It is found again by its bytes, which are read each
// time: a file that was replaced has another one.
var footers = &footerCache{most: 8, mostBytes: 16 << 20}

type footerCache struct {
	mu        sync.Mutex
	entries   []footerEntry // the one used last comes last
	most      int
	mostBytes int // of the footers as they stand in their files
}

type footerEntry struct {
	data   []byte
	size   int64 // of the file
	footer footer
}

// find gives the footer with those bytes, or nil. Its file is not the caller's.
func (c *footerCache) find(data []byte, size int64) *footer {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, e := range c.entries {
		if e.size == size && bytes.Equal(e.data, data) {
			c.entries = append(append(c.entries[:i], c.entries[i+1:]...), e)
			return &e.footer
		}
	}
	return nil
}

// keep remembers a footer, which nobody changes from now on.
func (c *footerCache) keep(data []byte, size int64, ft footer) {
	ft.file = nil
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries = append(c.entries, footerEntry{data, size, ft})
	total := 0
	for i := len(c.entries) - 1; i >= 0; i-- {
		total += len(c.entries[i].data)
		if total > c.mostBytes || len(c.entries)-i > c.most {
			c.entries = append([]footerEntry(nil), c.entries[i+1:]...)
			return
		}
	}
}
