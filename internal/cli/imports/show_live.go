package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/config"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/manifest"
)

// addLive adds --live and the flags that apply only to it.
func addLive(c *cobra.Command, o *showOptions) {
	c.Flags().BoolVar(&o.live, "live", false, "also read what the registry holds of the device now")
	o.target.Add(c)
	c.Flags().Lookup("strict-names").Hidden = true // nothing is created
}

// checkLive returns an error if flags apply only to --live.
func (o *showOptions) checkLive(flags *pflag.FlagSet) error {
	if o.live {
		return o.target.Check()
	}
	var given []string
	for _, name := range []string{"account", "region", "profile", "endpoint-url", "sandbox", "sandbox-state", "log", "verbose"} {
		if flag := flags.Lookup(name); flag.Changed && !config.IsPreset(flag) {
			given = append(given, "--"+name)
		}
	}
	if len(given) == 0 {
		return nil
	}
	return exit.UsageError(fmt.Errorf("without --live nothing is called, so that %s has no meaning", strings.Join(given, ", ")),
		"add --live, or leave out the others")
}

// A liveLine is what the registry holds of a device, as JSON.
type liveLine struct {
	Type          string                 `json:"type"` // "live"
	Target        ledger.Target          `json:"target"`
	ThingName     string                 `json:"thing_name"`
	CertificateID manifest.CertificateID `json:"certificate_id"`
	// Certificate is nil if it is not registered, Thing if it does not exist.
	Certificate *liveCertificate `json:"certificate,omitempty"`
	Thing       *liveThing       `json:"thing,omitempty"`
	// Compared reports whether Drift is what differs from what the latest import wanted.
	Compared bool        `json:"compared"`
	Drift    []liveDrift `json:"drift,omitempty"`
}

type liveCertificate struct {
	ARN        string    `json:"arn"`
	Status     string    `json:"status"`
	Registered time.Time `json:"registered"`
	Policies   []string  `json:"policies"`
	Things     []string  `json:"things"` // that it is attached to
}

type liveThing struct {
	ThingType     string            `json:"thing_type,omitempty"`
	BillingGroup  string            `json:"billing_group,omitempty"`
	Attributes    map[string]string `json:"attributes,omitempty"`
	Version       int64             `json:"version"`
	Groups        []string          `json:"groups"`
	DynamicGroups []string          `json:"dynamic_groups"` // whose query chooses the thing
	Principals    []string          `json:"principals"`     // ARNs
}

type liveDrift struct {
	Reason string `json:"reason"`
	Detail string `json:"detail"`
	Todo   string `json:"todo,omitempty"`
}

// showLive prints what the registry holds of a device in the target of its latest import, or in
// that which the flags select.
func showLive(ctx context.Context, o *showOptions, histories []HistoryLine, streams terminal.Streams) error {
	last := histories[len(histories)-1]
	Follow(&o.target, last.Target)
	connection, err := o.target.ConnectToCopy(ctx, streams.Err)
	if err != nil {
		return err
	}
	defer connection.Close() //nolint:errcheck // nothing was written
	there := slices.DeleteFunc(slices.Clone(histories), func(h HistoryLine) bool { return !IsTarget(connection, h.Target) })
	if len(there) == 0 {
		return CheckTarget(connection, last.Import, last.Target)
	}
	return ReadLive(ctx, connection, there, o.ledger, o.output, streams, func(h HistoryLine) (s engine.Settings, known bool, err error) {
		i, err := readImport(ctx, h.Ledger, h.Import)
		if err == nil {
			s, err = Recorded(i)
		}
		return s, true, err
	})
}

// ReadLive prints what the registry holds of the device that has these histories, which are those of the target of
// the connection. SettingsOf returns the settings of the import of a history, and whether they are known.
// LedgerFile is that of [PrintHistory].
func ReadLive(
	ctx context.Context, connection *target.Connection, histories []HistoryLine, ledgerFile string, output terminal.Output,
	streams terminal.Streams, settingsOf func(HistoryLine) (s engine.Settings, known bool, err error),
) error {
	want, err := expected(ctx, histories, settingsOf)
	if err != nil {
		return err
	}
	quotas, err := new(target.QuotaFlags).Resolve(ctx, nil, nil)
	if err != nil {
		return err
	}
	answered := target.AnnounceWait(streams.Err, connection.String())
	state, drift, err := engine.ReadState(ctx, engine.Config{
		Target: connection.Target, AWS: connection.Client.AWS(), Limiters: quotas.Limiters(),
		Abort: terminal.AbortContext(ctx),
	}, want.fleet)
	answered()
	if err != nil {
		if hint := StopHint(err); hint != "" {
			err = exit.WithHint(err, hint)
		}
		return err
	}
	line := liveLineOf(connection.Target, state)
	line.ThingName, line.CertificateID = want.device.ThingName, want.device.CertificateID
	if line.Compared = want.known; want.known {
		of := want.latest.advised(ledgerFile)
		for _, d := range drift {
			line.Drift = append(line.Drift, liveDrift{string(d.Reason), d.Detail, of.For(string(d.Reason)).Todo})
		}
	}
	if output == terminal.JSON {
		return streams.PrintJSON(line)
	}
	_, err = fmt.Fprint(streams.Out, streams.WrapOut(line.text(connection.String(), want.fleet.Uncheckable)))
	return err
}

// An expectation is what the latest import wanted of a device.
type expectation struct {
	fleet  *engine.Fleet // of the device only
	device ledger.Record
	latest HistoryLine // of the import that wanted it
	// known reports whether it is still wanted: after undo or replace it is not.
	known bool
}

