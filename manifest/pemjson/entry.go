package pemjson

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/armour"
	"github.com/thingpress/thingpress/manifest/internal/objects"
)

// Names of members that name the thing.
const (
	nameThing     = "thingName"
	nameThingText = "thing_name" // of thingpress convert
)

// maxColumns bounds the columns of an entry, next to those that name its thing.
const maxColumns = 64

// A reader decodes entries. It is not safe for concurrent use.
type reader struct {
	options *manifest.Options
	// The same with the member that names the thing as template.
	byThing, byThingText *manifest.Options

	depth         int
	pointer       bool // a pointer was given
	entries, rest []string
	parser        objects.Parser

	columns []manifest.Column // of the entry that was read last
	texts   [][]byte          // of its certificates
	export  string            // the value of its [ExportMember]; "" if it has none
}

func newReader(opts *manifest.Options) (*reader, error) {
	byThing, byThingText := *opts, *opts
	var err error
	if byThing.ThingName, err = manifest.ParseTemplate("{column." + nameThing + "}"); err != nil {
		return nil, err
	}
	if byThingText.ThingName, err = manifest.ParseTemplate("{column." + nameThingText + "}"); err != nil {
		return nil, err
	}
	r := &reader{
		options: opts, byThing: &byThing, byThingText: &byThingText, depth: opts.Limits.OrDefault().Depth,
		pointer: opts.JSONPointer != "",
	}
	if r.pointer {
		if r.entries, r.rest, err = parsePointer(opts.JSONPointer); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// column returns the text of a member at the top of the entry; "" if there is none.
func (r *reader) column(name string) string {
	for _, c := range r.columns {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// thingName returns the name that the entry gives its thing; "" if it gives none.
func (r *reader) thingName() string { return cmp.Or(r.column(nameThing), r.column(nameThingText)) }

// device fills in a device from the text of an entry.
func (r *reader) device(raw []byte, d *manifest.Device) error {
	r.columns, r.texts, r.export = nil, nil, ""
	if err := r.parser.Screen(raw, r.depth); err != nil {
		return err
	}
	if err := r.scan(raw); err != nil {
		return err
	}
	var err error
	if d.Certificate, err = r.leaf(); err != nil {
		return err
	}
	d.Columns = r.columns
	if r.export != "" {
		if d.Settings, err = r.settings(raw); err != nil {
			return err
		}
	}
	if r.thingName() == "" || !r.options.ThingName.IsZero() {
		return r.options.Admit(d)
	}
	named := r.byThing
	if r.column(nameThing) == "" {
		named = r.byThingText
	}
	return named.Admit(d)
}

// scan reads the members of an entry strictly: certificates, and columns.
func (r *reader) scan(raw []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	f := follower{parts: r.rest}
	for {
		token, err := d.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return objects.Error(err)
		}
		kind, leads := token.Kind(), f.follow(d, token)
		depth := d.StackDepth()
		of, n := d.StackIndex(depth)
		if of == jsontext.KindBeginObject && n%2 == 1 {
			continue // a name
		}
		member := ""
		if depth == 1 && of == jsontext.KindBeginObject {
			member = d.StackPointer().LastToken()
		}
		if member == ExportMember {
			r.export = token.String()
		}
		if kind != jsontext.KindString && kind != jsontext.KindNumber {
			continue
		}
		text := token.String()
		switch {
		case r.pointer && leads, !r.pointer && kind == jsontext.KindString && hasPEM([]byte(text)):
			r.texts = append(r.texts, []byte(text))
		case member != "":
			bounded := len(r.columns) < maxColumns || member == nameThing || member == nameThingText
			if bounded && !manifest.SecretColumn(member) && !manifest.SecretValue(text) {
				r.columns = append(r.columns, manifest.Column{Name: member, Value: text})
			}
		}
	}
}

// leaf returns the certificate of the device: the only one that is not an authority's, or the only one.
func (r *reader) leaf() (*x509.Certificate, error) {
	var leaves, all []*x509.Certificate
	for _, text := range r.texts {
		parsed, err := armour.Parse(bytes.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		leaf, err := armour.Leaf(parsed)
		if err != nil {
			return nil, err
		}
		all = append(all, leaf)
		if !manifest.IsCA(leaf) {
			leaves = append(leaves, leaf)
		}
	}
	switch {
	case len(all) == 0 && r.pointer:
		return nil, manifest.Errorf(manifest.ReasonNoCertificate, "the JSON pointer leads to no text in the entry")
	case len(all) == 0:
		return nil, manifest.Errorf(manifest.ReasonNoCertificate, "no member of the entry is a certificate in PEM")
	case len(leaves) == 1:
		return leaves[0], nil
	case len(all) == 1:
		return all[0], nil
	}
	return nil, manifest.Errorf(manifest.ReasonSeveralCertificates, "the entry has %d certificates, and nothing says which is the device's",
		len(all))
}
