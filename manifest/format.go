package manifest

import (
	"crypto/x509"
	"slices"
)

// A Format is a kind of manifest: how to decode it, and what callers must know
// before. Package manifest/vendors has all of them.
type Format struct {
	// Decoder reads the manifests. Its Vendor is the name of the format.
	Decoder
	// Title is the name of the vendor for people, such as "Espressif".
	Title string
	// Extension is the extension of the vendor's files, with its dot.
	Extension string
	// Options are the optional fields of [Options] that this format takes.
	Options []FormatOption
	// Limits are the limits that apply to this format, besides Entries and EntryBytes.
	Limits []LimitName
	// Attributes are the names of the attributes that the decoder sets on devices
	// if the manifest has them.
	Attributes []string
	// Archive is set if a manifest is an archive. An archive needs random access
	// to all of it, cannot be resumed at an offset, spools to [Options.TempDir],
	// and keeps a dictionary of up to [Limits.DictionaryBytes] in memory.
	Archive bool
	// Table is set if a manifest is a table, which [Options.Columns] can describe.
	Table bool
	// ParseSigners reads the certificates for [Options.Signers] from a file;
	// nil if the format takes none.
	ParseSigners func(file []byte) ([]*x509.Certificate, error)
	// PublishedSigners returns the signers that the vendor has published, oldest first,
	// which the library carries; nil if there are none.
	PublishedSigners func() []*x509.Certificate
	// Explain returns an error with a [Reason] that says what a file is that was
	// passed instead of a manifest of this format, judged by its beginning. It
	// returns nil if it does not know, and may itself be nil.
	Explain func(head []byte) error
	// Skips reports whether a file that belongs to manifests of this format, such as an
	// archive of keys, must not be opened, judged by its name. It may be nil.
	Skips func(name string, opts Options) bool
	// Cut writes chosen entries as a manifest of this format, and Pieces does the same for
	// archives. Both are nil if the format cannot be cut.
	Cut    CutFunc
	Pieces PiecesFunc
}

// A FormatOption is a field of [Options] that a format takes.
type FormatOption struct {
	Name OptionName
	// Values are all valid values, the default first; nil if any value is valid.
	// They are the same in every format that takes the option, because a run uses
	// one value for all manifests.
	Values []string
	// Required is set if every entry is rejected without the option.
	Required bool
}

// An OptionName names a field of [Options] that only some formats take.
type OptionName string

// Names of the options.
const (
	OptionSigners OptionName = "signers"
	OptionSlot    OptionName = "slot"
	OptionBundle  OptionName = "bundle"

	OptionColumns   OptionName = "columns"
	OptionDelimiter OptionName = "delimiter"
	OptionLabel     OptionName = "label"
	OptionIndex     OptionName = "index"

	OptionJSONPointer OptionName = "json-pointer"
)

// Option returns an option of the format; ok is false if the format does not take it.
func (f *Format) Option(name OptionName) (option FormatOption, ok bool) {
	i := slices.IndexFunc(f.Options, func(o FormatOption) bool { return o.Name == name })
	if i < 0 {
		return FormatOption{}, false
	}
	return f.Options[i], true
}

// NeedsSigners reports whether every entry is rejected without [Options.Signers].
func (f *Format) NeedsSigners() bool {
	option, _ := f.Option(OptionSigners)
	return option.Required
}