// expected returns what is wanted of the device that has these histories.
func expected(
	ctx context.Context, histories []HistoryLine, settingsOf func(HistoryLine) (engine.Settings, bool, error),
) (e expectation, err error) {
	known := lastOf(histories, func(h HistoryLine) bool { return !h.CertificateID.IsZero() && h.ThingName != "" })
	if known < 0 {
		return e, errors.New("the ledger does not know both thing name and certificate of this device")
	}
	subject := &engine.Subject{Place: histories[known].record.Place, Import: histories[known].Import, Record: histories[known].record}
	subject.Record.Outcome = ledger.Imported // it is read whatever became of it
	if histories[known].Marked != nil {
		subject.Record.Outcome, subject.Marked = "", *histories[known].Marked
	}
	var settings engine.Settings
	wanting := lastOf(histories, func(h HistoryLine) bool {
		return h.Verb == "" && h.Outcome != string(ledger.Rejected) && h.Outcome != string(ledger.Skipped)
	})
	if wanting >= 0 {
		e.latest = histories[wanting]
		if settings, e.known, err = settingsOf(histories[wanting]); err != nil {
			return e, err
		}
		if subject.Settings, err = engine.ParseRow(string(histories[wanting].Asked)); err != nil {
			return e, err
		}
	}
	e.device = subject.Record
	for _, h := range histories[wanting+1:] {
		done := h.Outcome == string(ledger.Changed) || h.Outcome == string(ledger.Unchanged)
		switch status := later.StatusOf(h.Verb); {
		case status != "" && done:
			subject.Status = status
		case status == "" && h.Verb != "" && h.Verb != later.VerbVerify && h.Outcome == string(ledger.Changed):
			e.known = false
		}
	}
	e.fleet, err = engine.FleetOfSubjects(ctx, engine.Subjects{
		Manifests: histories[known].manifests, Identity: later.IdentityOf,
		All: func(context.Context) iter.Seq2[*engine.Subject, error] {
			return func(yield func(*engine.Subject, error) bool) { yield(subject, nil) }
		},
	}, settings)
	return e, err
}

func lastOf(histories []HistoryLine, is func(HistoryLine) bool) int {
	for i, h := range slices.Backward(histories) {
		if is(h) {
			return i
		}
	}
	return -1
}

func liveLineOf(to ledger.Target, state device.State) liveLine {
	line := liveLine{Type: "live", Target: to}
	if c := state.Certificate; c != nil {
		line.Certificate = &liveCertificate{
			ARN: c.ARN, Status: string(c.Status), Registered: c.Created.UTC(),
			Policies: inOrder(state.Policies), Things: inOrder(namesOfLinks(state.Things)),
		}
	}
	if t := state.Thing; t != nil {
		line.Thing = &liveThing{
			ThingType: t.Type, BillingGroup: t.BillingGroup, Attributes: t.Attributes, Version: t.Version, Groups: inOrder(state.Groups),
			DynamicGroups: inOrder(state.Dynamic), Principals: inOrder(namesOfLinks(state.Principals)),
		}
	}
	return line
}

func namesOfLinks(links []iot.Link) (names []string) {
	for _, l := range links {
		names = append(names, l.Name)
	}
	return names
}

// inOrder returns the names in order; none is an empty list in JSON.
func inOrder(names []string) []string {
	sorted := append([]string{}, names...)
	slices.Sort(sorted)
	return sorted
}

// text returns what the registry holds for people.
func (l liveLine) text(where string, uncheckable []string) string {
	var b strings.Builder
	plain.Fprintf(&b, "\nnow, in %s\n", where)
	about := func(name string, values ...string) {
		plain.Fprintf(&b, "  %-14s %s\n", name, cmp.Or(strings.Join(values, ", "), "none"))
	}
	if c := l.Certificate; c == nil {
		about("certificate", l.CertificateID.String()+" is not registered")
	} else {
		about("certificate", l.CertificateID.String())
		about("status", c.Status+", registered "+c.Registered.Local().Format(time.DateTime))
		about("policies", c.Policies...)
		about("attached to", c.Things...)
	}
	if t := l.Thing; t == nil {
		about("thing", l.ThingName+" does not exist")
	} else {
		about("thing", l.ThingName+", version "+strconv.FormatInt(t.Version, 10))
		about("type", t.ThingType)
		about("billing group", t.BillingGroup)
		var attributes []string
		for _, name := range slices.Sorted(maps.Keys(t.Attributes)) {
			attributes = append(attributes, name+"="+manifest.Quote(t.Attributes[name]))
		}
		about("attributes", attributes...)
		about("groups", t.Groups...)
		if len(t.DynamicGroups) > 0 {
			about("dynamic groups", t.DynamicGroups...)
		}
		principals := slices.Clone(t.Principals)
		for i, arn := range principals {
			if l.Certificate != nil && arn == l.Certificate.ARN {
				principals[i] = "this certificate"
			}
		}
		about("principals", principals...)
	}
	for _, d := range l.Drift {
		plain.Fprintf(&b, "  differs: %s: %s\n", d.Reason, d.Detail)
		if d.Todo != "" {
			plain.Fprintf(&b, "  what to do: %s\n", d.Todo)
		}
	}
	switch {
	case !l.Compared:
		b.WriteString("  not compared, because what is wanted of the device is not known, or a later command changed it\n")
	case len(l.Drift) == 0:
		b.WriteString("  as the latest import wanted it\n")
	}
	if l.Compared && len(uncheckable) > 0 {
		plain.Fprintf(&b, "  not compared: attribute %s, whose value is only in the manifest\n", strings.Join(uncheckable, ", "))
	}
	return b.String()
}
