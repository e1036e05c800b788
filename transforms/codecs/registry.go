package codecs

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/avro"
	"github.com/glulam/glulam/transforms/stream"
)

// registryConfig is how a schema registry is asked.
type registryConfig struct {
	urls                 []string
	user                 string
	password, token      stream.Secret
	ca, certificate, key string // files
}

var registryOptions = []stream.Option[avroConfig]{
	{Name: "schema.registry.url", Side: stream.OfBoth, Set: func(c *avroConfig, v string) error { return c.registry.setURLs(v) }},
	registryText("schema.registry.username", func(r *registryConfig) *string { return &r.user }),
	{Name: "schema.registry.password", Side: stream.OfBoth, Set: stream.SecretOption(func(c *avroConfig) *stream.Secret { return &c.registry.password })},
	{Name: "schema.registry.token", Side: stream.OfBoth, Set: stream.SecretOption(func(c *avroConfig) *stream.Secret { return &c.registry.token })},
	registryText("schema.registry.ssl.ca.location", func(r *registryConfig) *string { return &r.ca }),
	registryText("schema.registry.ssl.certificate.location", func(r *registryConfig) *string { return &r.certificate }),
	registryText("schema.registry.ssl.key.location", func(r *registryConfig) *string { return &r.key }),
}

func registryText(name string, field func(*registryConfig) *string) stream.Option[avroConfig] {
	return stream.Option[avroConfig]{Name: name, Side: stream.OfBoth, Set: func(c *avroConfig, v string) error {
		*field(&c.registry) = v
		return nil
	}}
}

// setURLs takes URLs with commas between them.
func (r *registryConfig) setURLs(v string) error {
	for _, s := range strings.Split(v, ",") {
		s = strings.TrimSpace(s)
		u, err := url.Parse(s)
		switch {
		case err != nil:
			return errors.New("this is no URL")
		case u.User != nil:
			return errors.New("a URL with a user in it is seen in process lists: give schema.registry.username and schema.registry.password")
		case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
			return fmt.Errorf("%q is no URL of a schema registry, such as http://localhost:8081", s)
		case u.RawQuery != "" || u.Fragment != "":
			return fmt.Errorf("%q: a schema registry's URL has no query", s)
		}
		r.urls = append(r.urls, s)
	}
	return nil
}

// check reports options that contradict each other.
func (r *registryConfig) check() error {
	usage := func(text string) error { return fault.New(fault.Usage, "", "%s", text) }
	secure := true
	for _, u := range r.urls {
		secure = secure && strings.HasPrefix(u, "https:")
	}
	switch {
	case r.token != "" && (r.user != "" || r.password != ""):
		return usage("there is more than one login: give schema.registry.token, or schema.registry.username and schema.registry.password")
	case (r.user != "") != (r.password != ""):
		return usage("schema.registry.username and schema.registry.password go together")
	case r.key != "" && r.certificate == "":
		return usage("schema.registry.ssl.key.location needs schema.registry.ssl.certificate.location")
	case !secure && (r.ca != "" || r.certificate != ""):
		return usage("the options schema.registry.ssl say nothing without TLS: give a URL with https")
	}
	return nil
}

const (
	askFor        = 10 * time.Second // a request
	maxAnswer     = 8 << 20          // bytes of one
	maxReferences = 200              // schemas that one refers to, directly or not
)

// registry is an avro.Resolver. Safe for concurrent use.
type registry struct {
	name   string // as messages show it
	client *sr.Client
}

// newRegistry makes a client, and asks the registry something: one that refuses the login is an error. One that cannot be reached
// is not: it may be there when the first message is.
func newRegistry(c *registryConfig) (*registry, error) {
	secure, err := stream.TLSConfig(c.ca, c.certificate, c.key)
	if err != nil {
		return nil, err
	}
	opts := []sr.ClientOpt{sr.URLs(c.urls...), sr.UserAgent("glulam"), sr.HTTPClient(&http.Client{Timeout: askFor, Transport: limited{transport(secure)}})}
	switch {
	case c.token != "":
		token, err := c.token.Read()
		if err != nil {
			return nil, err
		}
		opts = append(opts, sr.BearerToken(token))
	case c.user != "":
		password, err := c.password.Read()
		if err != nil {
			return nil, err
		}
		opts = append(opts, sr.BasicAuth(c.user, password))
	}
	r := &registry{name: strings.Join(c.urls, ",")}
	if r.client, err = sr.NewClient(opts...); err != nil {
		return nil, fault.New(fault.Usage, r.name, "%w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), askFor)
	defer cancel()
	if _, err := r.client.SupportedTypes(ctx); err != nil && isLogin(err) {
		return nil, r.explain("asking which types of schemas there are", err)
	}
	return r, nil
}

func transport(secure *tls.Config) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = secure
	return t
}

// limited bounds answers.
type limited struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
func (l limited) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := l.Transport.RoundTrip(req)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}

