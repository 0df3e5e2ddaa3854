package manifest

import "cmp"

// Limits bound what a decoder reads, so that a hostile manifest ends with
// [ReasonLimitExceeded] instead of exhausting the memory.
type Limits struct {
	// EntryBytes is the maximum length of an encoded entry. Default 1 MiB.
	EntryBytes int
	// Entries is the maximum number of entries in one manifest. Default 20,000,000.
	Entries int
	// Depth is how deep JSON may nest. Default 32.
	Depth int
	// ArchiveMembers is the maximum number of files in one archive. Default 2,000,000.
	ArchiveMembers int
	// ExpandedBytes is the maximum number of bytes that one archive may expand to. Default 8 GiB.
	ExpandedBytes int64
	// ExpansionRatio is the maximum ratio of expanded to packed size of an
	// archive. Default 1,000.
	ExpansionRatio int64
	// DictionaryBytes is the maximum LZMA dictionary that an archive may request. Default 64 MiB.
	DictionaryBytes int64
}

// DefaultLimits returns the limits that replace zeros in [Options].
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

// OrDefault returns l with defaults in place of zeros.
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

// A Limit is a limit that an entry or a manifest exceeds. The zero value means none.
type Limit struct {
	// Name is the field of [Limits].
	Name LimitName
	// Value is the value of the field.
	Value int64
	// Found is the value in the manifest; 0 if reading ended before it was known.
	Found int64
}
