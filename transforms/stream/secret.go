package stream

import (
	"errors"
	"os"
	"strings"

	"github.com/glulam/glulam/fault"
)

// Secret says where a secret is: env:NAME or file:PATH. The secret itself is in no option, because options are seen in process
// lists and job descriptions.
type Secret string

// ParseSecret gives the secret that an option names. Nothing is read. An error does not repeat what was given.
func ParseSecret(option string) (Secret, error) {
	where, of, _ := strings.Cut(option, ":")
	if where != "env" && where != "file" || of == "" {
		return "", errors.New("a secret is not given as it is: say where it stands, env:NAME or file:PATH")
	}
	return Secret(option), nil
}

// Read gives the secret, without the line's end of a file. A missing or empty one is an error.
func (s Secret) Read() (string, error) {
	where, of, _ := strings.Cut(string(s), ":")
	if where == "env" {
		v, ok := os.LookupEnv(of)
		if !ok || v == "" {
			return "", fault.New(fault.NotFound, string(s), "there is no such variable in the environment, or it is empty")
		}
		return v, nil
	}
	data, err := os.ReadFile(of)
	if err != nil {
		return "", fault.FromOS(fault.Unreadable, of, err)
	}
	v := strings.TrimRight(string(data), "\r\n")
	if v == "" {
		return "", fault.New(fault.Empty, of, "the file is empty")
	}
	return v, nil
}
