package rules_test

import (
	"sync"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/rules"
)

// FuzzRules: no text makes the parser, the checker or the rows' evaluation panic, and what is refused is a *fault.Error.
func FuzzRules(f *testing.F) {
	for _, seed := range []string{"x = arr - dep", "dep = has(dep) ? dep + 1 : 0", `"a b" = row["tail no"]`, "x = [1].map(v, v + dep)[0]", "x = carrier.matches(origin)", "x = @value:row.dep", "x = a.b.c{d: 1}", "x = {'a': optional.of(dep)}[?carrier]"} {
		f.Add(seed)
	}
	rec := flights(f)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := rules.Derive([]string{text})
		if err == nil {
			_, err = s.Inputs(nil, nil)
			if err != nil && fault.CodeOf(err) == fault.Internal {
				t.Fatal(err)
			}
			var p *rules.Program
			if p, err = s.Bind(rec.Schema(), nil); err == nil {
				if _, _, err := p.Derive(rec); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err != nil && fault.CodeOf(err) == fault.Internal {
			t.Fatal(err)
		}
	})
}

// TestConcurrent: a set may be bound and looked at by many at once.
func TestConcurrent(t *testing.T) {
	rec := flights(t)
	s, err := rules.Derive([]string{"gap = has(dep) ? arr - dep : 0", "x = carrier == 'UA'"})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.Inputs(nil, nil); err != nil {
				t.Error(err)
			}
			p, err := s.Bind(rec.Schema(), nil)
			if err != nil {
				t.Error(err)
				return
			}
			for range 50 {
				out, refused, err := p.Derive(rec)
				if err != nil || len(refused) != 1 || out.Column(16).ValueStr(0) != "120" {
					t.Error(err, refused, out.Column(16))
					return
				}
				out.Release()
			}
		})
	}
	wg.Wait()
}
