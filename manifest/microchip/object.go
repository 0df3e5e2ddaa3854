package microchip

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
)

// A parser reads JSON text once, strictly. Names are exact. It rejects repeated
// names, and names that differ from a known name only in case, because other
// readers confuse them. Its results alias the text. It is reusable, but not safe
// for concurrent use.
type parser struct {
	decoder jsontext.Decoder
	source  bytes.Buffer
	keys    []jwk // memory for the keys of a payload
}

// document parses text as one object with nothing after it; see object.
func (p *parser) document(what string, text []byte, known []string, member func(name []byte) error, options ...jsontext.Options) error {
	p.begin(text, options...)
	if err := p.object(what, known, member); err != nil {
		return err
	}
	if _, err := p.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return manifest.Errorf(manifest.ReasonMalformedEntry, "something follows the JSON object")
	}
	return nil
}

func (p *parser) begin(text []byte, options ...jsontext.Options) {
	p.source = *bytes.NewBuffer(text)
	p.decoder.Reset(&p.source, options...)
}

// object parses the current object and calls member with each name. member must
// consume the value with text, skip, object or array. known are the names that
// must not occur with other case. what names the object in errors.
func (p *parser) object(what string, known []string, member func(name []byte) error) error {
	if err := p.enter(jsontext.KindBeginObject, what, "an object"); err != nil {
		return err
	}
	for p.decoder.PeekKind() != jsontext.KindEndObject {
		name, err := p.text("a name")
		if err != nil {
			return err
		}
		if err := checkCase(name, known); err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
	}
	return p.leave()
}

// array parses the current array. It calls element before each value, which element must consume.
func (p *parser) array(what string, element func() error) error {
	if err := p.enter(jsontext.KindBeginArray, what, "an array"); err != nil {
		return err
	}
	for p.decoder.PeekKind() != jsontext.KindEndArray {
		if err := element(); err != nil {
			return err
		}
	}
	return p.leave()
}

// text returns the current string.
func (p *parser) text(what string) ([]byte, error) {
	value, err := p.value()
	if err != nil {
		return nil, err
	}
	if value.Kind() != jsontext.KindString {
		return nil, manifest.Errorf(manifest.ReasonMalformedEntry, "%s is %s and not a string", what, describe(value.Kind()))
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1], nil
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return nil, jsonError(err)
	}
	return text, nil
}

// value returns the text of the current value.
func (p *parser) value() (jsontext.Value, error) {
	value, err := p.decoder.ReadValue()
	if err != nil {
		return nil, jsonError(err)
	}
	return value, nil
}

// skip skips the current value.
func (p *parser) skip() error {
	_, err := p.value()
	return err
}

// kind returns the kind of the current value.
func (p *parser) kind() jsontext.Kind { return p.decoder.PeekKind() }

func (p *parser) enter(want jsontext.Kind, what, form string) error {
	if kind := p.kind(); kind != want && kind != jsontext.KindInvalid {
		return manifest.Errorf(manifest.ReasonMalformedEntry, "%s is %s and not %s", what, describe(kind), form)
	}
	return p.leave()
}

// leave skips a bracket.
func (p *parser) leave() error {
	if _, err := p.decoder.ReadToken(); err != nil {
		return jsonError(err)
	}
	return nil
}

func checkCase(name []byte, known []string) error {
	for _, want := range known {
		if len(name) == len(want) && string(name) != want && strings.EqualFold(string(name), want) {
			return manifest.Errorf(manifest.ReasonDuplicateField, "the name %s differs from %q only in case", manifest.Quote(string(name)), want)
		}
	}
	return nil
}

func describe(kind jsontext.Kind) string {
	switch kind {
	case jsontext.KindNull:
		return "null"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "true or false"
	case jsontext.KindString:
		return "a string"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindBeginObject:
		return "an object"
	case jsontext.KindBeginArray:
		return "an array"
	}
	return "something else"
}

// jsonError adds a reason to an error of jsontext and removes the package name.
func jsonError(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		place := "some name"
		if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			place = manifest.Quote(string(syntactic.JSONPointer))
		}
		return manifest.Errorf(manifest.ReasonDuplicateField, "the name at %s occurs twice", place)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return manifest.Errorf(manifest.ReasonMalformedEntry, "not valid JSON: %s", strings.TrimPrefix(err.Error(), "jsontext: "))
}
