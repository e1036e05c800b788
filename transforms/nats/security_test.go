package nats

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/nats/natstest"
)

// works holds that a login lets a source read and a sink write; options are pairs.
func (h *host) works(t *testing.T, options ...string) {
	t.Helper()
	in := h.stream(t, name("in"))
	if err := write(t, sinkOf(t, h.url(in+".x", options...)), identified("1", "2")...); err != nil {
		t.Fatal(err)
	}
	r := started(t, h.url(in, options...), run())
	_, at := take(t, r, 2)
	settle(t, r, at)
}

// refused holds that a login does not, that this is said at once, and that no secret is.
func (h *host) refused(t *testing.T, hint string, options ...string) {
	t.Helper()
	err := open(t, h.url("in", append(options, "timeout", "20s")...), run()).Start(t.Context(), nil)
	want(t, err, fault.Unreadable, hint)
	_, err = openSink(t.Context(), h.url("in.x", append(options, "timeout", "20s")...), run(), "to")
	want(t, err, fault.Unreadable, hint)
	if strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("a secret is in %v", err)
	}
}

func TestLogins(t *testing.T) {
	t.Setenv("TEST_RIGHT", "s3cret")
	t.Setenv("TEST_WRONG", "wr0ng")
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("password", func(t *testing.T) {
		h := serve(t, natstest.Options{User: "ann", Password: "s3cret"}, nats.UserInfo("ann", "s3cret"))
		h.works(t, "user", "ann", "password", "env:TEST_RIGHT")
		h.works(t, "user", "ann", "password", "file:"+file)
		h.refused(t, "refuses the login")
		h.refused(t, "refuses the login", "user", "ann", "password", "env:TEST_WRONG")
	})
	t.Run("token", func(t *testing.T) {
		h := serve(t, natstest.Options{Token: "s3cret"}, nats.Token("s3cret"))
		h.works(t, "token", "env:TEST_RIGHT")
		h.refused(t, "refuses the login", "token", "env:TEST_WRONG")
	})
	t.Run("nkey", func(t *testing.T) {
		seeds := map[string]string{}
		var public string
		var pair nkeys.KeyPair
		for _, who := range []string{"other", "ann"} {
			var err error
			if pair, err = nkeys.CreateUser(); err != nil {
				t.Fatal(err)
			}
			seed, err := pair.Seed()
			if err != nil {
				t.Fatal(err)
			}
			if public, err = pair.PublicKey(); err != nil {
				t.Fatal(err)
			}
			seeds[who] = filepath.Join(t.TempDir(), who)
			if err := os.WriteFile(seeds[who], append(seed, '\n'), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		h := serve(t, natstest.Options{Nkey: public}, nats.Nkey(public, pair.Sign))
		h.works(t, "nkey", "file:"+seeds["ann"])
		h.refused(t, "refuses the login", "nkey", "file:"+seeds["other"])
	})
}

// TestSecretsThatAreNone holds what is said of secrets that cannot be had, without saying them.
func TestSecretsThatAreNone(t *testing.T) {
	h := serve(t, natstest.Options{})
	t.Setenv("TEST_WRONG", "wr0ng")
	for _, c := range []struct {
		option, value string
		code          fault.Code
		says          string
	}{
		{"token", "env:TEST_MISSING", fault.NotFound, "no such variable"},
		{"token", "file:/nowhere", fault.NotFound, "no such file"},
		{"nkey", "env:TEST_WRONG", fault.Corrupt, "no seed of an nkey"},
		{"creds", "env:TEST_WRONG", fault.Corrupt, "nsc generate creds"},
	} {
		err := open(t, h.url("in", c.option, c.value), run()).Start(t.Context(), nil)
		want(t, err, c.code, c.says)
		if strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("a secret is in %v", err)
		}
	}
}

func TestTLS(t *testing.T) {
	a := newAuthority(t)
	a.sign("server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	a.sign("ann", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	t.Run("server", func(t *testing.T) {
		h := serve(t, natstest.Options{TLS: &tls.Config{Certificates: []tls.Certificate{a.pair("server")}}}, nats.RootCAs(a.file("ca.pem")))
		h.works(t, "tls-ca", a.file("ca.pem"))
		h.refused(t, "look at tls", "tls", "true")
	})
	t.Run("both", func(t *testing.T) {
		h := serve(t, natstest.Options{TLS: &tls.Config{Certificates: []tls.Certificate{a.pair("server")}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}},
			nats.RootCAs(a.file("ca.pem")), nats.ClientCert(a.file("ann.pem"), a.file("ann.key")))
		h.works(t, "tls-ca", a.file("ca.pem"), "tls-cert", a.file("ann.pem"), "tls-key", a.file("ann.key"))
		want(t, open(t, h.url("in", "tls-ca", a.file("ca.pem"), "timeout", "500ms"), run()).Start(t.Context(), nil), fault.Unreadable)
	})
	t.Run("none", func(t *testing.T) {
		h := serve(t, natstest.Options{})
		h.refused(t, "look at tls", "tls-ca", a.file("ca.pem"))
	})
	h := serve(t, natstest.Options{})
	want(t, open(t, h.url("in", "tls-ca", a.file("ca.key")), run()).Start(t.Context(), nil), fault.Corrupt, "no certificate in PEM")
	want(t, open(t, h.url("in", "tls-cert", a.file("ann.pem")), run()).Start(t.Context(), nil), fault.Unreadable, "no certificate with its key")
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
