package prove

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/cli/after"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/proof"
)

// lateMost is how much later than its answer to a PINGREQ a broker that is distributed may deliver a message.
const lateMost = 3 * time.Second

// parseHost parses HOST or HOST:PORT.
func parseHost(text string) (host string, port int, err error) {
	host, digits, err := net.SplitHostPort(text)
	if err != nil {
		return text, proof.Port, nil //nolint:nilerr // it has no port
	}
	port, err = strconv.Atoi(digits)
	if err != nil || port < 1 || port > 65535 || host == "" {
		return "", 0, fmt.Errorf("%q is not HOST or HOST:PORT", text)
	}
	return host, port, nil
}

// openBroker finds the broker of the target, which the embedded sandbox starts. Stop must be called in the end.
func (o *options) openBroker(ctx context.Context, s *after.Session) (b *proof.Broker, stop func() error, err error) {
	if s.Connection.Embedded() {
		served, err := s.Connection.ServeBroker(ctx)
		if err != nil {
			return nil, nil, err
		}
		return &proof.Broker{Host: served.Host, At: "127.0.0.1", Port: served.Port, Roots: served.Roots, Inject: served.Publish}, served.Stop, nil
	}
	b = &proof.Broker{}
	named := o.broker
	if named == "" {
		caller := call.New(call.Options{Limiters: s.Limiters, Lifetimes: call.Lifetimes{Begin: ctx, Flight: ctx}})
		if _, err := caller.Do(iot.DescribeEndpoint, func(ctx context.Context) (err error) {
			named, err = s.Connection.Client.DescribeEndpoint(ctx)
			return err
		}); err != nil {
			return nil, nil, exit.WithHint(fmt.Errorf("find the broker: %w", err), "name the broker with --broker, or allow iot:DescribeEndpoint")
		}
	}
	if b.Host, b.Port, err = parseHost(named); err != nil {
		return nil, nil, err
	}
	if s.Connection.IsAWS() || iot.OfAWS(b.Host) {
		b.Late = lateMost
	}
	if b.Roots, err = o.roots(s.Connection); err != nil {
		return nil, nil, err
	}
	if err := b.Reach(ctx); err != nil {
		hint := "name another address with --broker; networks that block port 8883 may let port 443 pass: --broker " + b.Host + ":443"
		if !s.Connection.IsAWS() {
			hint = "let devices connect to the sandbox with thingpress sandbox --mqtt, or name its broker with --broker"
		}
		return nil, nil, exit.WithHint(fmt.Errorf("reach the broker: %w", err), hint)
	}
	return b, func() error { return nil }, nil
}

// roots returns what devices trust: a file, and otherwise the system, and the sandbox of this machine unless the
// target is AWS. Nil stands for the system alone.
func (o *options) roots(c *target.Connection) (*x509.CertPool, error) {
	path := o.ca
	if path == "" {
		if c.IsAWS() {
			return nil, nil //nolint:nilnil // the system's
		}
		var err error
		if path, err = target.AuthorityPath(); err != nil {
			return nil, exit.WithHint(err, "name a file with --mqtt-ca")
		}
	}
	content, err := os.ReadFile(path)
	if o.ca == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // the system's
	}
	if err != nil {
		return nil, exit.UsageError(fmt.Errorf("--mqtt-ca: %w", err), "")
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(content) {
		return nil, exit.UsageError(fmt.Errorf("--mqtt-ca %s: the file has no certificate in PEM", path), "")
	}
	return pool, nil
}
