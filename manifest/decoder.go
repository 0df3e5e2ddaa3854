package manifest

import (
	"context"
	"iter"
)

// A Decoder reads the manifests of one vendor.
//
// Implementations are stateless and safe for concurrent use.
type Decoder interface {
	// Vendor is the name of the format, lower case, such as "espressif".
	Vendor() string

	// Detect reports whether a manifest that begins with head, up to
	// [DetectSize] bytes of it, and is size bytes long looks like this
	// format. It must not claim another vendor's format, and must never
	// panic.
	Detect(head []byte, size int64) bool

	// Decode yields every entry of the manifest in order: a Device, or an
	// *EntryError next to the zero Device for an entry that is rejected. Any
	// other error is the last element: a *FileError if the content is to
	// blame, else what the reader or the context said. Entries are numbered
	// without gaps from opts.Start.Entry. A manifest without a single entry
	// ends with a *FileError of [ReasonEmpty].
	Decode(ctx context.Context, in Input, opts Options) iter.Seq2[Device, error]
}

// DetectSize is how much of a manifest's beginning [Decoder.Detect] is given.
const DetectSize = 64 << 10
