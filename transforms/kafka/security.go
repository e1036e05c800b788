package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/aws"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// checkSecurity reports options that contradict each other.
func (c *config) checkSecurity() error {
	needs := func(given bool, name, what string) error {
		if given {
			return nil
		}
		return c.usage("%s needs the option %s", what, name)
	}
	if c.protocol == "PLAINTEXT" || c.protocol == "SASL_PLAINTEXT" {
		for _, name := range []string{"ssl.ca.location", "ssl.truststore.location", "ssl.certificate.location", "ssl.keystore.location", "ssl.key.location", "ssl.endpoint.identification.algorithm"} {
			if _, given := c.given[name]; given {
				return c.usage("%s says nothing without TLS", name).WithHint("give security.protocol=SSL or SASL_SSL")
			}
		}
	}
	if !strings.HasPrefix(c.protocol, "SASL") {
		for _, name := range []string{"sasl.mechanism", "sasl.username", "sasl.password", "sasl.jaas.config", "sasl.token"} {
			if _, given := c.given[name]; given {
				return c.usage("%s says nothing without SASL", name).WithHint("give security.protocol=SASL_SSL or SASL_PLAINTEXT")
			}
		}
		return nil
	}
	if err := needs(c.mechanism != "", "sasl.mechanism", "security.protocol="+c.protocol); err != nil {
		return err
	}
	switch c.mechanism {
	case "OAUTHBEARER":
		return needs(c.token != "", "sasl.token", c.mechanism)
	case "AWS_MSK_IAM":
		if c.protocol != "SASL_SSL" {
			return c.usage("AWS_MSK_IAM is for TLS only").WithHint("give security.protocol=SASL_SSL")
		}
		return nil
	}
	if c.jaas != "" {
		if c.user != "" || c.password != "" {
			return c.usage("user and password are given twice").WithHint("give either sasl.jaas.config or sasl.username and sasl.password")
		}
		return nil
	}
	return errors.Join(needs(c.user != "", "sasl.username", c.mechanism), needs(c.password != "", "sasl.password", c.mechanism))
}

// jaasOption finds the options in a JAAS configuration: name="value".
var jaasOption = regexp.MustCompile(`(username|password)\s*=\s*"((?:[^"\\]|\\.)*)"`)

// login gives user and password.
func (c *config) login() (user, password string, err error) {
	if c.jaas == "" {
		password, err = c.password.Read()
		return c.user, password, err
	}
	text, err := c.jaas.Read()
	if err != nil {
		return "", "", err
	}
	for _, m := range jaasOption.FindAllStringSubmatch(text, -1) {
		v := strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(m[2])
		if m[1] == "username" {
			user = v
		} else {
			password = v
		}
	}
	if user == "" || password == "" {
		return "", "", fault.New(fault.Usage, string(c.jaas), "there is no username=\"...\" password=\"...\" in it")
	}
	return user, password, nil
}

// mechanismOf makes the mechanism of SASL; nil: none. Secrets are read now and again at each authentication, so that they may
// change.
func (c *config) mechanismOf() (sasl.Mechanism, error) {
	if !strings.HasPrefix(c.protocol, "SASL") {
		return nil, nil
	}
	switch c.mechanism {
	case "OAUTHBEARER":
		_, err := c.token.Read()
		return oauth.Oauth(func(context.Context) (oauth.Auth, error) {
			token, err := c.token.Read()
			return oauth.Auth{Token: token}, err
		}), err
	case "AWS_MSK_IAM":
		_, err := awsKeys(context.Background())
		return aws.ManagedStreamingIAM(awsKeys), err
	}
	_, _, err := c.login()
	if c.mechanism == "PLAIN" {
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			user, password, err := c.login()
			return plain.Auth{User: user, Pass: password}, err
		}), err
	}
	login := func(context.Context) (scram.Auth, error) {
		user, password, err := c.login()
		return scram.Auth{User: user, Pass: password}, err
	}
	if c.mechanism == "SCRAM-SHA-256" {
		return scram.Sha256(login), err
	}
	return scram.Sha512(login), err
}

// awsKeys reads the environment's credentials.
func awsKeys(context.Context) (aws.Auth, error) {
	a := aws.Auth{AccessKey: os.Getenv("AWS_ACCESS_KEY_ID"), SecretKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN")}
	if a.AccessKey == "" || a.SecretKey == "" {
		return a, fault.New(fault.NotFound, "sasl.mechanism=AWS_MSK_IAM", "there are no credentials in the environment").
			WithHint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN if there is one")
	}
	return a, nil
}

// tlsOf makes what TLS needs; nil: no TLS.
func (c *config) tlsOf() (*tls.Config, error) {
	if c.protocol != "SSL" && c.protocol != "SASL_SSL" {
		return nil, nil
	}
	if c.key != "" && c.certificate == "" {
		return nil, c.usage("ssl.key.location needs the option ssl.certificate.location")
	}
	t, err := stream.TLSConfig(c.ca, c.certificate, c.key)
	if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Code == fault.Corrupt {
		fe.Hint = "keytool -exportcert -rfc writes one of a JKS or PKCS12 store"
	}
	if err != nil {
		return nil, err
	}
	if c.anyName {
		roots := t.RootCAs
		t.InsecureSkipVerify = true // replaced by what follows: everything but the name
		t.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, roots) }
	}
	return t, nil
}

// verifyChain verifies a certificate without its name.
func verifyChain(s tls.ConnectionState, roots *x509.CertPool) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the broker has no certificate")
	}
	between := x509.NewCertPool()
	for _, cert := range s.PeerCertificates[1:] {
		between.AddCert(cert)
	}
	if _, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between}); err != nil {
		return fmt.Errorf("the broker's certificate: %w", err)
	}
	return nil
}
