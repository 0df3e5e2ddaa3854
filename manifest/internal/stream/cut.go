package stream

import (
	"errors"
	"io"
	"iter"

	"github.com/thingpress/thingpress/manifest"
)

// Cut calls write with the number and the bytes of each chosen entry, which are those from the end of the entry before
// it, or from start, to its own end. It returns how many there were. A break ends the manifest.
func Cut(entries iter.Seq2[manifest.Device, error], in manifest.Input, start int64, chosen func(entry int) bool,
	write func(number int, entry io.Reader) error,
) (written int, err error) {
	head, err := in.Head(len(bomUTF8))
	if err != nil {
		return 0, err
	}
	if isUTF16(head) {
		return 0, manifest.Errorf(manifest.ReasonUnsupportedFormat, "the file is UTF-16; entries are cut only out of UTF-8")
	}
	for device, err := range entries {
		entry, end := device.Entry, device.End
		var rejected *manifest.EntryError
		var broken *manifest.FileError
		switch {
		case errors.As(err, &rejected):
			entry, end = rejected.Entry, rejected.End
		case errors.As(err, &broken) && broken.Reason != manifest.ReasonPrivateKey:
			return written, nil
		case err != nil:
			return written, err
		}
		if chosen(entry) {
			if err := write(entry, io.NewSectionReader(in.Reader, start, max(0, end-start))); err != nil {
				return written, err
			}
			written++
		}
		start = max(start, end) // entries in a container have no ends of their own
	}
	return written, nil
}
