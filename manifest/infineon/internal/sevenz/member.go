package sevenz

import (
	"unicode/utf16"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/member"
)

// A Member is one file or directory of an archive.
type Member struct {
	// Index is the position in the archive, from 0.
	Index int
	// Name is the path in the archive. It may be anything; see Unsafe.
	Name string
	// Unsafe describes what is wrong with the name or the kind of file. It is
	// empty for an ordinary file with a relative path inside the archive.
	Unsafe string
	// Size is the length of the content in bytes.
	Size int64
	// Directory is set for directories.
	Directory bool

	block  int // -1 without content
	crc    uint32
	hasCRC bool
}

// A walk visits the members in order.
type walk struct {
	archive *Archive
	files   files
	streams streams
	index   int
	block   int
	used    int   // members of the block that were visited
	left    int64 // bytes of the block after those of its visited members
}

func (a *Archive) walk() *walk {
	w := &walk{archive: a, files: a.files, streams: a.streams, block: -1}
	if w.files.n > 0 {
		w.files.names = w.files.names.rewound()
	}
	if w.files.attributes != nil {
		w.files.attributes = w.files.attributes.rewound()
	}
	for _, b := range []**bitmap{&w.files.empty, &w.files.emptyFile, &w.files.anti, &w.files.hasAttributes, &w.streams.hasCRC} {
		*b = (*b).again()
	}
	for _, c := range []**cursor{&w.streams.sizes, &w.streams.crcs} {
		if *c != nil {
			*c = (*c).rewound()
		}
	}
	return w
}

// next returns the next member; ok is false after the last one.
func (w *walk) next() (m Member, ok bool, err error) {
	if w.index == w.files.n {
		if w.files.n > 0 && w.files.names.left() > 0 {
			return m, false, manifest.Errorf(manifest.ReasonCorrupt, "the archive's header is damaged: it has more names than files")
		}
		return m, false, nil
	}
	m = Member{Index: w.index, block: -1}
	w.index++
	m.Name, m.Unsafe = w.name()
	if w.files.empty.next() {
		file, anti := w.files.emptyFile.next(), w.files.anti.next()
		m.Directory = !file && !anti
		if anti && m.Unsafe == "" {
			m.Unsafe = "it deletes a file"
		}
	} else {
		w.content(&m)
	}
	if w.files.hasAttributes.next() {
		w.kind(&m, w.files.attributes.uint32())
	}
	return m, true, w.err()
}

func (w *walk) err() error {
	for _, c := range []*cursor{
		w.files.names, w.files.attributes, w.files.empty.c, w.files.emptyFile.c, w.files.anti.c,
		w.files.hasAttributes.c, w.streams.sizes, w.streams.crcs,
	} {
		if c != nil && c.err != nil {
			return c.err
		}
	}
	if w.streams.hasCRC != nil && w.streams.hasCRC.c != nil {
		return w.streams.hasCRC.c.err
	}
	return nil
}

// content finds the member in the blocks. The header was checked: the number of
// members with content is the number in the blocks.
func (w *walk) content(m *Member) {
	blocks := w.streams.blocks
	for w.block < 0 || w.used == blocks[w.block].members {
		w.block, w.used = w.block+1, 0
		w.left = blocks[w.block].size()
	}
	b := &blocks[w.block]
	w.used++
	m.block, m.Size = w.block, w.left
	if w.used < b.members {
		m.Size = w.streams.sizes.size()
	}
	w.left -= m.Size
	switch {
	case b.members == 1 && b.hasCRC:
		m.crc, m.hasCRC = b.crc, true
	case w.streams.hasCRC != nil && w.streams.hasCRC.next():
		m.crc, m.hasCRC = w.streams.crcs.uint32(), true
	}
}

func (w *walk) name() (name, unsafe string) {
	var buffer [64]uint16
	units := buffer[:0]
	for {
		unit := w.files.names.uint16()
		if unit == 0 || w.files.names.err != nil {
			break
		}
		if len(units) == maxName {
			w.files.names.fail(manifest.Errorf(manifest.ReasonLimitExceeded, "the archive has a name of more than %d characters", maxName))
			return "", ""
		}
		units = append(units, unit)
	}
	plain := make([]byte, 0, len(units))
	for _, unit := range units {
		if unit >= 0x80 {
			name = string(utf16.Decode(units))
			return name, member.Unsafe(name)
		}
		plain = append(plain, byte(unit))
	}
	name = string(plain)
	return name, member.Unsafe(name)
}

// kind detects members that are neither file nor directory. If bit 15 of the
// attributes is set the high half is a Unix mode, as p7zip writes it.
func (w *walk) kind(m *Member, attributes uint32) {
	const (
		windowsDirectory = 0x10
		windowsReparse   = 0x400
		unixExtension    = 0x8000
		unixType         = 0xf000
		unixRegular      = 0x8000
		unixDirectory    = 0x4000
	)
	if attributes&windowsDirectory != 0 && m.block < 0 {
		m.Directory = true
	}
	odd := attributes&windowsReparse != 0
	if attributes&unixExtension != 0 {
		mode := attributes >> 16 & unixType
		odd = odd || mode != 0 && mode != unixRegular && mode != unixDirectory
	}
	if odd && m.Unsafe == "" {
		m.Unsafe = "it is a link or a device, not a file"
	}
}
