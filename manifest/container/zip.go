package container

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/thingpress/thingpress/manifest"
)

// Parts of a ZIP archive (PKWARE's APPNOTE 6.3.10, 4.3).
const (
	localSignature   = "PK\x03\x04"
	centralSignature = "PK\x01\x02"
	endSignature     = "PK\x05\x06"
	end64Signature   = "PK\x06\x06"
	where64Signature = "PK\x06\x07"

	localSize   = 30
	centralSize = 46
	endSize     = 22
	end64Size   = 56
	where64Size = 20

	longestComment = 1<<16 - 1
)

// A zipDirectory is the list of the files of an archive, which is at its end. It is read as a stream,
// because package archive/zip keeps all of it in memory.
type zipDirectory struct {
	offset, size int64
	files        uint64
}

// A zipFile is a file in an archive.
type zipFile struct {
	name           string
	packed, size   int64
	offset         int64
	sum            uint32
	flags, method  uint16
	system         byte // on which the archive was made
	externalAttrib uint32
}

func damagedZip(what string) error {
	return manifest.Errorf(manifest.ReasonCorrupt, "the ZIP archive is damaged: %s", what)
}

// findZipDirectory finds the list of files by the record at the end of the archive.
func findZipDirectory(r io.ReaderAt, size int64) (zipDirectory, error) {
	tail := make([]byte, min(size, longestComment+endSize))
	if err := readFull(r, tail, size-int64(len(tail))); err != nil {
		return zipDirectory{}, err
	}
	for at := len(tail) - endSize; at >= 0; at-- {
		end := tail[at:]
		if string(end[:4]) != endSignature || int(binary.LittleEndian.Uint16(end[20:])) > len(end)-endSize {
			continue
		}
		if binary.LittleEndian.Uint16(end[4:]) != binary.LittleEndian.Uint16(end[6:]) {
			return zipDirectory{}, manifest.Errorf(manifest.ReasonUnsupportedFormat, "the ZIP archive is split into several files")
		}
		d := zipDirectory{
			files:  uint64(binary.LittleEndian.Uint16(end[10:])),
			size:   int64(binary.LittleEndian.Uint32(end[12:])),
			offset: int64(binary.LittleEndian.Uint32(end[16:])),
		}
		endAt := size - int64(len(end))
		if d.files == 0xffff || d.size == 0xffffffff || d.offset == 0xffffffff {
			if err := d.find64(r, &endAt); err != nil {
				return d, err
			}
		}
		if d.offset < 0 || d.size < 0 || d.offset > endAt || d.size != endAt-d.offset {
			return d, damagedZip("its list of files is not where it says")
		}
		return d, nil
	}
	return zipDirectory{}, manifest.Errorf(manifest.ReasonTruncated, "the ZIP archive has no end")
}

// find64 replaces numbers that are too large for the record at endAt, if there is a longer one, and
// sets endAt to the beginning of that.
func (d *zipDirectory) find64(r io.ReaderAt, endAt *int64) error {
	if *endAt < where64Size+end64Size {
		return nil
	}
	var where [where64Size]byte
	if err := readFull(r, where[:], *endAt-where64Size); err != nil {
		return err
	}
	if string(where[:4]) != where64Signature {
		return nil
	}
	at := int64(binary.LittleEndian.Uint64(where[8:]))
	if at < 0 || at > *endAt-where64Size-end64Size {
		return damagedZip("its list of files is not where it says")
	}
	var end [end64Size]byte
	if err := readFull(r, end[:], at); err != nil {
		return err
	}
	if string(end[:4]) != end64Signature {
		return damagedZip("its list of files is not where it says")
	}
	d.files = binary.LittleEndian.Uint64(end[32:])
	d.size = int64(binary.LittleEndian.Uint64(end[40:]))
	d.offset = int64(binary.LittleEndian.Uint64(end[48:]))
	*endAt = at
	return nil
}

// each calls use with each file, in the order of the list.
func (d zipDirectory) each(r io.ReaderAt, use func(zipFile) error) error {
	list := bufio.NewReaderSize(io.NewSectionReader(r, d.offset, d.size), 64<<10)
	for n := uint64(0); ; n++ {
		f, err := readZipFile(list)
		if errors.Is(err, io.EOF) {
			if n != d.files {
				return damagedZip("the number of its files is wrong")
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := use(f); err != nil {
			return err
		}
	}
}

func readZipFile(list *bufio.Reader) (f zipFile, err error) {
	var fixed [centralSize]byte
	if _, err := io.ReadFull(list, fixed[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = damagedZip("its list of files is cut off")
		}
		return f, err
	}
	if string(fixed[:4]) != centralSignature {
		return f, damagedZip("its list of files has something else in it")
	}
	short := func(at int) uint16 { return binary.LittleEndian.Uint16(fixed[at:]) }
	long := func(at int) uint32 { return binary.LittleEndian.Uint32(fixed[at:]) }
	f = zipFile{
		system: fixed[5], flags: short(8), method: short(10), sum: long(16),
		packed: int64(long(20)), size: int64(long(24)), externalAttrib: long(38), offset: int64(long(42)),
	}
	name, extra, comment := int(short(28)), int(short(30)), int(short(32))
	text := make([]byte, name+extra+comment)
	if _, err := io.ReadFull(list, text); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			err = damagedZip("its list of files is cut off")
		}
		return f, err
	}
	f.name = zipName(text[:name], f.flags)
	return f, f.read64(text[name : name+extra])
}

