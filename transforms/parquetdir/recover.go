package parquetdir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/glulam/glulam/fault"
)

// mend takes over what earlier processes left: those of this reader, and those of readers of a run that had another number
// of them.
func (s *sink) mend(ctx context.Context) error {
	if err := s.progress.load(); err != nil {
		return err
	}
	now := &s.progress.now
	now.Ended = false
	now.Windows = slices.DeleteFunc(now.Windows, s.place.complete)
	if now.Watermark != nil {
		s.mark = *now.Watermark
	}
	spools, dones, err := s.place.recoverFolder(s.place.own, s.recent.add)
	if err != nil {
		return err
	}
	for _, sp := range spools {
		s.progress.expect(sp.window)
		if twin := s.open[sp.window.Start]; twin != nil {
			s.leave(twin)
			s.retired = append(s.retired, twin)
		}
		s.enter(sp)
	}
	s.recent.begin()
	s.number, s.dones = s.recent.top, dones
	if err := s.dropDones(s.recent.floor); err != nil {
		return err
	}
	if err := s.adopt(ctx); err != nil {
		return err
	}
	return s.progress.save()
}

// recoverFolder goes on with every conversion from the step that it got to. It gives the spools that are no parts yet, tells
// seen of their micro-batches and of those of parts, and gives what is to be removed when these are committed.
func (p *place) recoverFolder(folder string, seen func(*batch)) (spools []*spool, dones []done, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil, fault.FromOS(fault.Unreadable, folder, err)
	}
	var ids []string
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case spoolExt, tempExt, doneExt:
			ids = append(ids, idOf(e.Name()))
		}
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		base := filepath.Join(folder, id)
		if exists(base + doneExt) {
			last, err := p.goOn(base, seen)
			if err != nil {
				return nil, nil, err
			}
			dones = append(dones, done{id, last})
			continue
		}
		if err := remove(base + tempExt); err != nil {
			return nil, nil, err
		}
		if !exists(base + spoolExt) {
			continue
		}
		sp, err := recoverSpool(base+spoolExt, seen)
		if err != nil {
			return nil, nil, err
		}
		if sp == nil { // nothing in it was acknowledged
			if err := remove(base + spoolExt); err != nil {
				return nil, nil, err
			}
			continue
		}
		spools = append(spools, sp)
	}
	return spools, dones, nil
}

// goOn ends a conversion that has its ID.done. It gives the largest number of a micro-batch in it.
func (p *place) goOn(base string, seen func(*batch)) (last int64, err error) {
	f, err := openSpool(base + doneExt)
	if errors.Is(err, errTorn) {
		return 0, fault.New(fault.Corrupt, base+doneExt, "the file is cut off")
	}
	if err != nil {
		return 0, err
	}
	defer f.file.Close()
	for {
		b, err := f.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, errTorn) {
			err = f.corrupt(err)
		}
		if err != nil {
			return 0, err
		}
		seen(&b)
		last = max(last, b.number)
	}
	list := []*conversion{{base: base, window: f.head.Window}}
	return last, p.finish(list, filepath.Dir(base), func(int) error { return nil })
}

// adopt makes parts of what readers left that are no more, because the run has another number of them now. Each of the new
// readers takes the old ones whose number is its own, modulo how many there are.
func (s *sink) adopt(ctx context.Context) error {
	entries, err := os.ReadDir(s.place.run)
	if err != nil {
		return fault.FromOS(fault.Unreadable, s.place.run, err)
	}
	for _, e := range entries {
		var index, of int
		if n, _ := fmt.Sscanf(e.Name(), "%05d-of-%05d", &index, &of); n != 2 || e.Name() != readerFolder(index, of) {
			continue
		}
		if of == s.place.id.Of || index%s.place.id.Of != s.place.id.Index {
			continue
		}
		if err := s.adoptFolder(ctx, filepath.Join(s.place.run, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (s *sink) adoptFolder(ctx context.Context, folder string) error {
	free, err := lock(folder)
	if err != nil {
		return err
	}
	defer free()
	old := &progress{p: &place{own: folder}}
	if err := old.load(); err != nil {
		return err
	}
	spools, dones, err := s.place.recoverFolder(folder, func(*batch) {})
	if err != nil {
		return err
	}
	for _, w := range old.now.Windows {
		s.progress.expect(w)
	}
	for _, sp := range spools {
		s.progress.expect(sp.window)
	}
	if err := s.progress.save(); err != nil {
		return err
	}
	if _, err := s.place.convert(ctx, spools, folder, math.MaxInt64, s.after); err != nil {
		return err
	}
	for _, d := range dones {
		if err := remove(filepath.Join(folder, d.id+doneExt)); err != nil {
			return err
		}
	}
	return removeFolder(folder)
}

// removeFolder removes a reader's folder, unless somebody put something else into it.
func removeFolder(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fault.FromOS(fault.Unreadable, folder, err)
	}
	for _, e := range entries {
		if name := e.Name(); name != stateName && name != lockName && filepath.Ext(name) != newExt {
			return nil
		}
	}
	for _, e := range entries {
		if err := remove(filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	return remove(folder)
}
