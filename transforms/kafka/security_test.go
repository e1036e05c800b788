package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// guarded starts a cluster that wants a login, with the topic in and a user of each mechanism.
func guarded(t *testing.T, opts ...kfake.Opt) *cluster {
	t.Helper()
	k, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("PLAIN", "ann", "s3cret"),
		kfake.Superuser("SCRAM-SHA-256", "ann256", "s3cret"), kfake.Superuser("SCRAM-SHA-512", "ann512", "s3cret")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	c := of(t, k.ListenAddrs()[0], k, kgo.SASL(plain.Auth{User: "ann", Pass: "s3cret"}.AsMechanism()))
	c.put(t, c.topic(t, "in", 1), 0, values("x")...)
	return c
}

func TestLogins(t *testing.T) {
	k := guarded(t)
	t.Setenv("TEST_PASSWORD", "s3cret")
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file:" + path
	}
	jaas := file("jaas", `org.apache.kafka.common.security.plain.PlainLoginModule required username="ann" password="s3cret";`)
	for _, o := range [][]string{
		{"sasl.mechanism", "PLAIN", "sasl.username", "ann", "sasl.password", "env:TEST_PASSWORD"},
		{"sasl.mechanism", "PLAIN", "sasl.username", "ann", "sasl.password", file("password", "s3cret\n")},
		{"sasl.mechanism", "PLAIN", "sasl.jaas.config", jaas},
		{"sasl.mechanism", "SCRAM-SHA-256", "sasl.username", "ann256", "sasl.password", "env:TEST_PASSWORD"},
		{"sasl.mechanism", "SCRAM-SHA-512", "sasl.username", "ann512", "sasl.password", "env:TEST_PASSWORD"},
	} {
		e := k.url("in", append(o, "security.protocol", "SASL_PLAINTEXT")...)
		take(t, started(t, e, run()), 1)
		w, err := openSink(t.Context(), e, run(), "to")
		if err != nil {
			t.Fatalf("%q: %v", o, err)
		}
		w.Close()
	}
}

// TestWrongLogin holds that a login that is refused fails at once, without saying the password.
func TestWrongLogin(t *testing.T) {
	k := guarded(t)
	t.Setenv("TEST_PASSWORD", "wr0ng")
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"} {
		o := []string{"security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", mechanism, "sasl.username", "ann", "sasl.password", "env:TEST_PASSWORD"}
		if mechanism == "OAUTHBEARER" {
			o = []string{"security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", mechanism, "sasl.token", "env:TEST_PASSWORD"}
		}
		e := k.url("in", o...)
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second) // far below default.api.timeout.ms
		err := quick(t, e, run()).Start(ctx, nil)
		want(t, err, fault.Unreadable, "login") // the fake ends the connection; brokers say SASL_AUTHENTICATION_FAILED
		c, perr := parse(e, stream.OfSink)
		if perr != nil {
			t.Fatal(perr)
		}
		c.eofPatience = 300 * time.Millisecond
		_, serr := openWriter(ctx, c, run())
		want(t, serr, fault.Unwritable, "login")
		if ctx.Err() != nil {
			t.Errorf("%s was tried for 15 s", mechanism)
		}
		cancel()
		if strings.Contains(err.Error()+serr.Error(), "wr0ng") {
			t.Errorf("the password is in %v, %v", err, serr)
		}
	}
	// None at all.
	want(t, quick(t, k.url("in"), run()).Start(t.Context(), nil), fault.Unreadable, "security.protocol")
}

// TestLoginTakenAway holds that a login that is refused later ends what waits for brokers.
func TestLoginTakenAway(t *testing.T) {
	k := guarded(t)
	t.Setenv("TEST_PASSWORD", "s3cret")
	e := k.url("in", "security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "PLAIN", "sasl.username", "ann", "sasl.password", "env:TEST_PASSWORD")
	r := started(t, e, run())
	take(t, r, 1)
	w, err := openSink(t.Context(), e, run(), "to")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	k.fake.ControlKey(int16(kmsg.SASLAuthenticate), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		k.fake.KeepControl()
		resp := kreq.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
		return resp, nil, true
	})
	for _, key := range []kmsg.Key{kmsg.Fetch, kmsg.Produce} { // and connections end
		k.fake.ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) { return nil, errors.New("cut"), true })
	}
	want(t, failing(t, r), fault.Unreadable, "the broker refuses the login")
	if err := w.Write(t.Context(), values("y")); err == nil {
		err = w.Flush(t.Context())
		want(t, err, fault.Unwritable, "the broker refuses the login")
	}
}

