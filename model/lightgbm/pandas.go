package lightgbm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/glulam/glulam/model/forest"
)

// readLists reads pandas_categorical: null, or a JSON array of arrays of the values that a category column had, in the
// order of their codes. It is Python's JSON, written by json.dumps: with NaN and Infinity, and characters outside of ASCII
// escaped.
func (p *parser) readLists(v field) ([]*forest.Categories, error) {
	s := &jsonScanner{text: v.text}
	var lists []*forest.Categories
	if s.skip("null") {
		return nil, p.endOfLists(v, s)
	}
	if !s.skip("[") {
		return nil, p.badList(v, s, lists, errNotLists)
	}
	for !s.skip("]") {
		if len(lists) > 0 && !s.skip(",") || !s.skip("[") {
			return nil, p.badList(v, s, lists, errNotLists)
		}
		list, err := s.list()
		if err != nil {
			return nil, p.badList(v, s, lists, err)
		}
		lists = append(lists, list)
	}
	return lists, p.endOfLists(v, s)
}

func (p *parser) endOfLists(v field, s *jsonScanner) error {
	if s.text = strings.Trim(s.text, " \t"); s.text != "" {
		return p.corrupt(v, "%s after the lists", quote(s.text))
	}
	return nil
}

var errNotLists = errors.New("not an array of arrays, or cut off")

// unsupportedValue is an error about categories that are JSON but have no place in a forest.Categories.
type unsupportedValue struct{ error }

func (p *parser) badList(v field, s *jsonScanner, before []*forest.Categories, err error) error {
	var u unsupportedValue
	if errors.As(err, &u) {
		return p.unsupported(v, "give the column categories of one type (texts, numbers or bools) and train again", "list %d: %w", len(before), err)
	}
	return p.corrupt(v, "list %d, at %s: %w", len(before), quote(s.text), err)
}

// jsonScanner reads the JSON that pandas_categorical holds. text is what is left.
type jsonScanner struct{ text string }

// skip goes past token, and spaces before it, if that is what follows.
func (s *jsonScanner) skip(token string) bool {
	s.text = strings.TrimLeft(s.text, " \t")
	rest, ok := strings.CutPrefix(s.text, token)
	if ok {
		s.text = rest
	}
	return ok
}

// list reads the rest of a list whose bracket has been read.
func (s *jsonScanner) list() (*forest.Categories, error) {
	c := &forest.Categories{}
	for !s.skip("]") {
		if c.Len() > 0 && !s.skip(",") {
			return nil, errNotLists
		}
		if err := s.value(c); err != nil {
			return nil, err
		}
		if mixed := btoi(c.Text != nil) + btoi(c.Number != nil) + btoi(c.Bool != nil); mixed > 1 {
			return nil, unsupportedValue{errors.New("categories of more than one type")}
		}
	}
	if c.Len() == 0 {
		c.Text = []string{} // a column that was always missing
	}
	return c, unique(c)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// value reads one category.
func (s *jsonScanner) value(c *forest.Categories) error {
	switch {
	case s.skip("true"):
		c.Bool = append(c.Bool, true)
	case s.skip("false"):
		c.Bool = append(c.Bool, false)
	case s.skip("null"), s.skip("NaN"), s.skip("Infinity"), s.skip("-Infinity"):
		return unsupportedValue{errors.New("a category that is null or not a finite number")}
	case strings.HasPrefix(s.text, `"`):
		t, err := s.string()
		c.Text = append(c.Text, t)
		return err
	default:
		x, err := s.number()
		c.Number = append(c.Number, x)
		return err
	}
	return nil
}

func (s *jsonScanner) string() (string, error) {
	for i := 1; i < len(s.text); i++ {
		switch s.text[i] {
		case '\\':
			i++
		case '"':
			literal := s.text[:i+1]
			s.text = s.text[i+1:]
			return unquote(literal)
		}
	}
	return "", errNotLists
}

func unquote(literal string) (string, error) {
	b, err := jsontext.AppendUnquote(nil, literal)
	if err != nil || !utf8.Valid(b) {
		return "", fmt.Errorf("%s is not a JSON text", quote(literal))
	}
	return string(b), nil
}

// exactInt is the largest integer up to which float64 holds every integer.
const exactInt = 1 << 53

func (s *jsonScanner) number() (float64, error) {
	n := strings.IndexAny(s.text, ",] \t")
	if n < 0 {
		return 0, errNotLists
	}
	literal := s.text[:n]
	s.text = s.text[n:]
	if i, err := strconv.ParseInt(literal, 10, 64); err == nil && (i > exactInt || i < -exactInt) || errors.Is(err, strconv.ErrRange) {
		return 0, unsupportedValue{fmt.Errorf("category %s: integers beyond 2^53 have no exact float64", quote(literal))}
	}
	x, ok := parseFloat(literal)
	if !ok || x-x != 0 {
		return 0, fmt.Errorf("%s is not a JSON value", quote(literal))
	}
	return x, nil
}

// unique refuses lists with the same category twice: a value would have two codes.
func unique(c *forest.Categories) error {
	if c.Len() < 2 {
		return nil // the file may have very many of these
	}
	texts := make(map[string]bool, len(c.Text))
	for _, t := range c.Text {
		if texts[t] {
			return fmt.Errorf("category %s is there twice", quote(t))
		}
		texts[t] = true
	}
	numbers := make(map[float64]bool, len(c.Number))
	for _, x := range c.Number {
		if numbers[x] {
			return fmt.Errorf("category %v is there twice", x)
		}
		numbers[x] = true
	}
	if b := c.Bool; len(b) > 2 || len(b) == 2 && b[0] == b[1] {
		return errors.New("a bool is there twice")
	}
	return nil
}