// zipName returns a name in UTF-8 with slashes. Old programs write the code page of MS-DOS, and some
// write backslashes.
func zipName(raw []byte, flags uint16) string {
	const isUTF8 = 1 << 11
	name := string(raw)
	if flags&isUTF8 == 0 && !utf8.Valid(raw) {
		decoded, err := charmap.CodePage437.NewDecoder().Bytes(raw)
		if err == nil {
			name = string(decoded)
		}
	}
	return strings.ReplaceAll(name, `\`, "/")
}

// read64 replaces numbers that are too large for the list by those in the extra fields (4.5.3).
func (f *zipFile) read64(extra []byte) error {
	const id64, most = 1, 0xffffffff
	for len(extra) >= 4 {
		id, size := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; size > len(extra) {
			break
		}
		field := extra[:size]
		extra = extra[size:]
		if id != id64 {
			continue
		}
		for _, number := range []*int64{&f.size, &f.packed, &f.offset} {
			if *number != most {
				continue
			}
			if len(field) < 8 {
				return damagedZip("it has a size without a value")
			}
			*number = int64(binary.LittleEndian.Uint64(field))
			field = field[8:]
		}
	}
	if f.size < 0 || f.packed < 0 || f.offset < 0 {
		return damagedZip("it has a size without bounds")
	}
	return nil
}

// open returns a reader for the unpacked content, which fails unless size and checksum are right.
func (f *zipFile) open(r io.ReaderAt, before int64) (io.Reader, error) {
	var local [localSize]byte
	if f.offset > before-localSize {
		return nil, damagedZip("a file is not where its list says")
	}
	if err := readFull(r, local[:], f.offset); err != nil {
		return nil, err
	}
	begin := f.offset + localSize + int64(binary.LittleEndian.Uint16(local[26:])) + int64(binary.LittleEndian.Uint16(local[28:]))
	switch {
	case !bytes.HasPrefix(local[:], []byte(localSignature)) || f.packed > before-begin:
		return nil, damagedZip("a file is not where its list says")
	case binary.LittleEndian.Uint16(local[8:]) != f.method:
		return nil, damagedZip("a file is compressed otherwise than its list says")
	}
	return f.unpack(io.NewSectionReader(r, begin, f.packed))
}

// checkKind returns an error if the file is not an ordinary one; directory reports whether it is a directory.
func (f *zipFile) checkKind() (directory bool, err error) {
	const (
		encrypted, masked = 1 << 0, 1 << 13
		unix, macOS       = 3, 19
		types             = 0xf000
		regular, dir      = 0x8000, 0x4000
		emptyDeflated     = 2 // bytes
	)
	if f.flags&(encrypted|masked) != 0 {
		return false, errEncrypted
	}
	directory = strings.HasSuffix(f.name, "/")
	if f.system == unix || f.system == macOS {
		switch f.externalAttrib >> 16 & types {
		case 0, regular:
		case dir:
			directory = true
		default:
			return false, errLink
		}
	}
	if directory && (f.size > 0 || f.packed > emptyDeflated) {
		return false, damagedZip("a directory has content") // which could be a key
	}
	return directory, nil
}

// readFull reads all of p at an offset.
func readFull(r io.ReaderAt, p []byte, at int64) error {
	n, err := r.ReadAt(p, at)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

// A summed reader reads the content of a file of a ZIP archive.
type summed struct {
	r    io.Reader
	left int64
	sum  uint32
	want uint32
}

// Read implements [io.Reader].
func (s *summed) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := s.r.Read(p)
	if s.left -= int64(n); s.left < 0 {
		return 0, damagedZip("a file unpacks to more than its list says")
	}
	s.sum = crc32.Update(s.sum, crc32.IEEETable, p[:n])
	if errors.Is(err, io.EOF) {
		switch {
		case s.left > 0:
			return n, damagedZip("a file unpacks to less than its list says")
		case s.sum != s.want:
			return n, damagedZip("a checksum is wrong")
		}
	}
	return n, err
}
