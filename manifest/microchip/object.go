package microchip

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/thingpress/thingpress/manifest"
)

// A parser walks through JSON text strictly: names are exact, a name that
// occurs twice is an error, and so is one that differs from a known name only
// in case, because other readers take it for that name. It is reused, and not
// safe for concurrent use.
type parser struct {
	decoder jsontext.Decoder
	source  bytes.Buffer
}

// object parses text, one object and nothing behind it, and calls member with
// each name and raw value, which alias text. member must not use the parser.
// known are the names for which a variant in case is an error.
func (p *parser) object(text []byte, known []string, member func(name []byte, value jsontext.Value) error, options ...jsontext.Options) error {
	p.source = *bytes.NewBuffer(text)
	p.decoder.Reset(&p.source, options...)
	if kind := p.decoder.PeekKind(); kind != jsontext.KindBeginObject && kind != jsontext.KindInvalid {
		return manifest.Errorf(manifest.ReasonMalformedEntry, "expected a JSON object, found %s", describeKind(kind))
	}
	if _, err := p.decoder.ReadToken(); err != nil {
		return jsonError(err)
	}
	for p.decoder.PeekKind() != jsontext.KindEndObject {
		raw, err := p.decoder.ReadValue()
		if err != nil {
			return jsonError(err)
		}
		name, err := textOf(raw, "a name")
		if err != nil {
			return err
		}
		value, err := p.decoder.ReadValue()
		if err != nil {
			return jsonError(err)
		}
		if err := checkCase(name, known); err != nil {
			return err
		}
		if err := member(name, value); err != nil {
			return err
		}
	}
	if _, err := p.decoder.ReadToken(); err != nil {
		return jsonError(err)
	}
	if _, err := p.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return manifest.Errorf(manifest.ReasonMalformedEntry, "something follows the JSON object")
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

// array parses text, one array, and calls element with each raw value. what
// names the array in errors.
func (p *parser) array(text jsontext.Value, what string, element func(value jsontext.Value) error) error {
	if text.Kind() != jsontext.KindBeginArray {
		return manifest.Errorf(manifest.ReasonMalformedEntry, "%s is %s and not an array", what, describeKind(text.Kind()))
	}
	p.source = *bytes.NewBuffer(text)
	p.decoder.Reset(&p.source)
	if _, err := p.decoder.ReadToken(); err != nil {
		return jsonError(err)
	}
	for p.decoder.PeekKind() != jsontext.KindEndArray {
		value, err := p.decoder.ReadValue()
		if err != nil {
			return jsonError(err)
		}
		if err := element(value); err != nil {
			return err
		}
	}
	return nil
}

// textOf returns the content of a JSON string; it aliases value where there
// are no escapes. what names the value in the error.
func textOf(value jsontext.Value, what string) ([]byte, error) {
	if value.Kind() != jsontext.KindString {
		return nil, manifest.Errorf(manifest.ReasonMalformedEntry, "%s is %s and not a string", what, describeKind(value.Kind()))
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

func describeKind(kind jsontext.Kind) string {
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

// jsonError gives an error of jsontext a reason and leaves out its package.
func jsonError(err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		var syntactic *jsontext.SyntacticError
		if errors.As(err, &syntactic) {
			return manifest.Errorf(manifest.ReasonDuplicateField, "the name at %s occurs twice", manifest.Quote(string(syntactic.JSONPointer)))
		}
		return manifest.Errorf(manifest.ReasonDuplicateField, "a name occurs twice")
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return manifest.Errorf(manifest.ReasonMalformedEntry, "not valid JSON: %s", strings.TrimPrefix(err.Error(), "jsontext: "))
}
