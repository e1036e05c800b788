package parquetdir

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/glulam/glulam/fault"
)

// A spool becomes a part in steps, each of which can be the last one of a process:
//
//  1. ID.tmp is written: the part
//  2. ID.done appears, which says that ID.tmp is whole, and holds what recents need to know of the spool
//  3. ID.tmp becomes the part, in its window's folder
//  4. ID.spool goes
//  5. ID.done goes, when everything in it is committed
//
// recoverFolder goes on from each. Whether there is a part is never asked: somebody may have taken it away. Several spools
// take each step together, because disks are asked for much less that way.

// steps are called after each of the steps above for a spool, by number, in tests that end there.
type steps func(step int) error

// most that are converted together.
const together = 64

// conversion is a spool on its way.
type conversion struct {
	base   string // path of its files, without the ending
	window window
	spool  *spool   // not beyond step 2
	temp   *os.File // of step 1
	recent []batch  // what its micro-batches from floor on say
}

// last is the largest number of a micro-batch that may not be committed, 0 if all are.
func (c *conversion) last() (n int64) {
	for i := range c.recent {
		n = max(n, c.recent[i].number)
	}
	return n
}

// convert makes parts of spools in a reader's folder that nobody writes to. floor is the least micro-batch that may not be
// committed. It gives the ID.done files that stay for that.
func (p *place) convert(ctx context.Context, spools []*spool, folder string, floor int64, after steps) (stay []done, err error) {
	for some := range slices.Chunk(spools, together) {
		list := make([]*conversion, len(some))
		for i, s := range some {
			list[i] = &conversion{base: filepath.Join(folder, s.id), window: s.window, spool: s}
		}
		if err := p.prepare(ctx, list, folder, floor, after); err != nil {
			return stay, err
		}
		if err := p.finish(list, folder, after); err != nil {
			return stay, err
		}
		for _, c := range list {
			if last := c.last(); last > 0 {
				stay = append(stay, done{filepath.Base(c.base), last})
			} else if err := remove(c.base + doneExt); err != nil {
				return stay, err
			}
		}
	}
	return stay, nil
}

// prepare does steps 1 and 2.
func (p *place) prepare(ctx context.Context, list []*conversion, folder string, floor int64, after steps) error {
	defer func() {
		for _, c := range list {
			if c.temp != nil {
				c.temp.Close()
			}
		}
	}()
	for _, c := range list {
		if err := c.write(ctx, floor); err != nil {
			return err
		}
	}
	if err := each(list, func(c *conversion) error { return syncFile(c.temp) }); err != nil {
		return err
	}
	for range list {
		if err := after(1); err != nil {
			return err
		}
	}
	if err := each(list, func(c *conversion) error {
		content, err := c.spool.headFrame()
		if err != nil {
			return err
		}
		for i := range c.recent {
			content = append(content, endFrame(c.recent[i].appendHead(beginFrame(nil)))...)
		}
		if err := writeFile(c.base+doneExt, c.base+doneExt+newExt, content); err != nil {
			return err
		}
		return after(2)
	}); err != nil {
		return err
	}
	return syncFolder(folder)
}

// finish does steps 3 and 4, as far as they are not done.
func (p *place) finish(list []*conversion, folder string, after steps) error {
	var dirs []string
	made := false
	for _, c := range list {
		if !exists(c.base + tempExt) {
			continue
		}
		dir := filepath.Join(p.dir, folderOf(c.window.Start))
		if err := os.Mkdir(dir, 0o777); err == nil {
			made = true
		} else if !errors.Is(err, os.ErrExist) {
			return fault.FromOS(fault.Unwritable, dir, err)
		}
		path := filepath.Join(dir, filepath.Base(c.base)+partExt)
		if err := os.Rename(c.base+tempExt, path); err != nil {
			return fault.FromOS(fault.Unwritable, path, err)
		}
		dirs = append(dirs, dir)
		if err := after(3); err != nil {
			return err
		}
	}
	if made {
		dirs = append(dirs, p.dir)
	}
	if err := each(dirs, syncFolder); err != nil {
		return err
	}
	for _, c := range list {
		if err := remove(c.base + spoolExt); err != nil {
			return err
		}
		if err := after(4); err != nil {
			return err
		}
	}
	return syncFolder(folder) // without ID.done a spool would be taken for one that is no part yet
}

// each calls f for every element, several at once, and gives the first error.
func each[T any](list []T, f func(T) error) error {
	var g errgroup.Group
	g.SetLimit(16)
	for _, e := range list {
		g.Go(func() error { return f(e) })
	}
	return g.Wait()
}

// write writes ID.tmp, which may not be durable yet.
func (c *conversion) write(ctx context.Context, floor int64) error {
	in, err := openSpool(c.base + spoolExt)
	if errors.Is(err, errTorn) {
		err = fault.New(fault.Changed, c.base+spoolExt, "rows that were acknowledged are gone")
	}
	if err != nil {
		return err
	}
	defer in.file.Close()
	in.frames.size = min(in.frames.size, c.spool.size)
	path := c.base + tempExt
	if c.temp, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666); err != nil {
		return fault.FromOS(fault.Unwritable, path, err)
	}
	content := &payloads{in: in, floor: floor}
	rows, err := copyRows(ctx, c.temp, content, c.spool.schema)
	switch {
	case content.err != nil:
		return content.err
	case err != nil:
		return fault.FromOS(fault.Unwritable, path, err)
	case rows != c.spool.rows || content.rows != c.spool.rows:
		return fault.New(fault.Mismatch, path, "%d rows were kept, the part has %d", c.spool.rows, rows)
	}
	c.recent = content.recent
	return nil
}
