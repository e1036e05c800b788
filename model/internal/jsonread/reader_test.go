package jsonread

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
)

func TestReader(t *testing.T) {
	r := New([]byte(` {"a": [1, 2.5, -3e2], "b": null, "c": {"d": "x\n", "e": true}, "f": [1, {"g": 7}]} `), "", "look again")
	var numbers []float64
	var text string
	var yes bool
	var raw []byte
	err := r.Object(func(key string) (err error) {
		switch key {
		case "a", "b":
			numbers, err = r.Numbers(numbers)
		case "c":
			err = r.Object(func(key string) (err error) {
				if key == "d" {
					text, err = r.Text()
				} else {
					yes, err = r.Bool()
				}
				return err
			})
		case "f":
			raw, err = r.Value()
		}
		return err
	})
	if err == nil {
		err = r.End()
	}
	if err != nil || !slices.Equal(numbers, []float64{1, 2.5, -300}) || text != "x\n" || !yes || string(raw) != `[1, {"g": 7}]` {
		t.Errorf("%v %q %v %s, %v", numbers, text, yes, raw, err)
	}
}

func TestErrors(t *testing.T) {
	read := func(r *Reader) error {
		err := r.Object(func(string) error {
			return r.Array(func(int) error {
				_, err := r.Integer(0, 9)
				return err
			})
		})
		if err != nil {
			return err
		}
		return r.End()
	}
	for text, want := range map[string]string{
		`{"a":[1,"x"]}`:     `file.a[1]: "\"x\"" is not a number; look again`,
		`{"a":[10]}`:        `file.a[0]: "10" is not an integer from 0 to 9; look again`,
		`{"a":[1.5]}`:       `file.a[0]: "1.5" is not an integer from 0 to 9; look again`,
		`{"a":7}`:           `file.a: "7" is not an array; look again`,
		`[]`:                `file: "[]" is not an object; look again`,
		`{"a":[],"a":[]}`:   `file.a: a key is there twice; look again`,
		`{"a":[1`:           `file.a[0]: not JSON at byte 7, or cut off; look again`,
		`{"a"`:              `file.a: not JSON at byte 4, or cut off; look again`,
		``:                  `file: not JSON at byte 0, or cut off; look again`,
		`{"a":[NaN]}`:       `file.a: not JSON at byte 6, or cut off; look again`,
		`{"a":[1,]}`:        `file.a[0]: not JSON at byte 7, or cut off; look again`,
		`{"a":[]} {}`:       `file: something follows at byte 10; look again`,
		"{\"a\xff\":[]}":    `file: not JSON at byte 1, or cut off; look again`,
		`{"a":[]}` + "\x00": `file: something follows at byte 8; look again`,
	} {
		err := read(New([]byte(text), "file", "look again"))
		var e *fault.Error
		if !errors.As(err, &e) || e.Code != fault.Corrupt || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	deep := strings.Repeat(`{"a":`, 20000)
	if _, err := New([]byte(deep), "", "").Value(); fault.CodeOf(err) != fault.Corrupt {
		t.Errorf("deep: %v", err)
	}
}

func TestFirstKey(t *testing.T) {
	for text, want := range map[string][2]string{
		`{"name":"tree","x":1}`:    {"name", "tree"},
		" \n{ \"name\" : {":        {"name", ""},
		`{"name":"tree`:            {"name", ""},
		`{"name"`:                  {"name", ""},
		`{`:                        {},
		`{}`:                       {},
		`[]`:                       {},
		``:                         {},
		`{1:2}`:                    {},
		`{"a":[` + "\xff":          {"a", ""},
		"\xef\xbb\xbf{\"name\":1}": {},
	} {
		if key, value := FirstKey([]byte(text)); [2]string{key, value} != want {
			t.Errorf("%q: %q %q", text, key, value)
		}
	}
}
