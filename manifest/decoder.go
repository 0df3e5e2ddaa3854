package manifest

import (
	"context"
	"iter"
)

// A Decoder reads the manifests of one vendor.
//
// Implementations are stateless and safe for concurrent use.
type Decoder interface {
	// Vendor returns the name of the format in lower case, such as "espressif".
	Vendor() string

	// Detect reports whether a manifest of size bytes that begins with head, which
	// has up to [DetectSize] bytes, looks like this format. It must not claim the
	// format of another vendor, and must never panic.
	Detect(head []byte, size int64) bool

	// Decode yields every entry of the manifest in order: a Device, or the zero
	// Device and an *EntryError for a rejected entry. Any other error is the last
	// element: a *FileError if the content is at fault, and otherwise the error of
	// the reader or the context. Entries are numbered without gaps from
	// opts.Start.Entry. A manifest without entries ends with a *FileError of
	// [ReasonEmpty].
	Decode(ctx context.Context, in Input, opts Options) iter.Seq2[Device, error]
}

// DetectSize is how many bytes of a manifest [Decoder.Detect] receives.
const DetectSize = 64 << 10
