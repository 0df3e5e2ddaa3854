// Package objects reads manifests that are JSON: it finds the ends of entries in text and
// parses objects strictly.
package objects

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
)

// A Parser reads JSON text once, strictly. Names are exact. It rejects repeated
// names, and names that differ from a known name only in case, because other
// readers confuse them. Its results alias the text. It is reusable, but not safe
// for concurrent use.
type Parser struct {
	decoder jsontext.Decoder
	source  bytes.Buffer
}

// Document parses text as one object with nothing after it; see [Parser.Object].
func (p *Parser) Document(what string, text []byte, known []string, member func(name []byte) error, options ...jsontext.Options) error {
	p.begin(text, options...)
	if err := p.Object(what, known, member); err != nil {
		return err
	}
	if _, err := p.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return manifest.Errorf(manifest.ReasonMalformedEntry, "something follows the JSON object")
	}
	return nil
}

func (p *Parser) begin(text []byte, options ...jsontext.Options) {
	p.source = *bytes.NewBuffer(text)
	p.decoder.Reset(&p.source, options...)
}

// Object parses the current object and calls member with each name. member must
// consume the value with Text, Skip, Object or Array. known are the names that
// must not occur with other case. what names the object in errors.
func (p *Parser) Object(what string, known []string, member func(name []byte) error) error {
	if err := p.enter(jsontext.KindBeginObject, what, "an object"); err != nil {
		return err
	}
	for p.decoder.PeekKind() != jsontext.KindEndObject {
		name, err := p.Text("a name")
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

// Array parses the current array. It calls element before each value, which element must consume.
func (p *Parser) Array(what string, element func() error) error {
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

// Text returns the current string.
func (p *Parser) Text(what string) ([]byte, error) {
	value, err := p.Value()
	if err != nil {
		return nil, err
	}
	if value.Kind() != jsontext.KindString {
		return nil, manifest.Errorf(manifest.ReasonMalformedEntry, "%s is %s and not a string", what, Describe(value.Kind()))
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1], nil
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return nil, Error(err)
	}
	return text, nil
}

// Value returns the text of the current value.
func (p *Parser) Value() (jsontext.Value, error) {
	value, err := p.decoder.ReadValue()
	if err != nil {
		return nil, Error(err)
	}
	return value, nil
}

// Skip skips the current value.
func (p *Parser) Skip() error {
	_, err := p.Value()
	return err
}

// Kind returns the kind of the current value.
func (p *Parser) Kind() jsontext.Kind { return p.decoder.PeekKind() }

func (p *Parser) enter(want jsontext.Kind, what, form string) error {
	if kind := p.Kind(); kind != want && kind != jsontext.KindInvalid {
		return manifest.Errorf(manifest.ReasonMalformedEntry, "%s is %s and not %s", what, Describe(kind), form)
	}
	return p.leave()
}

// leave skips a bracket.
func (p *Parser) leave() error {
	if _, err := p.decoder.ReadToken(); err != nil {
		return Error(err)
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

// Describe returns the name of a kind of value for messages.
func Describe(kind jsontext.Kind) string {
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

// Error adds a reason to an error of jsontext and removes the package name.
func Error(err error) error {
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