// TestMissingACLs holds that a right that is missing is named.
func TestMissingACLs(t *testing.T) {
	allow := func(r kmsg.ACLResourceType, name string, ops ...kmsg.ACLOperation) (acls []kfake.ACL) {
		for _, op := range ops {
			acls = append(acls, kfake.ACL{Resource: r, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: true})
		}
		return acls
	}
	read := allow(kmsg.ACLResourceTypeTopic, "in", kmsg.ACLOperationRead)
	k := guarded(t, kfake.EnableACLs(), kfake.User("PLAIN", "none", "s3cret"), kfake.User("PLAIN", "noread", "s3cret",
		append(allow(kmsg.ACLResourceTypeTopic, "in", kmsg.ACLOperationDescribe), allow(kmsg.ACLResourceTypeGroup, "g", kmsg.ACLOperationRead)...)...),
		kfake.User("PLAIN", "nogroup", "s3cret", read...), kfake.User("PLAIN", "all", "s3cret", append(read, allow(kmsg.ACLResourceTypeGroup, "g", kmsg.ACLOperationRead)...)...))
	t.Setenv("TEST_PASSWORD", "s3cret")
	e := func(user string) stream.Endpoint {
		return k.url("in", "group", "g", "security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "PLAIN", "sasl.username", user, "sasl.password", "env:TEST_PASSWORD")
	}
	want(t, quick(t, e("none"), run()).Start(t.Context(), nil), fault.Unreadable, "Describe and Read")
	want(t, quick(t, e("nogroup"), run()).Start(t.Context(), nil), fault.Unreadable, "ACL Read of the consumer group")
	want(t, quick(t, e("noread"), run()).Start(t.Context(), nil), fault.Unreadable, "Describe and Read")
	r := started(t, e("all"), run())
	_, at := take(t, r, 1)
	settle(t, r, at)
	f := k.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.TopicAuthorizationFailed, Count: -1}) // taken away
	want(t, failing(t, r), fault.Unreadable, "partition 0 of in from offset 1", "Describe and Read")
	f.Remove()
	sink := e("all")
	delete(sink.Options, "group")
	w, err := openSink(t.Context(), sink, run(), "to") // without DescribeConfigs: the limit is a guess
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Write(t.Context(), values("x")); err != nil {
		t.Fatal(err)
	}
	want(t, w.Flush(t.Context()), fault.Unwritable, "ACL")
}

// authority makes certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// sign makes a certificate with its key in two files of PEM.
func (a *authority) sign(file string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: file}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, by := a.cert, a.key
	if parent == nil {
		parent, by = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for suffix, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: pkcs}} {
		if err := os.WriteFile(a.file(file+suffix), pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return made, key
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) pair(name string) tls.Certificate {
	pair, err := tls.LoadX509KeyPair(a.file(name+".pem"), a.file(name+".key"))
	if err != nil {
		a.t.Fatal(err)
	}
	return pair
}

func TestTLS(t *testing.T) {
	a := newAuthority(t)
	a.sign("broker", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	a.sign("other", &x509.Certificate{DNSNames: []string{"elsewhere"}})
	a.sign("client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	ca, cert, key := a.file("ca.pem"), a.file("client.pem"), a.file("client.key")
	secure := func(o ...string) []string { return append([]string{"security.protocol", "SSL"}, o...) }

	k, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "in"), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{a.pair("broker")}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	misnamed, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "in"), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{a.pair("other")}}))
	if err != nil {
		t.Fatal(err)
	}
	defer misnamed.Close()

	for what, c := range map[string]struct {
		addr    string
		options []string
		says    string // "": it works
	}{
		"mutual":                {k.ListenAddrs()[0], secure("ssl.ca.location", ca, "ssl.certificate.location", cert, "ssl.key.location", key), ""},
		"Java's names":          {k.ListenAddrs()[0], secure("ssl.truststore.location", ca, "ssl.keystore.location", cert, "ssl.key.location", key), ""},
		"no client certificate": {k.ListenAddrs()[0], secure("ssl.ca.location", ca), "security.protocol"},
		"unknown authority":     {k.ListenAddrs()[0], secure(), "ssl.ca.location"},
		"plain text":            {k.ListenAddrs()[0], nil, "security.protocol"},
		"wrong name":            {misnamed.ListenAddrs()[0], secure("ssl.ca.location", ca), "certificate"},
		"any name":              {misnamed.ListenAddrs()[0], secure("ssl.ca.location", ca, "ssl.endpoint.identification.algorithm", ""), ""},
		"any name of strangers": {misnamed.ListenAddrs()[0], secure("ssl.endpoint.identification.algorithm", ""), "ssl.ca.location"},
	} {
		t.Run(what, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err := quick(t, (&cluster{addr: c.addr}).url("in", c.options...), run()).Start(ctx, nil)
			if c.says == "" && err != nil {
				t.Error(err)
			} else if c.says != "" {
				want(t, err, fault.Unreadable, c.says)
			}
			if ctx.Err() != nil {
				t.Error("it was tried for 20 s")
			}
		})
	}
}
