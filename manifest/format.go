package manifest

import (
	"crypto/x509"
	"slices"
)

// A Format is a kind of manifest: how it is decoded, and what whoever reads it
// must know beforehand. Package manifest/vendors has the table of them.
type Format struct {
	// Decoder reads the manifests. Its Vendor is the name of the format.
	Decoder
	// Title is the vendor's name for people, such as "Espressif".
	Title string
	// Extension is that of the vendor's files, with its dot.
	Extension string
	// Options are those that this format takes, of the fields of [Options] that not all take.
	Options []FormatOption
	// Limits are those that concern this format, next to Entries and EntryBytes.
	Limits []LimitName
	// Attributes are the names of those that the decoder sets on devices, if
	// the manifest has them.
	Attributes []string
	// Archive is set if a manifest is an archive. It needs random access to
	// the whole of it, cannot be resumed at an offset, spools to
	// [Options.TempDir] and holds a dictionary of up to
	// [Limits.DictionaryBytes] in memory.
	Archive bool
	// ParseSigners reads the certificates for [Options.Signers] from a file;
	// nil if the format takes none.
	ParseSigners func(file []byte) ([]*x509.Certificate, error)
	// Explain tells what a file is that is met in the place of this format's
	// manifests, by its beginning, in an error with a [Reason]. It returns nil
	// if it does not know, and may be nil itself.
	Explain func(head []byte) error
}

// A FormatOption is a field of [Options] that a format takes.
type FormatOption struct {
	Name OptionName
	// Values are all that it can have, the default first; nil if it can have
	// any. They are alike in every format that takes the option, because one
	// run has one value of it for all manifests.
	Values []string
	// Required is set if no entry is taken without it.
	Required bool
}

// An OptionName names a field of [Options] that not all formats take.
type OptionName string

// Names of the options.
const (
	OptionSigners OptionName = "signers"
	OptionSlot    OptionName = "slot"
	OptionBundle  OptionName = "bundle"
)

// Option returns what the format says of an option; ok is false if it does not take it.
func (f *Format) Option(name OptionName) (option FormatOption, ok bool) {
	i := slices.IndexFunc(f.Options, func(o FormatOption) bool { return o.Name == name })
	if i < 0 {
		return FormatOption{}, false
	}
	return f.Options[i], true
}

// NeedsSigners reports whether no entry is taken without [Options.Signers].
func (f *Format) NeedsSigners() bool {
	option, _ := f.Option(OptionSigners)
	return option.Required
}
