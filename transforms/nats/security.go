package nats

import (
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// secure says that connections use TLS whether the server wants it or not.
func (c *config) secure() bool {
	return c.tls || c.tlsFirst || c.ca != "" || c.certificate != ""
}

// checkSecurity reports options that contradict each other.
func (c *config) checkSecurity() error {
	ways := 0
	for _, given := range []bool{c.user != "" || c.password != "", c.token != "", c.nkey != "", c.creds != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return c.usage("there is more than one login").WithHint("give user and password, or token, or nkey, or creds")
	case c.user != "" && c.password == "":
		return c.usage("user needs the option password")
	case c.user == "" && c.password != "":
		return c.usage("password needs the option user")
	case c.certificateKey != "" && c.certificate == "":
		return c.usage("tls-key needs the option tls-cert")
	}
	return nil
}

// login makes the options of the login and of TLS. Secrets are read now: they may change from one connection to the next.
func (c *config) login() ([]nats.Option, error) {
	var opts []nats.Option
	switch {
	case c.user != "":
		password, err := c.password.Read()
		if err != nil {
			return nil, err
		}
		opts = append(opts, nats.UserInfo(c.user, password))
	case c.token != "":
		token, err := c.token.Read()
		if err != nil {
			return nil, err
		}
		opts = append(opts, nats.Token(token))
	case c.nkey != "":
		seed, err := c.nkey.Read()
		if err != nil {
			return nil, err
		}
		pair, err := nkeys.FromSeed([]byte(seed))
		if err != nil {
			return nil, fault.New(fault.Corrupt, string(c.nkey), "there is no seed of an nkey in it")
		}
		public, err := pair.PublicKey()
		if err != nil {
			return nil, fault.New(fault.Corrupt, string(c.nkey), "there is no seed of an nkey in it")
		}
		opts = append(opts, nats.Nkey(public, pair.Sign))
	case c.creds != "":
		creds, err := c.creds.Read()
		if err != nil {
			return nil, err
		}
		if _, err := nkeys.ParseDecoratedUserNKey([]byte(creds)); err != nil {
			return nil, fault.New(fault.Corrupt, string(c.creds), "there are no credentials of a user in it").WithHint("nsc generate creds writes them")
		}
		opts = append(opts, nats.UserCredentialBytes([]byte(creds)))
	}
	if !c.secure() {
		return opts, nil
	}
	t, err := stream.TLSConfig(c.ca, c.certificate, c.certificateKey)
	if err != nil {
		return nil, err
	}
	opts = append(opts, nats.Secure(t))
	if c.tlsFirst {
		opts = append(opts, nats.TLSHandshakeFirst())
	}
	return opts, nil
}
