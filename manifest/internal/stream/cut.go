package stream

import (
	"context"
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
	if err := refuseUTF16(in); err != nil {
		return 0, err
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

// CutFrame is for formats whose entries do not follow each other directly: read writes the chosen ones, and emits every
// entry as an empty device. The manifest is read once. A break ends it.
func CutFrame(ctx context.Context, vendor string, in manifest.Input, opts manifest.Options, read func(*Frame) error) error {
	if err := refuseUTF16(in); err != nil {
		return err
	}
	opts.AllowCA = false // it would read the manifest twice
	for _, err := range Decode(ctx, vendor, in, opts, read) {
		var broken *manifest.FileError
		if err != nil && (!errors.As(err, &broken) || broken.Reason == manifest.ReasonPrivateKey) {
			return err
		}
	}
	return nil
}

// refuseUTF16 returns an error if a manifest is UTF-16, which decoders convert as they read it.
func refuseUTF16(in manifest.Input) error {
	head, err := in.Head(len(bomUTF8))
	if err == nil && isUTF16(head) {
		err = manifest.Errorf(manifest.ReasonUnsupportedFormat, "the file is UTF-16; entries are cut only out of UTF-8")
	}
	return err
}
