package model_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/golden"
	"github.com/glulam/glulam/model"
)

// TestResolve follows aliases, and takes nothing else for one.
func TestResolve(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	real := put("models/late.txt", string(golden.Find(t, "one_tree").Bytes(t)))
	bundle, err := filepath.Abs("../testdata/bundle/late")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"alias": "models/late.txt\n", "crlf": "models/late.txt\r\n", "no newline": "  models/late.txt ", "absolute": real + "\n", "chain": "alias\n",
		"deep/alias": "../models/late.txt", "folder": bundle + "\n", "two lines": "models/late.txt\nmodels/late.txt\n", "empty": "", "blank": "\n",
		"torn": "tree\n", "json": `{"learner": 1}`, "binary": "\x08\x07\x12\x04", "latin1": "mod\xe8le", "long": strings.Repeat("x", 5000),
		"nowhere": "models/none.txt\n", "self": "self\n", "ring1": "ring2\n", "ring2": "./ring1\n",
	} {
		put(name, text)
	}
	for i := range 9 {
		next := "alias9"
		if i < 8 {
			next = "alias" + string(rune('1'+i))
		}
		put("alias"+string(rune('0'+i)), next)
	}
	put("alias9", "models/late.txt")
	for name, c := range map[string][2]string{
		"alias": {real}, "crlf": {real}, "no newline": {real}, "absolute": {real}, "chain": {real}, "deep/alias": {real}, "folder": {bundle},
		"two lines": {"="}, "empty": {"="}, "blank": {"="}, "torn": {"="}, "json": {"="}, "binary": {"="}, "latin1": {"="}, "long": {"="}, "models/late.txt": {"="}, "not there": {"="}, "models": {"="},
		"nowhere": {"", filepath.Join(dir, "models/none.txt") + ": no such file or directory; " + filepath.Join(dir, "nowhere") + " is an alias file"},
		"self":    {"", "lead to each other"}, "ring1": {"", "lead to each other"}, "ring2": {"", "lead to each other"},
		"alias2": {real}, "alias0": {"", "more than 8 alias files"},
	} {
		ref := filepath.Join(dir, name)
		got, err := model.Resolve(ref)
		want := c[0]
		if want == "=" {
			want = ref
		}
		if got != want || (err == nil) != (c[1] == "") || err != nil && !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: %s, %v; want %s, %s", name, got, err, want, c[1])
		}
	}
	m, err := model.Load(context.Background(), filepath.Join(dir, "chain"), model.Options{})
	if err != nil || m.Name() != "late" {
		t.Errorf("%v, %v", m, err)
	}
	if m, err = model.Load(context.Background(), filepath.Join(dir, "folder"), model.Options{}); err != nil || m.Bundle() == nil {
		t.Errorf("%v, %v", m, err)
	}
	if _, err = model.Load(context.Background(), filepath.Join(dir, "nowhere"), model.Options{}); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
}

// TestNoModelIsAnAlias: no model of the test data is taken for an alias, nor any beginning of one that ends at a line.
func TestNoModelIsAnAlias(t *testing.T) {
	dir := t.TempDir()
	n := 0
	for _, pattern := range []string{"flights/*.txt", "xgboost/*.json", "xgboost/*.ubj", "catboost/*.cbm", "catboost/*.json", "onnx/*.onnx", "sklearn/*.json", "lightgbm-dump/*.json", "bundle/*.tar.gz"} {
		names, _ := filepath.Glob("../testdata/" + pattern)
		for _, name := range names {
			if got, err := model.Resolve(name); got != name || err != nil {
				t.Errorf("%s: %s, %v", name, got, err)
			}
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, cut := range []int{1, 5, 64, 500} {
				torn := filepath.Join(dir, "torn")
				if err := os.WriteFile(torn, data[:min(cut, len(data))], 0o666); err != nil {
					t.Fatal(err)
				}
				// "t" and "C" may be names of models: what they lead to is not there, which is refused as well.
				if got, err := model.Resolve(torn); err == nil && got != torn {
					t.Errorf("%s cut at %d leads to %s", name, cut, got)
				}
			}
			n++
		}
	}
	if n < 100 {
		t.Errorf("only %d models", n)
	}
}

// TestLook: stamps see that a file, a link or an alias changed.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	a, b, link, alias := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "link"), filepath.Join(dir, "alias")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	look := func(path string) model.Stamp {
		s, err := model.Look(path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	write(a, "model\na\n")
	write(b, "model\na\n")
	write(alias, "a\n")
	if err := os.Symlink("a", link); err != nil {
		t.Fatal(err)
	}
	one, byLink, byAlias, folder := look(a), look(link), look(alias), look(dir)
	if !one.Equal(look(a)) || !byLink.Equal(look(link)) || !byAlias.Equal(one) || !folder.Equal(look(dir)) || one.Equal(look(b)) {
		t.Error("stamps of what did not change")
	}
	if one.Path != a || byAlias.Path != a || byLink.Path != link {
		t.Errorf("paths %s, %s, %s", one.Path, byAlias.Path, byLink.Path)
	}
	sum := func(s model.Stamp) string {
		text, err := s.Sum(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if sum(one) != sum(look(b)) {
		t.Error("equal content has different sums")
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("b", link); err != nil {
		t.Fatal(err)
	}
	write(alias, "b\n")
	if byLink.Equal(look(link)) || byAlias.Equal(look(alias)) || folder.Equal(look(dir)) {
		t.Error("a link and an alias that changed look the same")
	}
	if err := os.Chtimes(a, time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if one.Equal(look(a)) || sum(one) != sum(look(a)) {
		t.Error("a file with another time looks the same, or has another content")
	}
	write(a, "model\nb\n")
	if one.Equal(look(a)) || sum(look(b)) == sum(look(a)) {
		t.Error("a file with other content looks the same")
	}
	if _, err := model.Look(filepath.Join(dir, "none")); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
}