// Schema implements avro.Resolver.
func (r *registry) Schema(id uint32) (avro.Schema, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*askFor)
	defer cancel()
	s, err := r.client.SchemaByID(ctx, int(id))
	if err != nil {
		return avro.Schema{}, r.explain(fmt.Sprintf("asking for schema %d", id), err)
	}
	if err := r.isAvro(s, id); err != nil {
		return avro.Schema{}, err
	}
	out := avro.Schema{Text: s.Schema}
	f := finder{registry: r, ctx: ctx, id: id, seen: map[string]bool{}}
	if err := f.find(s.References); err != nil {
		return avro.Schema{}, err
	}
	out.References = f.found
	return out, nil
}

// isAvro checks schema id, or one that it refers to.
func (r *registry) isAvro(s sr.Schema, id uint32) error {
	if s.Type != sr.TypeAvro {
		return fault.New(fault.BadSchema, r.name, "schema %d is of type %s, not AVRO", id, s.Type)
	}
	if s.Schema == "" {
		return r.stranger(errors.New("the answer has no schema"))
	}
	return nil
}

// finder collects the schemas that one refers to, each behind those that it refers to itself.
type finder struct {
	registry *registry
	ctx      context.Context
	id       uint32
	seen     map[string]bool
	found    []string
}

func (f *finder) find(references []sr.SchemaReference) error {
	for _, ref := range references {
		key := fmt.Sprintf("%d %s", ref.Version, ref.Subject)
		if f.seen[key] {
			continue
		}
		if f.seen[key] = true; len(f.seen) > maxReferences {
			return fault.New(fault.BadSchema, f.registry.name, "schema %d refers to more than %d others", f.id, maxReferences)
		}
		s, err := f.registry.client.SchemaByVersion(f.ctx, ref.Subject, ref.Version)
		if err != nil {
			return f.registry.explain(fmt.Sprintf("asking for version %d of %s, which schema %d refers to", ref.Version, fault.Quote(ref.Subject), f.id), err)
		}
		if err := f.registry.isAvro(s.Schema, f.id); err != nil {
			return err
		}
		if err := f.find(s.References); err != nil {
			return err
		}
		f.found = append(f.found, s.Schema.Schema)
	}
	return nil
}

// isLogin says that a registry refuses the login, or the user what it asks.
func isLogin(err error) bool {
	res := (*sr.ResponseError)(nil)
	return errors.As(err, &res) && (res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden)
}

// explain makes the error of what a registry or the client said: of code fault.BadSchema if it does not know what it was asked
// for, with format.ErrAgain in its chain if it may know later, otherwise for good.
func (r *registry) explain(doing string, err error) error {
	say := func(code fault.Code) *fault.Error { return fault.New(code, r.name, "%s: %.500w", doing, err) }
	res := (*sr.ResponseError)(nil)
	if !errors.As(err, &res) {
		switch {
		case stream.IsTLS(err):
			return say(fault.Unreadable).WithHint("does the registry speak TLS there? schema.registry.ssl.ca.location names the authority of its certificate")
		case isSyntax(err):
			return r.stranger(err)
		}
		return r.again(doing, err)
	}
	switch code := res.StatusCode; {
	case code == http.StatusUnauthorized:
		return say(fault.Unreadable).WithHint("the registry refuses the login: look at schema.registry.username and the password, or schema.registry.token")
	case code == http.StatusForbidden:
		return say(fault.Unreadable).WithHint("the user needs the permission to read the subjects of the topic's schemas")
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return r.again(doing, err)
	case res.ErrorCode/100 == http.StatusNotFound || res.ErrorCode/100 == http.StatusUnprocessableEntity: // 40403: no such id
		return say(fault.BadSchema)
	}
	return r.stranger(fmt.Errorf("%s: %s: %.200w", doing, http.StatusText(res.StatusCode), err))
}

// again is the error of what may pass.
func (r *registry) again(doing string, err error) error {
	return fault.New(fault.Unreadable, r.name, "%s: %w: %.500w", doing, format.ErrAgain, err).WithHint("is the schema registry running there, and can it be reached from here?")
}

// stranger is the error of answers that no schema registry gives.
func (r *registry) stranger(err error) error {
	return fault.New(fault.Unreadable, r.name, "no schema registry answers there: %w", err).
		WithHint("is schema.registry.url that of its API? Some registries have it under a path, such as /apis/ccompat/v7")
}

func isSyntax(err error) bool {
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &typed)
}
