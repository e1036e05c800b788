package replay

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

// Options say what is sent. The zero value sends everything.
type Options struct {
	Codes  []fault.Code // letters of these codes only; nil: all
	Fields []string     // letters about these fields only; nil: all
	Limit  int64        // so many letters at the most; 0: all
	// Name sets a replay apart: the same letters go once more under another name.
	Name string
	// DryRun counts and sends nothing.
	DryRun bool
	// Chunk is how many letters are sent at once; 0 is DefaultChunk.
	Chunk int
}

// DefaultChunk is how many letters are one transaction. One of more than chunkBytes is sent earlier.
const (
	DefaultChunk = 500
	chunkBytes   = 4 << 20
)

// Reasons why a letter cannot go back.
const (
	NoLetter  = "no_letter"  // it is no dead letter
	NoRow     = "no_row"     // it holds no row: the letter was too large, or the message had no value
	CutRow    = "cut_row"    // it holds the beginning of a row only
	NoPlace   = "no_place"   // where it came from cannot be told
	Untakable = "refused"    // the target does not take it
	NoSubject = "no_subject" // nobody knows any more which subject its message had
	Doubtful  = "in_doubt"   // it may have been sent, by a run that was killed
)

// Cannot is a letter that cannot go back.
type Cannot struct {
	Where  string     `json:"where"`          // it stands
	From   string     `json:"from,omitempty"` // where its message came from: "kafka://flights/3@17"
	Code   fault.Code `json:"code,omitempty"`
	Reason string     `json:"reason"`
	Why    string     `json:"why"`
}

// MostNamed is how many letters Report.Cannot names.
const MostNamed = 20

// Report is what became of all letters: Letters is the sum of Sent, Before, Repeated, Filtered, Elsewhere, Left and Refused.
type Report struct {
	Letters   int64 `json:"letters"`
	Sent      int64 `json:"sent"`        // by this run; of a dry run: would be
	Before    int64 `json:"sent_before"` // by an earlier one
	Repeated  int64 `json:"repeated"`    // stood there a second time
	Filtered  int64 `json:"filtered"`    // are not of the codes and fields asked for
	Elsewhere int64 `json:"elsewhere"`   // came from somewhere else
	Left      int64 `json:"left"`        // over the limit
	Refused   int64 `json:"cannot"`      // cannot go back

	SentByCode map[fault.Code]int64 `json:"sent_by_code"`
	Reasons    map[string]int64     `json:"cannot_by_reason,omitempty"`
	Cannot     []Cannot             `json:"cannot_first,omitempty"` // the first MostNamed
	// Sources are those that Elsewhere are of.
	Sources map[string]int64 `json:"elsewhere_by_source,omitempty"`
}

// run is a replay on its way.
type run struct {
	o       Options
	letters Letters
	target  Target
	ledger  Ledger // the target, if it is one; else nil
	report  Report

	seen  map[[16]byte]bool
	marks map[Book]Mark // those that hold

	chunk []stream.Message
	bytes int
	codes []fault.Code // of the chunk
	next  map[Book]Mark
}

// Run sends letters to a target. What an error leaves unsent, another Run sends. The report is there with an error, too.
func Run(ctx context.Context, letters Letters, target Target, o Options) (Report, error) {
	r := &run{o: o, letters: letters, target: target, seen: map[[16]byte]bool{}, marks: map[Book]Mark{}, next: map[Book]Mark{},
		report: Report{SentByCode: map[fault.Code]int64{}, Reasons: map[string]int64{}, Sources: map[string]int64{}}}
	r.ledger, _ = target.(Ledger)
	if l, ok := letters.(Looped); ok && l.Reads(target) {
		return r.report, fault.New(fault.Usage, "", "the letters would go to where they are").WithHint("send them to another stream or subject")
	}
	err := r.all(ctx)
	if sum := r.report.sum(); err == nil && sum != r.report.Letters {
		err = fault.New(fault.Mismatch, "", "%d letters were read, %d are accounted for", r.report.Letters, sum)
	}
	return r.report, err
}

func (r *Report) sum() int64 {
	return r.Sent + r.Before + r.Repeated + r.Filtered + r.Elsewhere + r.Left + r.Refused
}

func (r *run) all(ctx context.Context) error {
	for {
		it, err := r.letters.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = r.take(ctx, &it)
		}
		if err != nil {
			return err
		}
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	if r.o.DryRun {
		return nil
	}
	return r.target.Finish(ctx)
}

// take sends a letter, or says why not.
func (r *run) take(ctx context.Context, it *Item) error {
	r.report.Letters++
	if it.Err != nil {
		r.cannot(it, nil, NoLetter, it.Err.Error())
		return nil
	}
	l, err := fault.ParseLetter(it.Data)
	if fe := (*fault.Error)(nil); errors.As(err, &fe) {
		r.cannot(it, nil, NoLetter, fe.Err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case r.o.Codes != nil && !slices.Contains(r.o.Codes, l.Code), r.o.Fields != nil && !slices.Contains(r.o.Fields, l.Field):
		r.report.Filtered++
		return nil
	case !r.target.Takes(l.Source):
		r.report.Elsewhere++
		r.report.Sources[origin(l.Source)]++
		return nil
	case r.repeated(&l):
		r.report.Repeated++
		return nil
	}
	m, reason, why := r.message(it, &l)
	if reason != "" {
		r.cannot(it, &l, reason, why)
		return nil
	}
	return r.send(ctx, it, &l, m)
}

// origin is a source without its partition.
func origin(source string) string {
	if i := strings.LastIndexByte(source, '/'); i > 0 && strings.Contains(source, "://") {
		if _, err := strconv.Atoi(source[i+1:]); err == nil {
			return source[:i]
		}
	}
	return source
}

// digest is the same of letters of the same message at the same place.
func digest(l *fault.Letter) [16]byte {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(l.Source), binary.BigEndian.AppendUint64(nil, uint64(l.Offset)), binary.BigEndian.AppendUint64(nil, uint64(l.Row)), l.Key, l.Raw} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	return [16]byte(h.Sum(nil))
}

