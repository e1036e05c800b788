package stream

import (
	"net/url"

	"github.com/glulam/glulam/fault"
)

// Side says which ends have an option.
type Side uint8

const (
	OfSource Side = 1 << iota
	OfSink
	OfBoth = OfSource | OfSink
)

// String is "source" or "sink".
func (s Side) String() string {
	if s == OfSource {
		return "source"
	}
	return "sink"
}

// Option is an option of a connector whose endpoints are taken apart into a C.
type Option[C any] struct {
	Name string
	Side Side
	Set  func(c *C, value string) error
}

// Options are all options of a connector.
type Options[C any] []Option[C]

// Names lists them.
func (o Options[C]) Names() []string {
	names := make([]string, len(o))
	for i := range o {
		names[i] = o[i].Name
	}
	return names
}

// Apply sets what is given, by name, of an endpoint in c. It returns every error. Options beside the URLs go to sources and sinks
// alike, so that one of the other side counts for nothing; in a URL it is meant for it, and an error.
func (o Options[C]) Apply(e Endpoint, as Side, given map[string]string, c *C) (errs []error) {
	for _, option := range o {
		v, ok := given[option.Name]
		if !ok {
			continue
		}
		if option.Side&as == 0 {
			if u, err := url.Parse(e.URL); err == nil && u.Query().Has(option.Name) {
				errs = append(errs, fault.New(fault.Usage, e.Redacted(), "a %s has no option %s", as, option.Name))
			}
			continue
		}
		if err := option.Set(c, v); err != nil {
			errs = append(errs, fault.New(fault.Usage, e.Redacted(), "%w", err).OnField(option.Name))
		}
	}
	return errs
}

// SecretOption sets a field to where a secret stands.
func SecretOption[C any](field func(*C) *Secret) func(*C, string) error {
	return func(c *C, v string) (err error) {
		*field(c), err = ParseSecret(v)
		return err
	}
}
