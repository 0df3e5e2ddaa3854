package imports

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/manifest"
)

// Forms with files of their own.
const (
	formDER  = "der-dir"
	formBulk = "aws-bulk"
)

// formListCSV is the form csv for devices of a list, which may be disabled and have other names than their certificates.
const formListCSV = "list-csv"

// columnRegistration is the column of a device with the ID of its enrollment, if that is another one.
const columnRegistration = "azure_registration_id"

// A textForm writes one text for each device.
type textForm struct {
	buffer *bufio.Writer
	text   func(*manifest.Device) (string, error)
}

func newTextForm(form string, to io.Writer) *textForm {
	t := &textForm{buffer: bufio.NewWriter(to)}
	switch form {
	case "csv":
		_, _ = t.buffer.WriteString("name,vendor,id,certificate_id,expires,cert\n") // a bufio.Writer keeps its error
		t.text = csvText
	case formListCSV:
		_, _ = t.buffer.WriteString("thing_name,azure_id," + columnRegistration + ",status,certificate_id,certificate_pem\n")
		t.text = listCSVText
	case "jsonl":
		t.text = jsonText
	case formList():
		t.text = func(d *manifest.Device) (string, error) {
			return base64.StdEncoding.EncodeToString(d.Certificate.Raw) + "\n", nil
		}
	default:
		t.text = func(d *manifest.Device) (string, error) { return d.PEM(), nil }
	}
	return t
}

func (t *textForm) device(d *manifest.Device, _ iot.Thing) error {
	text, err := t.text(d)
	if err == nil {
		_, err = t.buffer.WriteString(text)
	}
	return err
}

func (t *textForm) end() error { return t.buffer.Flush() }

func csvText(d *manifest.Device) (string, error) {
	return strings.Join([]string{
		plain.Cell(d.ThingName), plain.Cell(d.Vendor), plain.Cell(d.ID), plain.Cell(d.CertificateID.String()),
		plain.Cell(d.Certificate.NotAfter.UTC().Format(time.DateOnly)), `"` + d.PEM() + `"`,
	}, ",") + "\n", nil
}

// listCSVText returns a line of the table that the preset azure describes. The name of a thing is written as it is,
// because it has only characters that AWS accepts.
func listCSVText(d *manifest.Device) (string, error) {
	status := ""
	if d.Settings != nil {
		status = d.Settings.Status
	}
	return strings.Join([]string{
		`"` + d.ThingName + `"`, plain.Cell(d.ID), plain.Cell(d.Columns[0].Value), plain.Cell(status), plain.Cell(d.CertificateID.String()),
		`"` + d.PEM() + `"`,
	}, ",") + "\n", nil
}

// A convertedLine is a device as JSON.
type convertedLine struct {
	ThingName     string            `json:"thing_name"`
	Vendor        string            `json:"vendor"`
	ID            string            `json:"id,omitempty"`
	CertificateID string            `json:"certificate_id"`
	NotAfter      time.Time         `json:"not_after"`
	Attributes    map[string]string `json:"attributes,omitempty"`
	Certificate   string            `json:"certificate_pem"`
}

func jsonText(d *manifest.Device) (string, error) {
	text, err := json.Marshal(convertedLine{
		d.ThingName, d.Vendor, d.ID, d.CertificateID.String(), d.Certificate.NotAfter.UTC(), d.Attributes, d.PEM(),
	})
	return string(text) + "\n", err
}

// A directoryForm writes a file for each device. The names of things have no separators of paths.
type directoryForm struct {
	path      string
	overwrite bool
	written   []string // files that were not there before
}

func (f *directoryForm) device(d *manifest.Device, _ iot.Thing) error {
	name := d.ThingName
	if runtime.GOOS == "windows" {
		name = strings.ReplaceAll(name, ":", "_") // which is not a character of a file's name there
	}
	path := filepath.Join(f.path, name+".der")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // the umask decides
	switch {
	case errors.Is(err, fs.ErrExist) && f.overwrite: // a link there is replaced, and not what it leads to
		return newfile.Write(path, func(to io.Writer) error {
			_, err := to.Write(d.Certificate.Raw)
			return err
		})
	case errors.Is(err, fs.ErrExist):
		return exit.UsageError(err, "name another directory, or replace files with --overwrite")
	case err != nil:
		return err
	}
	f.written = append(f.written, path)
	_, err = file.Write(d.Certificate.Raw)
	return errors.Join(err, file.Close())
}

func (f *directoryForm) end() error { return nil }

// writeDirectory writes a file for each device. After an error it removes those that were not there before.
func writeDirectory(path string, overwrite bool, fill func(converter) error) error {
	if err := os.MkdirAll(path, 0o777); err != nil { //nolint:gosec // the umask decides
		return err
	}
	form := &directoryForm{path: path, overwrite: overwrite}
	err := fill(form)
	if err != nil {
		for _, name := range form.written {
			_ = os.Remove(name) // the first error matters
		}
	}
	return err
}
