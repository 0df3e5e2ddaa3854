package stack

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// Parameters are the parameters of the template with which imports begin.
type Parameters struct {
	// Attachments are what every device gets, unless settings.json says otherwise.
	Attachments device.Attachments
	Status      iot.Status
	ThingName   manifest.Template
	// Bundle, Slot, Label and Index are the options of formats that choose one of a chip's certificates.
	Bundle, Slot, Label, Index string
	// JSONPointer leads to the certificates in JSON.
	JSONPointer string
	// Columns and Delimiter are the options of tables.
	Columns   manifest.Columns
	Delimiter byte
	// PublishedSigners adds the signers that vendors have published to those in the
	// signer bucket.
	PublishedSigners   bool
	AllowExpired       bool
	AllowCA            bool
	AllowLateSignature bool
	// Bounds are the names that settings.json may use, besides those of Attachments.
	Bounds Bounds
	// Allowed are the names that entries of manifests may ask for, besides those of Attachments.
	Allowed Allowed
}

// Bounds are names of attachments.
type Bounds struct{ Policies, ThingGroups, ThingTypes, BillingGroups []string }

// optionParameters are the template's parameters for options of formats, under
// the names that they had in the Python Thingpress.
var optionParameters = map[manifest.OptionName]string{
	manifest.OptionBundle: "InfineonCertBundleType",
	manifest.OptionSlot:   "MicrochipSlot",
	manifest.OptionLabel:  "NxpLabel",
	manifest.OptionIndex:  "TpmXmlIndex",

	manifest.OptionJSONPointer: "PemJsonPointer",

	manifest.OptionColumns:   "CsvColumns",
	manifest.OptionDelimiter: "CsvDelimiter",
}

// OptionParameter returns the parameter of the template for an option of a format; empty if there is none.
func OptionParameter(option manifest.OptionName) string { return optionParameters[option] }

// published is the value of MicrochipSigners for [Parameters.PublishedSigners].
const published = "published"

// ParseParameters parses the value of the SSM parameter, lines of the form name=value
// with the names of the template's parameters. The error is that of [ReadParameters].
func ParseParameters(text string) (Parameters, error) {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return Parameters{}, fmt.Errorf("%q is not of the form name=value", line)
		}
		values[name] = value
	}
	return ReadParameters(func(name string) (string, bool) { value, ok := values[name]; return value, ok })
}

// ReadParameters reads the parameters of the template through lookup, which takes their
// names. A missing one has the value with which the functions work as before it existed. The error
// names every parameter that is wrong.
func ReadParameters(lookup func(name string) (value string, ok bool)) (Parameters, error) {
	r := reader{lookup: lookup}
	p := Parameters{
		Attachments: device.Attachments{
			Policies: r.list("IoTPolicies"), ThingGroups: r.list("IoTThingGroups"),
			ThingType: r.option("IoTThingType"), BillingGroup: r.option("IoTBillingGroup"),
		},
		Status:             iot.Status(cmp.Or(r.option("CertificateStatus"), string(iot.StatusActive))),
		Bundle:             r.option(optionParameters[manifest.OptionBundle]),
		Slot:               r.option(optionParameters[manifest.OptionSlot]),
		Label:              r.option(optionParameters[manifest.OptionLabel]),
		Index:              r.option(optionParameters[manifest.OptionIndex]),
		JSONPointer:        r.option(optionParameters[manifest.OptionJSONPointer]),
		AllowExpired:       parsed(&r, "AllowExpired", false, strconv.ParseBool),
		AllowCA:            parsed(&r, "AllowCA", false, strconv.ParseBool),
		AllowLateSignature: parsed(&r, "AllowLateSignature", false, strconv.ParseBool),
		Bounds: Bounds{
			Policies: r.list("SettingsPolicies"), ThingGroups: r.list("SettingsThingGroups"),
			ThingTypes: r.list("SettingsThingTypes"), BillingGroups: r.list("SettingsBillingGroups"),
		},
		Allowed: Allowed{
			Policies: r.list("AllowedPolicies"), ThingGroups: r.list("AllowedThingGroups"), ThingTypes: r.list("AllowedThingTypes"),
			BillingGroups: r.list("AllowedBillingGroups"), Attributes: r.list("AllowedAttributes"),
		},
	}
	if texts := r.list("IoTThingAttributes"); texts != nil {
		var err error
		p.Attachments.Attributes, err = device.ParseAttributes(texts)
		r.wrap("IoTThingAttributes", err)
	}
	// The template's default leaves the name to the format, as the zero Template does.
	if text := r.option("ThingNameTemplate"); text != "" && text != (manifest.Template{}).String() {
		p.ThingName = parsed(&r, "ThingNameTemplate", manifest.Template{}, manifest.ParseTemplate)
	}
	columns := optionParameters[manifest.OptionColumns]
	p.Columns = parsed(&r, columns, manifest.Columns{}, manifest.ParseColumns)
	r.require(columns, p.Columns.IsZero() || p.Columns.Has(manifest.UseCert), "names no column with the certificates (cert=)")
	p.Delimiter = parsed(&r, optionParameters[manifest.OptionDelimiter], 0, manifest.ParseDelimiter)
	signers := r.option("MicrochipSigners")
	p.PublishedSigners = signers == published
	bundles := vendors.Values(manifest.OptionBundle)
	r.require("MicrochipSigners", signers == "" || signers == published, "is neither published nor None")
	r.require("CertificateStatus", p.Status == iot.StatusActive || p.Status == iot.StatusInactive, "is neither ACTIVE nor INACTIVE")
	r.require("InfineonCertBundleType", p.Bundle == "" || slices.Contains(bundles, p.Bundle), "is none of "+strings.Join(bundles, ", "))
	return p, errors.Join(r.wrong...)
}

// Settings returns the settings of an import without settings.json and signers.
func (p *Parameters) Settings() engine.Settings {
	return engine.Settings{
		Attachments: p.Attachments,
		Status:      p.Status,
		Decode: manifest.Options{
			ThingName: p.ThingName, AllowExpired: p.AllowExpired, AllowLateSignature: p.AllowLateSignature, AllowCA: p.AllowCA,
			Slot: p.Slot, Bundle: p.Bundle, Label: p.Label, Index: p.Index, JSONPointer: p.JSONPointer, Columns: p.Columns, Delimiter: p.Delimiter,
		},
	}
}
