package sandboxes

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/sandbox/broker"
)

// mqttFlags are the flags of the broker.
type mqttFlags struct {
	listen  string
	hosts   []string
	anyName bool
	ca      string
}

func (f *mqttFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.listen, "mqtt", "", "`address` at which devices connect over MQTT, such as 127.0.0.1:8883")
	flags.StringArrayVar(&f.hosts, "mqtt-host", nil, "`name` by which devices call this machine, in addition to localhost (repeatable)")
	flags.BoolVar(&f.anyName, "mqtt-any-host", false, "accept devices that send another server name in the TLS handshake, or none")
	flags.StringVar(&f.ca, "mqtt-ca", "",
		"`file` with the certificate that devices have to trust; made if it does not exist (default: sandbox-ca.pem in the state directory)")
}

// serve starts the broker, if there is to be one. The function that it returns waits for its end, which
// is that of ctx.
func (f *mqttFlags) serve(ctx context.Context, server *sandbox.Server, streams terminal.Streams) (wait func() error, err error) {
	if f.listen == "" {
		return func() error { return nil }, nil
	}
	path := f.ca
	if path == "" {
		if path, err = target.AuthorityPath(); err != nil {
			return nil, exit.WithHint(err, "name a file with --mqtt-ca")
		}
	}
	authority, err := broker.LoadAuthority(path)
	if err != nil {
		return nil, exit.WithHint(fmt.Errorf("--mqtt-ca: %w", err), "name another file, which need not exist")
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", f.listen)
	if err != nil {
		return nil, exit.WithHint(fmt.Errorf("--mqtt: %w", err), "choose another address, such as --mqtt 127.0.0.1:0")
	}
	hosts := append(slices.Clone(f.hosts), "localhost")
	certificate, err := authority.Issue(append(slices.Clone(hosts), "127.0.0.1", "::1"))
	if err != nil {
		return nil, err
	}
	plain.Fprintf(streams.Err, "mqtt: %s at %s, trusted with %s\n", hosts[0], listener.Addr(), path)
	var printing sync.Mutex
	ended := make(chan error, 1)
	go func() {
		ended <- server.ServeMQTT(ctx, listener, sandbox.MQTT{
			Certificate: certificate, Hosts: hosts, AnyName: f.anyName,
			Log: func(e broker.Event) {
				printing.Lock()
				defer printing.Unlock()
				plain.Fprintf(streams.Err, "%s\n", eventText(e))
			},
		})
	}()
	return func() error { return <-ended }, nil
}

// kinds say what happened, for people.
var kinds = map[broker.Kind]string{
	broker.Connected: "connected", broker.Disconnected: "disconnected",
	broker.NoSNI:         "refused, it sends no server name (SNI), which AWS IoT needs",
	broker.WrongSNI:      "refused, it asks for another server name (SNI); --mqtt-host adds one",
	broker.NoCertificate: "refused, it has no certificate",
	broker.Unreadable:    "refused, the sandbox cannot read its certificate, although AWS may",
	broker.Handshake:     "the TLS handshake failed",
	broker.Unregistered:  "refused, its certificate is not registered",
	broker.Inactive:      "refused, its certificate is not ACTIVE",
	broker.Expired:       "refused, its certificate is outside its dates",
	broker.BadClientID:   "refused, AWS IoT accepts no such client ID",
	broker.TakenOver:     "disconnected, another client uses its client ID",
	broker.Silent:        "disconnected, it sent nothing within its keep-alive",
	broker.Throttled:     "publishes more than 100 messages a second, of which AWS IoT discards the rest",
	broker.Violation:     "disconnected, AWS IoT does not accept what it sent",
}

// eventText returns what the operator should know, in a line.
func eventText(e broker.Event) string {
	who := e.ClientID
	if who == "" {
		who = e.Remote
	}
	line := e.Time.Format("15:04:05.000") + " mqtt " + who + ": "
	if e.Kind != broker.Refused {
		line += kinds[e.Kind]
		if e.Detail != "" {
			line += ": " + e.Detail
		}
		return line
	}
	resource := e.Request.Resource
	if resource == "" {
		resource = "client/" + e.ClientID
	}
	return line + "refused " + e.Request.Action + " on " + resource + ": " + advice.WhyRefused(e.Decision, e.Names)
}
