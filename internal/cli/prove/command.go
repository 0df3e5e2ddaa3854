// Package prove has `thingpress prove`, which connects as the devices of an import.
package prove

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/after"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/policies"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/mqtt"
	"github.com/thingpress/thingpress/internal/verdict"
	"github.com/thingpress/thingpress/manifest"
)

type options struct {
	after.Flags

	keys       string
	moved      []string
	objects    manifests.ObjectFlags
	requests   []string
	clientID   string
	will       string
	persistent bool
	protocol   string
	broker     string
	ca         string
	rate       float64
}

// protocols are the values of --protocol.
var protocols = []string{"3.1.1", "5"}

// nothing is what was not done if the command is not confirmed.
const nothing = "no device was connected"

// NewCommand returns `thingpress prove`.
func NewCommand(streams terminal.Streams) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "prove IMPORT --keys DIR",
		Short: "Connect as the devices of an import, and show what they may do",
		Long: `Connect as every device of an import whose private key is in a directory, over MQTT and
TLS, to the target of the import, and show what each device may do and what it is
refused. IMPORT is an ID from 'thingpress imports' or a unique prefix of one. The command
is for test material: 'thingpress generate --keys' writes keys, chips keep theirs. Keys
are PEM files of any name, in PKCS #8, SEC 1 or PKCS #1, and are matched with the
certificates by their public keys. The certificates are read from the manifests, which
must be where they were, or be named with --manifest.

An import into the embedded sandbox is proven on its broker, which runs for as long as
the command. Otherwise the broker is the one that AWS IoT, or the sandbox at the
endpoint, names for the account. In a sandbox the reason of each refusal is shown too:
the state of the certificate, or the statement of the policy. AWS does not tell.

Without --request each device connects and uses the topics that the policies of the
import name. A request is connect, or an action and a topic: publish:TOPIC,
subscribe:FILTER, receive:TOPIC, retain:TOPIC. A topic may have {thing}, {client} and
the fields of --thing-name. To receive, a device subscribes to the topic, and a message
is published to it. retain clears the message that the topic retains.

In AWS, a device that is connected with the same client ID is disconnected, the session
of that client ID ends unless --persistent resumes it, and what is published reaches
rules and subscribers. The command therefore asks first. Without a terminal, pass --yes.

The exit code is 3 if a device is refused something, or if a --request could not be
proven.

` + exit.Help,
		Example: `  # a rehearsal: all devices of a generated manifest
  thingpress generate --vendor espressif -n 100 --out reel.csv --keys keys
  thingpress import --sandbox --policy sensors reel.csv
  thingpress prove 0199a3c1 --keys keys

  # what the firmware does, with MQTT 5 and a client ID of its own
  thingpress prove 0199a3c1 --keys keys --protocol 5 --client-id 'fw-{mac}' --request 'publish:dt/{thing}/t'

  # the development kits on the desk, in AWS, with a row for each in a file
  thingpress prove 0199a3c1 --keys kits --account 123456789012 --report proof.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runProve(c.Context(), &o, args[0], streams) },
	}
	o.Add(c)
	flags := c.Flags()
	flags.StringVar(&o.keys, "keys", "", "`directory` with the private keys of devices")
	flags.StringArrayVar(&o.moved, "manifest", nil, "`file` that has a manifest of the import now (default: where it was; repeatable)")
	o.objects.Add(flags)
	flags.StringArrayVar(&o.requests, "request", nil,
		"`request` of each device, such as publish:dt/{thing}/t (repeatable; default: the topics of the policies)")
	flags.StringVar(&o.clientID, "client-id", "",
		"`template` of the client IDs of the firmware, as in --thing-name (default: the name of the thing)")
	flags.StringVar(&o.will, "will", "", "`topic` of the will of the firmware")
	flags.BoolVar(&o.persistent, "persistent", false, "ask for a persistent session")
	flags.StringVar(&o.protocol, "protocol", protocols[0], "`version` of MQTT: "+strings.Join(protocols, " or "))
	flags.StringVar(&o.broker, "broker", "", "`HOST:PORT` of the broker (default: the endpoint of the account; port 8883, or 443 with ALPN)")
	flags.StringVar(&o.ca, "mqtt-ca", "",
		"`file` with the certificate that devices have to trust (default: the system's; of a sandbox, sandbox-ca.pem in the state directory)")
	flags.Float64Var(&o.rate, "connect-rate", defaultRate,
		"maximum `number` of connections per second; 0 for no limit. The embedded sandbox has none")
	flags.Lookup("yes").Usage = "do not ask before the devices connect"
	flags.Lookup("report").Usage = "write what each device may do to this `file`, .jsonl or .csv"
	flags.Lookup("overwrite").Usage = "let --report replace a file"
	manifests.Complete(c, "protocol", protocols)
	return c
}

// asked is what every device is to do.
type asked struct {
	// requests begin with a connection.
	requests []verdict.Request
	// explicit is true if the command line names the requests.
	explicit bool
	clientID *manifest.Template
	will     verdict.Request // without a topic if there is none
	version  byte
}

// parse parses the flags. Requests that depend on the policies are not known yet.
func (o *options) parse() (asked, error) {
	a := asked{version: mqtt.Version311}
	switch o.protocol {
	case protocols[0]:
	case protocols[1]:
		a.version = mqtt.Version5
	default:
		return a, exit.UsageError(fmt.Errorf("--protocol %q is none of %s", o.protocol, strings.Join(protocols, ", ")), "")
	}
	if o.keys == "" {
		return a, exit.UsageError(errors.New("no keys given"), "name the directory with the private keys of the devices with --keys")
	}
	if o.rate < 0 {
		return a, exit.UsageError(fmt.Errorf("--connect-rate %g is negative", o.rate), "")
	}
	if o.clientID != "" {
		template, err := manifest.ParseTemplate(o.clientID)
		if err != nil {
			return a, exit.UsageError(fmt.Errorf("--client-id: %w", err), "quote the template, such as --client-id 'fw-{mac}'")
		}
		a.clientID = &template
	}
	if o.will != "" {
		var err error
		if a.will, err = verdict.ParseRequest("publish:" + o.will); err != nil {
			return a, exit.UsageError(fmt.Errorf("--will: %w", err), "")
		}
	}
	given, err := policies.ParseRequests(o.requests, "--request: ")
	a.explicit = len(given) > 0
	a.requests = withConnect(given)
	return a, err
}

// withConnect puts a connection before the other requests, each of which it keeps once.
func withConnect(given []verdict.Request) []verdict.Request {
	connect, _ := verdict.ParseRequest("connect") // it is one
	all := []verdict.Request{connect}
	for _, r := range given {
		known := false
		for _, has := range all {
			known = known || has.Text == r.Text
		}
		if !known {
			all = append(all, r)
		}
	}
	return all
}

func runProve(ctx context.Context, o *options, id string, streams terminal.Streams) error {
	a, err := o.parse()
	if err != nil {
		return err
	}
	if _, _, err := parseHost(o.broker); err != nil {
		return exit.UsageError(fmt.Errorf("--broker: %w", err), "")
	}
	if o.Report != "" {
		if err := exit.Occupied(o.Report, o.Overwrite); err != nil {
			return err
		}
	}
	k, err := o.readKeys(ctx)
	if err != nil {
		return err
	}
	s, err := after.Open(ctx, &o.Flags, []string{id}, true, nothing, streams)
	if err != nil {
		return err
	}
	defer s.Close()
	files, err := imports.Reread(ctx, s.Imports[0], o.moved, s.Reading(o.objects))
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // they were only read
	if !a.explicit {
		if a.requests, err = defaultRequests(ctx, s); err != nil {
			return err
		}
	}
	p := &prover{session: s, files: files, keys: k, asked: a, persistent: o.persistent}
	devices, err := p.survey(ctx)
	if err != nil {
		return err
	}
	if devices == 0 {
		return exit.WithHint(fmt.Errorf("%s: no key in %s belongs to a device of the import", nothing, o.keys),
			"name the directory with the keys of these devices with --keys")
	}
	broker, stop, err := o.openBroker(ctx, s)
	if err != nil {
		return err
	}
	defer stop() //nolint:errcheck // the devices have disconnected
	p.broker = broker
	s.Printer.Pause()
	if !o.Yes && !s.Connection.Embedded() && !streams.Confirm(p.question(devices)) {
		return exit.NotConfirmed(nothing)
	}
	return p.proveAll(ctx, o, streams)
}

func (o *options) readKeys(ctx context.Context) (*keys, error) {
	k, err := terminal.Await(ctx, func() (*keys, error) { return readKeys(ctx, o.keys) })
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, fs.ErrNotExist):
		return nil, exit.UsageError(fmt.Errorf("--keys: %w", err), "write keys with thingpress generate --keys")
	case err != nil:
		return nil, exit.UsageError(fmt.Errorf("--keys: %w", err), "")
	case len(k.files) == 0:
		return nil, exit.UsageError(fmt.Errorf("--keys %s: no file has a private key that can be read", o.keys),
			"keys must be PEM in PKCS #8, SEC 1 or PKCS #1, and not encrypted")
	}
	return k, nil
}

// defaultRequests returns the topics that the policies of the import name.
func defaultRequests(ctx context.Context, s *after.Session) ([]verdict.Request, error) {
	documents, err := policies.ReadDocuments(ctx, s.Connection.Client.AWS(), s.Limiters, s.Settings.Attachments)
	if err != nil {
		return nil, exit.WithHint(fmt.Errorf("read the policies of the import: %w", err), "say what the devices do with --request")
	}
	return withConnect(slices.DeleteFunc(verdict.DefaultRequests(documents), func(r verdict.Request) bool { return !r.Wanted })), nil
}
