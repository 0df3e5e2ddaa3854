package vectors

// An Expectation is the content of the file next to a manifest.
type Expectation struct {
	Vendor  string  `json:"vendor"`
	Row     string  `json:"row"`
	Note    string  `json:"note"`
	Options Options `json:"options"`
	Outcome string  `json:"outcome"`
	// Entries are the expected entries, in order.
	Entries []Entry `json:"entries"`
	// FileError is the error that must end the manifest; absent if it is complete.
	FileError *Failure `json:"file_error,omitempty"`
	// SignerError is part of the expected error of reading the signers; nothing is decoded then.
	SignerError string `json:"signer_error_contains,omitempty"`
}

// Options are options of the decoder.
type Options struct {
	Signers      []string `json:"signers,omitzero"`
	Slot         string   `json:"slot,omitempty"`
	Bundle       string   `json:"bundle,omitempty"`
	Label        string   `json:"label,omitempty"`
	Index        string   `json:"index,omitempty"`
	JSONPointer  string   `json:"json_pointer,omitempty"`
	ThingName    string   `json:"thing_name,omitempty"`
	Columns      string   `json:"columns,omitempty"`
	Delimiter    string   `json:"delimiter,omitempty"`
	AllowExpired bool     `json:"allow_expired,omitempty"`
	AllowLate    bool     `json:"allow_late_signature,omitempty"`
	AllowCA      bool     `json:"allow_ca,omitempty"`
	Limits       *Limits  `json:"limits,omitempty"`
}

// Limits are the limits in the options.
type Limits struct {
	EntryBytes      int   `json:"entry_bytes,omitempty"`
	Entries         int   `json:"entries,omitempty"`
	ArchiveMembers  int   `json:"archive_members,omitempty"`
	ExpandedBytes   int64 `json:"expanded_bytes,omitempty"`
	ExpansionRatio  int64 `json:"expansion_ratio,omitempty"`
	DictionaryBytes int64 `json:"dictionary_bytes,omitempty"`
}

// An Entry is a device, or a rejection.
type Entry struct {
	Entry          int      `json:"entry"`
	Line           int      `json:"line,omitempty"`
	Outcome        string   `json:"outcome"`
	Reason         string   `json:"reason,omitempty"`
	DetailContains string   `json:"detail_contains,omitempty"`
	ID             string   `json:"id,omitempty"`
	ThingName      string   `json:"thing_name,omitempty"`
	Warnings       []string `json:"warnings,omitempty"`
	// MAC is checked if it is given.
	MAC string `json:"mac,omitempty"`
}

// On returns the entry with the line on which it begins.
func (e Entry) On(line int) Entry {
	e.Line = line
	return e
}

// A Failure ends a manifest.
type Failure struct {
	Reason         string `json:"reason"`
	DetailContains string `json:"detail_contains,omitempty"`
}
