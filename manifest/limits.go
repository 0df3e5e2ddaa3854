package manifest

import "cmp"

// Limits bound what a decoder reads, so that a hostile manifest ends with
// [ReasonLimitExceeded] and not with the memory of the machine.
type Limits struct {
	// EntryBytes is the longest entry, encoded. Default 1 MiB.
	EntryBytes int
	// Entries is the highest number of entries in one manifest. Default 20,000,000.
	Entries int
	// Depth is how deep JSON may nest. Default 32.
	Depth int
	// ArchiveMembers is the highest number of files in one archive. Default 2,000,000.
	ArchiveMembers int
	// ExpandedBytes is the highest number of bytes that one archive may expand to. Default 8 GiB.
	ExpandedBytes int64
	// ExpansionRatio is the highest quotient of expanded and packed size of an archive. Default 1,000.
	ExpansionRatio int64
	// DictionaryBytes is the largest LZMA dictionary that an archive may ask for. Default 64 MiB.
	DictionaryBytes int64
}

// DefaultLimits returns the limits that apply if an [Options] has zeros.
func DefaultLimits() Limits {
	return Limits{
		EntryBytes:      1 << 20,
		Entries:         20_000_000,
		Depth:           32,
		ArchiveMembers:  2_000_000,
		ExpandedBytes:   8 << 30,
		ExpansionRatio:  1_000,
		DictionaryBytes: 64 << 20,
	}
}

// OrDefault returns l with defaults in the place of zeros.
func (l Limits) OrDefault() Limits {
	d := DefaultLimits()
	return Limits{
		EntryBytes:      cmp.Or(l.EntryBytes, d.EntryBytes),
		Entries:         cmp.Or(l.Entries, d.Entries),
		Depth:           cmp.Or(l.Depth, d.Depth),
		ArchiveMembers:  cmp.Or(l.ArchiveMembers, d.ArchiveMembers),
		ExpandedBytes:   cmp.Or(l.ExpandedBytes, d.ExpandedBytes),
		ExpansionRatio:  cmp.Or(l.ExpansionRatio, d.ExpansionRatio),
		DictionaryBytes: cmp.Or(l.DictionaryBytes, d.DictionaryBytes),
	}
}

// A LimitName names a field of [Limits].
type LimitName string

// Names of the limits.
const (
	LimitEntryBytes      LimitName = "EntryBytes"
	LimitEntries         LimitName = "Entries"
	LimitDepth           LimitName = "Depth"
	LimitArchiveMembers  LimitName = "ArchiveMembers"
	LimitExpandedBytes   LimitName = "ExpandedBytes"
	LimitExpansionRatio  LimitName = "ExpansionRatio"
	LimitDictionaryBytes LimitName = "DictionaryBytes"
)

// A Limit is a limit of [Limits] that an entry or a manifest exceeds. The zero
// value stands for none.
type Limit struct {
	// Name is the field of Limits.
	Name LimitName
	// Value is what the field was.
	Value int64
	// Found is what the manifest has; 0 if reading ended before that was known.
	Found int64
}
