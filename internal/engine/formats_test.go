package engine_test

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// A verdict that a flag changes must not be taken over by an import without it. Keys of
// imports without the flag are those of earlier versions.
func TestKeyOfAnImportHasAllowLateSignature(t *testing.T) {
	t.Parallel()
	var late engine.Settings
	late.Decode.AllowLateSignature = true
	text, err := json.Marshal(engine.Settings{})
	if err != nil || strings.Contains(string(text), "late") {
		t.Errorf("%s, %v", text, err)
	}
	with, err := engine.Key(ledger.Target{}, nil, late)
	without, err2 := engine.Key(ledger.Target{}, nil, engine.Settings{})
	if err != nil || err2 != nil || with == without {
		t.Errorf("%s and %s, %v, %v", with, without, err, err2)
	}
	text, err = json.Marshal(late)
	var again engine.Settings
	if err := errors.Join(err, json.Unmarshal(text, &again)); err != nil || !again.Decode.AllowLateSignature {
		t.Errorf("%s is read as %+v, %v", text, again.Decode, err)
	}
}

// An import that took up one with other options would give its devices other certificates.
func TestKeyOfAnImportHasEveryOptionOfEveryFormat(t *testing.T) {
	t.Parallel()
	key := func(settings engine.Settings) string {
		key, err := engine.Key(ledger.Target{}, nil, settings)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	for _, format := range vendors.Formats() {
		for _, option := range format.Options {
			var settings engine.Settings
			field := reflect.ValueOf(&settings.Decode).Elem().FieldByNameFunc(func(name string) bool {
				return strings.EqualFold(name, strings.ReplaceAll(string(option.Name), "-", ""))
			})
			switch {
			case !field.IsValid():
				t.Errorf("manifest.Options has no field for option %s of %s", option.Name, format.Vendor())
				continue
			case field.Kind() == reflect.String:
				field.SetString("another")
			case field.Kind() == reflect.Uint8:
				field.SetUint(';')
			case field.Type() == reflect.TypeFor[manifest.Columns]():
				columns, err := manifest.ParseColumns("cert=another")
				if err != nil {
					t.Fatal(err)
				}
				field.Set(reflect.ValueOf(columns))
			default:
				field.Set(reflect.ValueOf([]*x509.Certificate{{Raw: []byte("another")}}))
			}
			if key(settings) == key(engine.Settings{}) {
				t.Errorf("internal/engine/settings.go: the key of an import does not have option %s of %s", option.Name, format.Vendor())
			}
		}
	}
}
