package sevenz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/thingpress/thingpress/manifest"
)

// Magic is the beginning of every 7z archive.
const Magic = "7z\xbc\xaf\x27\x1c"

// startSize is the number of bytes before the packed streams: magic, version, CRC,
// and the place of the header.
const startSize = 32

// A place locates the header.
type place struct {
	offset, size int64
	crc          uint32
}

func readStart(r io.ReaderAt, size int64) (place, error) {
	var raw [startSize]byte
	n, err := r.ReadAt(raw[:min(size, startSize)], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return place{}, err
	}
	switch {
	case size == 0:
		return place{}, manifest.Errorf(manifest.ReasonEmpty, "there is nothing in the file")
	case !bytes.HasPrefix(raw[:n], []byte(Magic)) && (n >= len(Magic) || !bytes.HasPrefix([]byte(Magic), raw[:n])):
		return place{}, manifest.Errorf(manifest.ReasonUnknownFormat,
			"this is not a 7z archive: it begins with %s", manifest.Quote(string(raw[:min(n, 16)])))
	case n < startSize:
		return place{}, manifest.Errorf(manifest.ReasonTruncated, "the archive ends after %d bytes", n)
	case raw[6] != 0:
		return place{}, manifest.Errorf(manifest.ReasonUnsupportedFormat, "version %d.%d of the 7z format is not known", raw[6], raw[7])
	case crc32.ChecksumIEEE(raw[12:]) != binary.LittleEndian.Uint32(raw[8:]):
		return place{}, manifest.Errorf(manifest.ReasonCorrupt, "the checksum of the archive's first bytes is wrong")
	}
	offset, length := binary.LittleEndian.Uint64(raw[12:]), binary.LittleEndian.Uint64(raw[20:])
	switch behind := uint64(size - startSize); {
	case offset == 0 && length == 0 && behind == 0:
		return place{}, manifest.Errorf(manifest.ReasonEmpty, "the archive has no files")
	case length == 0:
		return place{}, manifest.Errorf(manifest.ReasonTruncated, "the archive was not finished: its header is missing")
	case offset > behind || length > behind-offset:
		return place{}, manifest.Errorf(manifest.ReasonTruncated,
			"the archive is cut off: it is %d bytes long and its header lies after that; "+
				"fetch it again, or put the parts together if it was split into volumes (.7z.001, .7z.002, …)", size)
	case length < behind-offset:
		return place{}, manifest.Errorf(manifest.ReasonTrailingData, "%d bytes follow the end of the archive", behind-offset-length)
	}
	at := place{startSize + int64(offset), int64(length), binary.LittleEndian.Uint32(raw[28:])}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.NewSectionReader(r, at.offset, at.size)); err != nil {
		return place{}, err
	}
	if sum.Sum32() != at.crc {
		return place{}, manifest.Errorf(manifest.ReasonCorrupt, "the checksum of the archive's header is wrong")
	}
	return at, nil
}