// repeated says whether the same letter was there before.
func (r *run) repeated(l *fault.Letter) bool {
	key := digest(l)
	if r.seen[key] {
		return true
	}
	r.seen[key] = true
	return false
}

// place is where a letter's message came from first.
func place(l *fault.Letter) (string, bool) {
	text := l.Replay
	if _, _, ok := stream.ParsePlace(text); !ok {
		text = l.Source + "@" + strconv.FormatInt(l.Offset, 10)
	}
	_, _, ok := stream.ParsePlace(text)
	return text, ok
}

// message makes a letter the message that it was made of, or says why that cannot be.
func (r *run) message(it *Item, l *fault.Letter) (m stream.Message, reason, why string) {
	from, ok := place(l)
	switch {
	case l.Code == fault.Tombstone:
		return m, NoRow, "the message had no value, so there is nothing to score"
	case l.Raw == nil:
		return m, NoRow, "the letter holds no row: " + l.Message
	case l.Code == fault.RowTooLarge && l.Stage == "read":
		return m, CutRow, "the letter holds the beginning of the row only: " + l.Message
	case !ok:
		return m, NoPlace, "its source and offset are no place that a header can tell"
	}
	m = stream.Message{Value: l.Raw, ID: fmt.Sprintf("replay:%s:%s:%x", r.o.Name, from, digest(l)), Envelope: block.Envelope{Key: l.Key, Time: l.Time}}
	for _, h := range it.Headers {
		if !strings.HasPrefix(h.Key, "glulam-") {
			m.Headers = append(m.Headers, h)
		}
	}
	m.Headers = append(m.Headers, block.Header{Key: stream.HeaderReplay, Value: []byte(from)})
	if err := r.target.Refuses(l, &m); err != nil {
		return m, Untakable, err.Error()
	}
	return m, "", ""
}

func (r *run) cannot(it *Item, l *fault.Letter, reason, why string) {
	r.report.Refused++
	r.report.Reasons[reason]++
	if len(r.report.Cannot) >= MostNamed {
		return
	}
	c := Cannot{Where: it.Where, Reason: reason, Why: why}
	if l != nil {
		c.Code = l.Code
		c.From, _ = place(l)
	}
	r.report.Cannot = append(r.report.Cannot, c)
}

// send puts a letter into the chunk unless it was sent before.
func (r *run) send(ctx context.Context, it *Item, l *fault.Letter, m stream.Message) error {
	b := Book{Part: it.Part, Kind: kind(r.o.Name, l)}
	mark, err := r.mark(ctx, b)
	if err != nil {
		return err
	}
	fate := Unknown
	if r.ledger != nil {
		fate = r.ledger.Knows(&m)
	}
	behind, full := it.At < mark.Next, r.o.Limit > 0 && r.report.Sent+int64(len(r.chunk)) >= r.o.Limit
	switch {
	case fate == Sent || behind && fate == Unknown:
		if r.report.Before++; !behind && !full {
			r.next[b] = Mark{Next: it.At + 1, Sum: it.Sum}
		}
		return nil
	case full:
		r.report.Left++
		return nil
	}
	if r.ledger != nil {
		reason, why, err := r.ledger.Address(ctx, l, &m)
		if err != nil {
			return err
		}
		if reason != "" {
			r.cannot(it, l, reason, why)
			return nil
		}
	}
	r.chunk, r.codes, r.bytes = append(r.chunk, m), append(r.codes, l.Code), r.bytes+len(m.Value)+len(m.Key)
	if !behind {
		r.next[b] = Mark{Next: it.At + 1, Sum: it.Sum}
	}
	if len(r.chunk) < cmp.Or(r.o.Chunk, DefaultChunk) && r.bytes < chunkBytes {
		return nil
	}
	return r.flush(ctx)
}

// kind is what letters are told apart by that a replay may leave out.
func kind(name string, l *fault.Letter) string {
	return strings.Join([]string{name, string(l.Code), l.Field, origin(l.Source)}, "\x00")
}

// mark gives the mark of a book, after it saw that it is of the same letters.
func (r *run) mark(ctx context.Context, b Book) (Mark, error) {
	if m, ok := r.marks[b]; ok {
		return m, nil
	}
	m, err := r.target.Mark(ctx, b)
	if err != nil {
		return m, err
	}
	if m.Next > 0 {
		sum, err := r.letters.Sum(ctx, b.Part, m.Next)
		if err != nil {
			return m, err
		}
		if sum != m.Sum {
			return m, fault.New(fault.Changed, b.Part, "of the letters that begin like these, %d were sent, and they were others", m.Next).
				WithHint("if these are new letters, give --name: letters go once under each name")
		}
	}
	r.marks[b] = m
	return m, nil
}

// flush sends the chunk.
func (r *run) flush(ctx context.Context) error {
	if len(r.chunk) == 0 {
		return nil
	}
	if !r.o.DryRun {
		if err := r.target.Send(ctx, r.chunk, r.next); err != nil {
			return err
		}
	}
	r.report.Sent += int64(len(r.chunk))
	for _, c := range r.codes {
		r.report.SentByCode[c]++
	}
	r.chunk, r.codes, r.bytes = r.chunk[:0], r.codes[:0], 0
	clear(r.next)
	return nil
}
