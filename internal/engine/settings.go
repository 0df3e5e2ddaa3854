package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// Settings determine what an import does with its manifests. All of them are
// part of its identity: see [Key].
type Settings struct {
	// Attachments are what every device gets, unless its entry asks for others.
	Attachments device.Attachments
	// Status, Adopt and Exclusive are those of [device.Wanted]; an empty status is ACTIVE.
	Status           iot.Status
	Adopt, Exclusive bool
	// Rows is how what entries ask for their own devices counts.
	Rows device.Rows
	// CheckVariant checks attachments that entries ask for when [Scan] or a [Judge] meets them, each combination
	// once. An error with a [manifest.Reason] rejects the entries that ask for them. Nil checks none. It is no
	// part of the identity of the import.
	CheckVariant func(device.Attachments) error
	// Partial imports what precedes a break of a manifest. It never applies
	// to a manifest with a private key.
	Partial bool
	// Decode are the options of the decoders.
	Decode manifest.Options
	// Only and Skip exclude devices; nil for no filter.
	Only, Skip *Filter
}

// wanted returns what the import brings devices to.
func (s Settings) wanted() device.Wanted {
	return device.Wanted{
		Attachments: s.Attachments, Status: cmp.Or(s.Status, iot.StatusActive), Adopt: s.Adopt, Exclusive: s.Exclusive,
		Rows: s.Rows,
	}
}

// settingsJSON is the form of [Settings] that ledgers keep.
type settingsJSON struct {
	Policies     []string         `json:"policies,omitempty"`
	ThingGroups  []string         `json:"thing_groups,omitempty"`
	ThingType    string           `json:"thing_type,omitempty"`
	BillingGroup string           `json:"billing_group,omitempty"`
	Attributes   []attributeJSON  `json:"attributes,omitempty"`
	Status       iot.Status       `json:"status"`
	Adopt        bool             `json:"adopt,omitempty"`
	Exclusive    bool             `json:"exclusive,omitempty"`
	Rows         device.Rows      `json:"row_settings,omitempty"`
	Partial      bool             `json:"partial,omitempty"`
	ThingName    string           `json:"thing_name"`
	NameGiven    bool             `json:"thing_name_given,omitempty"` // {cn} was asked for, and is not the default of a format
	AllowExpired bool             `json:"allow_expired,omitempty"`
	AllowCA      bool             `json:"allow_ca,omitempty"`
	Slot         string           `json:"slot,omitempty"`
	Bundle       string           `json:"bundle,omitempty"`
	Label        string           `json:"label,omitempty"`
	Index        string           `json:"index,omitempty"`
	JSONPointer  string           `json:"json_pointer,omitempty"`
	Signers      []string         `json:"signers,omitempty"` // SHA-256 of the DER
	Limits       *manifest.Limits `json:"limits,omitempty"`
	AllowLate    bool             `json:"allow_late_signature,omitempty"`
	Only         string           `json:"only,omitempty"` // SHA-256 of the list
	Skip         string           `json:"skip,omitempty"`
	Columns      string           `json:"columns,omitempty"`
	Delimiter    string           `json:"delimiter,omitempty"`
}

type attributeJSON struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// MarshalJSON encodes everything that changes a device or a verdict. Order and
// form are stable between versions, because ledgers keep the result and [Key]
// is computed from it.
func (s Settings) MarshalJSON() ([]byte, error) {
	out := settingsJSON{
		Policies: s.Attachments.Policies, ThingGroups: s.Attachments.ThingGroups,
		ThingType: s.Attachments.ThingType, BillingGroup: s.Attachments.BillingGroup,
		Status: s.wanted().Status, Adopt: s.Adopt, Exclusive: s.Exclusive, Rows: s.Rows, Partial: s.Partial,
		ThingName: s.Decode.ThingName.String(), AllowExpired: s.Decode.AllowExpired, AllowCA: s.Decode.AllowCA,
		Slot: s.Decode.Slot, Bundle: s.Decode.Bundle, Label: s.Decode.Label, Index: s.Decode.Index, JSONPointer: s.Decode.JSONPointer,
		Only: s.Only.Digest(), Skip: s.Skip.Digest(),
		AllowLate: s.Decode.AllowLateSignature, Columns: s.Decode.Columns.String(),
	}
	out.NameGiven = !s.Decode.ThingName.IsZero() && out.ThingName == (manifest.Template{}).String()
	if s.Decode.Delimiter != 0 {
		out.Delimiter = string(rune(s.Decode.Delimiter))
	}
	for _, a := range s.Attachments.Attributes {
		out.Attributes = append(out.Attributes, attributeJSON{a.Name, a.Value.String()})
	}
	for _, signer := range s.Decode.Signers {
		sum := sha256.Sum256(signer.Raw)
		out.Signers = append(out.Signers, hex.EncodeToString(sum[:]))
	}
	if limits := s.Decode.Limits.OrDefault(); limits != manifest.DefaultLimits() {
		out.Limits = &limits
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what [Settings.MarshalJSON] wrote. Signers, Only and Skip,
// of which only digests were kept, are left unset.
func (s *Settings) UnmarshalJSON(text []byte) error {
	var in settingsJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	name, err := manifest.ParseTemplate(in.ThingName)
	if err != nil {
		return err
	}
	columns, err := manifest.ParseColumns(in.Columns)
	if err != nil {
		return err
	}
	*s = Settings{
		Attachments: device.Attachments{
			Policies: in.Policies, ThingGroups: in.ThingGroups, ThingType: in.ThingType, BillingGroup: in.BillingGroup,
		},
		Status: in.Status, Adopt: in.Adopt, Exclusive: in.Exclusive, Rows: in.Rows, Partial: in.Partial,
		Decode: manifest.Options{
			ThingName: name, AllowExpired: in.AllowExpired, AllowLateSignature: in.AllowLate, AllowCA: in.AllowCA,
			Slot: in.Slot, Bundle: in.Bundle, Label: in.Label, Index: in.Index, JSONPointer: in.JSONPointer, Columns: columns,
		},
	}
	if in.ThingName == (manifest.Template{}).String() && !in.NameGiven {
		s.Decode.ThingName = manifest.Template{}
	}
	if in.Delimiter != "" {
		s.Decode.Delimiter = in.Delimiter[0]
	}
	for _, a := range in.Attributes {
		value, err := manifest.ParseTemplate(a.Value)
		if err != nil {
			return fmt.Errorf("attribute %s: %w", a.Name, err)
		}
		s.Attachments.Attributes = append(s.Attachments.Attributes, device.Attribute{Name: a.Name, Value: value})
	}
	if in.Limits != nil {
		s.Decode.Limits = *in.Limits
	}
	return nil
}

// Key returns the same string for imports that would do the same with the same
// manifests in the same place. The contents of the files, in order, are part of
// it; their names are not.
func Key(target ledger.Target, manifests []ledger.Manifest, settings Settings) (string, error) {
	type content struct {
		SHA256 string `json:"sha256"`
		Vendor string `json:"vendor"`
	}
	contents := make([]content, len(manifests))
	for i, m := range manifests {
		contents[i] = content{m.SHA256, m.Vendor}
	}
	text, err := json.Marshal([]any{"thingpress import key 1", target, contents, settings})
	if err != nil {
		return "", fmt.Errorf("key of the import: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
