package stream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"

	"github.com/glulam/glulam/fault"
)

// TLSConfig makes what a client's TLS needs of files of PEM. Each may be "": ca for the system's authorities, certificate for
// none, key for one that stands beside its certificate.
func TLSConfig(ca, certificate, key string) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		data, err := os.ReadFile(ca)
		if err != nil {
			return nil, fault.FromOS(fault.Unreadable, ca, err)
		}
		if t.RootCAs = x509.NewCertPool(); !t.RootCAs.AppendCertsFromPEM(data) {
			return nil, fault.New(fault.Corrupt, ca, "there is no certificate in PEM in it")
		}
	}
	if certificate != "" {
		if key == "" {
			key = certificate
		}
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, fault.New(fault.Unreadable, certificate, "no certificate with its key in PEM: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// IsTLS says that an error is one of TLS: a certificate that is not trusted, an alert, or plain text where TLS is meant.
func IsTLS(err error) bool {
	var (
		record tls.RecordHeaderError
		alert  tls.AlertError
		verify *tls.CertificateVerificationError
		author x509.UnknownAuthorityError
		host   x509.HostnameError
		remote *net.OpError
	)
	if errors.As(err, &remote) && remote.Op == "remote error" { // an alert of TLS
		return true
	}
	return errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &verify) || errors.As(err, &author) || errors.As(err, &host)
}
