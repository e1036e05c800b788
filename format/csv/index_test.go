package csv

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// slowIndex is what scan is to find.
func slowIndex(text []byte, delim byte) (marks, ends []int) {
	for i, c := range text[:min(len(text), blockBytes)] {
		if c == delim || c == '\n' {
			marks = append(marks, i)
		}
		if c == '\n' {
			ends = append(ends, len(marks))
		}
	}
	return marks, ends
}

func checkIndex(t *testing.T, text []byte, delim byte) {
	t.Helper()
	for _, portable := range []bool{false, true} {
		x := newIndex()
		x.portable = portable
		x.scan(text, delim)
		checkMarks(t, x, text, delim)
	}
}

func checkMarks(t *testing.T, x *index, text []byte, delim byte) {
	t.Helper()
	marks, ends := slowIndex(text, delim)
	if x.n != len(marks)+1 || len(x.ends) != len(ends) || x.marks[0]+1 != 0 {
		t.Fatalf("%d marks and %d lines, want %d and %d", x.n-1, len(x.ends), len(marks), len(ends))
	}
	for i, m := range marks {
		if int(x.marks[i+1]) != m {
			t.Fatalf("mark %d is %d, want %d", i, x.marks[i+1], m)
		}
	}
	for i, e := range ends {
		if int(x.ends[i]) != e {
			t.Fatalf("line %d ends at mark %d, want %d", i, x.ends[i], e)
		}
	}
}

func TestIndex(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 7, 8, 63, 64, 65, 127, 128, 1000, blockBytes - 1, blockBytes, blockBytes + 1} {
		for _, alphabet := range []string{",", "\n", "a,", "a,\n", "abcdefgh,\n\x0a\x8a\xac\x2c\x2d\x00\xff"} {
			text := make([]byte, n)
			for i := range text {
				text[i] = alphabet[rnd.IntN(len(alphabet))]
			}
			checkIndex(t, text, ',')
			checkIndex(t, text, '\t')
		}
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"), byte(','))
	f.Add(bytes.Repeat([]byte(",,,,,,,,,,,,,\n"), 20), byte(','))
	f.Fuzz(func(t *testing.T, text []byte, delim byte) {
		if delim != '\n' {
			checkIndex(t, text, delim)
		}
	})
}

func BenchmarkIndex(b *testing.B) {
	line := []byte("0,1,1,515,5,15,819,1400,1545,39.02,28.04,64.43,260,12.658579999999999,,0,1011.9,10,1999,149,2,,1,UA,EWR,IAH,BOEING,Turbo-fan\n")
	text := bytes.Repeat(line, blockBytes/len(line)+1)[:blockBytes]
	for _, portable := range []bool{false, true} {
		b.Run(fmt.Sprintf("portable=%v", portable), func(b *testing.B) {
			x := newIndex()
			x.portable = portable
			b.SetBytes(blockBytes)
			for b.Loop() {
				x.scan(text, ',')
			}
		})
	}
}
