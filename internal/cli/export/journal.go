package export

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// An entry is a device in the manifest. Its members are those that manifest/pemjson reads, with AWS's names.
type entry struct {
	Export       int               `json:"thingpressExport"` // the version of the form
	ThingName    string            `json:"thingName"`
	ThingType    string            `json:"thingTypeName,omitempty"`
	Attributes   map[string]string `json:"attributes,omitempty"`
	Groups       []string          `json:"thingGroupNames,omitempty"`
	BillingGroup string            `json:"billingGroupName,omitempty"`
	Policies     []string          `json:"policyNames,omitempty"`
	Status       iot.Status        `json:"status"`
	Attached     string            `json:"thingPrincipalType,omitempty"` // EXCLUSIVE_THING, or empty
	ID           string            `json:"certificateId"`
	PEM          string            `json:"certificatePem"`
}

const (
	exportVersion = 1
	exclusive     = "EXCLUSIVE_THING"
)

// A thingLine is a line of a journal: a thing that was read.
type thingLine struct {
	Thing        string            `json:"thing"`
	Dynamic      bool              `json:"dynamic,omitempty"`
	Certificates []certificateLine `json:"certificates,omitempty"`
	Left         []leftPart        `json:"left,omitempty"`
}

type certificateLine struct {
	Sheet   int   `json:"sheet"`
	Renamed bool  `json:"renamed,omitempty"`
	Shared  bool  `json:"shared,omitempty"`
	Entry   entry `json:"entry"`
}

type leftPart struct {
	CertificateID string          `json:"certificate_id,omitempty"`
	Reason        manifest.Reason `json:"reason"`
	Detail        string          `json:"detail"`
}

func lineOfThing(t engine.ExportedThing) thingLine {
	line := thingLine{Thing: t.Thing.Name, Dynamic: t.Dynamic}
	for _, c := range t.Certificates {
		e := entry{
			Export: exportVersion, ThingName: t.Thing.Name, ThingType: t.Thing.Type, Attributes: t.Thing.Attributes, Groups: t.Groups,
			BillingGroup: t.Thing.BillingGroup, Policies: c.Policies, Status: c.Status, ID: c.ID, PEM: c.PEM,
		}
		if c.Exclusive {
			e.Attached = exclusive
		}
		line.Certificates = append(line.Certificates, certificateLine{c.Sheet, c.Renamed, c.Shared, e})
	}
	for _, l := range t.Left {
		line.Left = append(line.Left, leftPart{l.CertificateID, l.Reason, l.Detail})
	}
	return line
}

// thing returns what counts of a thing that was exported by an earlier run.
func (l *thingLine) thing() engine.ExportedThing {
	t := engine.ExportedThing{Thing: iot.Thing{Name: l.Thing}, Dynamic: l.Dynamic}
	for _, c := range l.Certificates {
		t.Certificates = append(t.Certificates, engine.ExportedCertificate{
			HeldCertificate: device.HeldCertificate{
				Certificate: iot.Certificate{ID: c.Entry.ID, Status: c.Entry.Status}, Exclusive: c.Entry.Attached == exclusive,
			},
			Sheet: c.Sheet, Renamed: c.Renamed, Shared: c.Shared,
		})
	}
	for _, left := range l.Left {
		t.Left = append(t.Left, engine.LeftOut{Thing: l.Thing, CertificateID: left.CertificateID, Reason: left.Reason, Detail: left.Detail})
	}
	return t
}

// A journal has the things of an export under way, one a line, in the order in which they were read. The process may be
// killed at any time.
type journal struct {
	file *os.File
	path string // empty if the file has no name
	bad  bool   // it cannot be read
}

// write appends a thing.
func (j *journal) write(t engine.ExportedThing) error {
	text, err := json.Marshal(lineOfThing(t))
	if err != nil {
		return err
	}
	_, err = j.file.Write(append(text, '\n')) // at once, so that no line is torn unless the machine fails
	return err
}

// lines yields the things in the journal, and cuts off a line that is not whole. Nothing may be written before it ends.
func (j *journal) lines() iter.Seq2[thingLine, error] {
	return func(yield func(thingLine, error) bool) {
		_, err := j.file.Seek(0, io.SeekStart)
		r, whole := bufio.NewReaderSize(j.file, 64<<10), int64(0)
		for {
			var text []byte
			var line thingLine
			if err == nil {
				text, err = r.ReadBytes('\n')
			}
			if errors.Is(err, io.EOF) {
				if err = j.file.Truncate(whole); err == nil {
					_, err = j.file.Seek(whole, io.SeekStart)
				}
				if err != nil {
					yield(line, j.damaged(err))
				}
				return
			}
			if err == nil {
				whole += int64(len(text))
				err = line.parse(text)
			}
			if !yield(line, j.damaged(err)) || err != nil {
				return
			}
		}
	}
}

func (l *thingLine) parse(text []byte) error {
	if err := json.Unmarshal(text, l); err != nil {
		return err
	}
	for _, c := range l.Certificates {
		if c.Sheet < 0 || c.Sheet >= maxSheets || c.Entry.Export != exportVersion {
			return errors.New("it is not from this version of thingpress")
		}
	}
	return nil
}

func (j *journal) damaged(err error) error {
	if err == nil {
		return nil
	}
	j.bad = true
	return exit.WithHint(fmt.Errorf("%s: %w", j.path, err), "start again with --new")
}

// things yields the things in the journal for [engine.Exporting].
func (j *journal) things(yield func(engine.ExportedThing, error) bool) {
	for line, err := range j.lines() {
		if !yield(line.thing(), err) {
			return
		}
	}
}
