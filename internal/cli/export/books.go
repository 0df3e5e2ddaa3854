package export

import (
	"bufio"
	"encoding/json"
	"io"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/spool"
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
	Status       string            `json:"status"`
	Attached     string            `json:"thingPrincipalType,omitempty"` // EXCLUSIVE_THING, or empty
	ID           string            `json:"certificateId"`
	PEM          string            `json:"certificatePem"`
}

// A file is what books write to.
type file interface {
	io.ReadWriteSeeker
	io.Closer
}

// Books are the files of an export. They get their names when all of them are complete.
type books struct {
	create func(sheet int) (file, string, error)
	open   []*book
}

type book struct {
	file
	path    string // empty for standard output
	buffer  *bufio.Writer
	encoder *json.Encoder
	devices int
}

// open opens the first of the files. The others are created with their first device.
func (o *options) open() (*books, error) {
	b := &books{create: func(sheet int) (file, string, error) {
		if o.out == "" {
			held, err := spool.Create("")
			return held, "", err
		}
		path := sheetPath(o.out, sheet)
		f, err := newfile.Create(path)
		return f, path, err
	}}
	return b, b.add(0)
}

func (b *books) add(sheet int) error {
	f, path, err := b.create(sheet)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriterSize(f, 64<<10)
	encoder := json.NewEncoder(plain.JSONWriter(buffer)) // a terminal may show the file
	encoder.SetEscapeHTML(false)
	b.open = append(b.open, &book{file: f, path: path, buffer: buffer, encoder: encoder})
	return nil
}

// write writes a device.
func (b *books) write(d engine.ExportedDevice) error {
	for len(b.open) <= d.Sheet {
		if err := b.add(len(b.open)); err != nil {
			return err
		}
	}
	e := entry{
		Export: 1, ThingName: d.Thing.Name, ThingType: d.Thing.Type, Attributes: d.Thing.Attributes, Groups: d.Groups,
		BillingGroup: d.Thing.BillingGroup, Policies: d.Certificate.Policies, Status: string(d.Certificate.Status),
		ID: d.Certificate.ID, PEM: d.Certificate.PEM,
	}
	if d.Certificate.Exclusive {
		e.Attached = "EXCLUSIVE_THING"
	}
	b.open[d.Sheet].devices++
	return b.open[d.Sheet].encoder.Encode(e)
}

// A fileLine is a file of an export.
type fileLine struct {
	Path    string `json:"path"`
	Devices int    `json:"devices"`
}

// keep gives the files their names, or copies the only one to out. A file without devices is no manifest, and is
// not kept.
func (b *books) keep(out io.Writer) (files []fileLine, err error) {
	for _, one := range b.open {
		if one.devices == 0 {
			continue
		}
		if err := one.buffer.Flush(); err != nil {
			return files, err
		}
		switch f := one.file.(type) {
		case *newfile.File:
			err = f.Keep()
			files = append(files, fileLine{one.path, one.devices})
		default:
			if _, err = f.Seek(0, io.SeekStart); err == nil {
				_, err = io.Copy(out, f)
			}
		}
		if err != nil {
			return files, err
		}
	}
	return files, nil
}

// discard removes what was not kept.
func (b *books) discard() {
	for _, one := range b.open {
		if f, ok := one.file.(*newfile.File); ok {
			_ = f.Discard() // it may have been kept
		} else {
			_ = one.Close() // it was only read
		}
	}
}
