package imports

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/azure"
)

// Kinds of what a conversion of a list leaves out, in addition to those of [azure.Proof].
const (
	leftNoCertificate = "certificate-missing"
	leftSecond        = "second-certificate"
	leftContradiction = "contradiction"
	leftRepeated      = "repeated"
	leftModule        = "module"
	leftRejected      = "rejected"
	leftNoDevice      = "device-missing"
	leftRejectedEntry = "entry-rejected"
)

// leftKinds are all kinds in the order in which they are shown, and what they mean.
var leftKinds = []struct{ kind, meaning string }{
	{leftNoCertificate, "no manifest has the certificate of the thumbprint"},
	{leftSecond, "secondary, next to the primary certificate"},
	{leftContradiction, "shares a name or certificate with an earlier one"},
	{string(azure.ProofSymmetricKey), "connects with a symmetric key (SAS)"},
	{string(azure.ProofTPM), "connects with the endorsement key of a TPM"},
	{string(azure.ProofAuthority), "trusted through its issuer, such as a group"},
	{string(azure.ProofNone), "the list has no thumbprint"},
	{leftModule, "a module, not a device"},
	{leftRejected, "has a mistake, or a name that AWS IoT refuses"},
	{leftRepeated, "the same as an earlier record"},
	{leftNoDevice, "a certificate that the list does not name"},
	{leftRejectedEntry, "an entry of a manifest without usable certificate"},
}

// A leftOut is what a conversion of a list leaves out, as JSON: a record of the list or an entry of a manifest.
type leftOut struct {
	Type           string                 `json:"type"` // "left-out"
	Kind           string                 `json:"kind"`
	File           string                 `json:"file"`
	Entry          int                    `json:"entry"`
	Line           int                    `json:"line,omitempty"`
	ID             string                 `json:"id,omitempty"`
	RegistrationID string                 `json:"registration_id,omitempty"`
	Thumbprint     string                 `json:"thumbprint,omitempty"`
	CertificateID  manifest.CertificateID `json:"certificate_id,omitzero"`
	Reason         manifest.Reason        `json:"reason,omitempty"`
	Detail         string                 `json:"detail,omitempty"`
}

// A joinSummary is the last line of the JSON of a conversion of a list.
type joinSummary struct {
	Type         string         `json:"type"` // "summary"
	List         string         `json:"list"`
	File         string         `json:"file"`
	Entries      int            `json:"entries"`
	Devices      int            `json:"devices"`
	Inactive     int            `json:"inactive"`
	Skipped      int            `json:"skipped"`
	Certificates int            `json:"certificates"`
	LeftOut      map[string]int `json:"left_out"`

	examples map[string][]string
}

// incomplete reports whether something that was asked for was left out. The device of a repetition is there. A certificate
// that the list does not name was not asked for: the manifests may be those of a whole PKI.
func (s *joinSummary) incomplete() bool {
	for kind, n := range s.LeftOut {
		if n > 0 && kind != leftRepeated && kind != leftNoDevice {
			return true
		}
	}
	return false
}

// leftOuts counts what is left out, and writes it to a report and as JSON if there are any.
type leftOuts struct {
	summary *joinSummary
	rows    *report.Writer // nil without --report
	lines   io.Writer      // nil without --output json
}

// exampleMost is how many of each kind are named.
const exampleMost = 3

func (l *leftOuts) add(out leftOut) error {
	out.Type = "left-out"
	l.summary.LeftOut[out.Kind]++
	if named := l.summary.examples[out.Kind]; len(named) < exampleMost {
		l.summary.examples[out.Kind] = append(named, out.name())
	}
	if l.lines != nil {
		if err := json.NewEncoder(plain.JSONWriter(l.lines)).Encode(out); err != nil {
			return err
		}
	}
	if l.rows == nil {
		return nil
	}
	detail := strings.Join(slices.DeleteFunc([]string{out.Thumbprint, string(out.Reason), out.Detail}, func(s string) bool { return s == "" }),
		": ")
	return l.rows.Write(report.Row{
		Type: "outcome", Manifest: out.File, Entry: out.Entry, Line: out.Line, Outcome: "left-out", ID: out.ID,
		CertificateID: out.CertificateID, Reason: out.Kind, Detail: detail, At: time.Now().UTC(),
	})
}

// name returns what names an example.
func (o *leftOut) name() string {
	switch {
	case o.ID != "":
		return o.ID
	case o.Line > 0:
		return fmt.Sprintf("%s, line %d", o.File, o.Line)
	}
	return fmt.Sprintf("%s, entry %d", o.File, o.Entry)
}

// withReport calls do with a writer for the report at path, or nil without one. The file appears when do succeeds.
func withReport(path string, do func(*report.Writer) error) error {
	if path == "" {
		return do(nil)
	}
	return newfile.Write(path, func(to io.Writer) error {
		w, err := report.New(to, filepath.Ext(path))
		if err != nil {
			return err
		}
		if err := do(w); err != nil {
			return err
		}
		return w.Flush()
	})
}

// text prints the numbers for people.
func (s *joinSummary) text(streams terminal.Streams, reported string) error {
	inactive := ""
	if s.Inactive > 0 {
		inactive = fmt.Sprintf(", %s of them disabled in Azure", count(s.Inactive))
	}
	plain.Fprintf(streams.Err, "%s: %s of %s%s\n", s.File, progress.Plural(s.Devices, "device", "devices"),
		progress.Plural(s.Entries, "entry", "entries")+" of "+s.List, inactive)
	width := 0
	if streams.ErrTerminal {
		streams.OutTerminal = true
		width = streams.TableWidth()
	}
	table := terminal.NewTable(streams.Err, width, []terminal.Column{
		{Name: "LEFT OUT"}, {Name: "NUMBER", Number: true}, {Name: "BECAUSE", Drop: 2}, {Name: "SUCH AS", Cut: true, Drop: 1},
	})
	rows := 0
	for _, k := range leftKinds {
		if n := s.LeftOut[k.kind]; n > 0 {
			rows++
			table.Row(k.kind, fmt.Sprint(n), k.meaning, strings.Join(s.examples[k.kind], ", "))
		}
	}
	if rows == 0 {
		return nil
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if reported == "" {
		plain.Fprintf(streams.Err, "to list all of them: add --report left-out.csv\n")
	} else {
		plain.Fprintf(streams.Err, "report: %s\n", reported)
	}
	return nil
}
