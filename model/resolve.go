package model

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/glulam/glulam/fault"
)

// Limits of alias files.
const (
	maxAlias   = 4096 // bytes
	maxAliases = 8    // one after another
)

// Resolve follows alias files: it gives the path of the model that ref stands for, which is ref itself if that is a model file, a
// bundle, an MLflow model, or nothing at all.
//
// An alias is a file of one line, the path of another reference, relative to the alias's folder: "flights-v7\n". It is at most 4096 bytes
// of printable text, and none of the formats that Load reads is taken for one. Replacing an alias (by renaming another onto it) is how a
// model that is being used is changed at once.
//
// Errors are *fault.Error: NotFound for an alias of what is not there, Usage for aliases that lead to each other, or are more than 8 in a
// row.
func Resolve(ref string) (string, error) {
	path := ref
	var seen []os.FileInfo
	for {
		st, err := os.Stat(path)
		if err != nil {
			if path != ref {
				return "", fault.FromOS(fault.Unreadable, path, err).WithHint("%s is an alias file, one line that names a model, and leads there", ref)
			}
			return ref, nil // for whoever reads it to say
		}
		if !st.Mode().IsRegular() || st.Size() > maxAlias {
			return path, nil
		}
		next, ok := readAlias(path)
		if !ok {
			return path, nil
		}
		for _, s := range seen {
			if os.SameFile(s, st) {
				return "", fault.New(fault.Usage, ref, "alias files that lead to each other: %s is met again", path).WithHint("write the path of a model into one of them")
			}
		}
		if seen = append(seen, st); len(seen) > maxAliases {
			return "", fault.New(fault.Usage, ref, "more than %d alias files, one after another", maxAliases).WithHint("write the path of the model into the first")
		}
		path = next
	}
}

// readAlias gives the path that an alias file leads to. A file that cannot be read is none.
func readAlias(path string) (string, bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxAlias+1))
	if err != nil {
		return "", false
	}
	line, ok := aliasLine(data)
	if !ok {
		return "", false
	}
	if line = filepath.FromSlash(line); !filepath.IsAbs(line) {
		line = filepath.Join(filepath.Dir(path), line)
	}
	return line, true
}

// aliasLine gives the line of an alias file's bytes: printable text that is the beginning of no model file.
func aliasLine(data []byte) (string, bool) {
	if len(data) > maxAlias || !utf8.Valid(data) {
		return "", false
	}
	line := strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"))
	if line == "" || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.ContainsAny(line[:1], "{[<\"") {
		return "", false
	}
	for _, f := range formats {
		if f.detect(data) {
			return "", false
		}
	}
	return line, true
}
