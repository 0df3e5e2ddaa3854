package manifest

import (
	"context"
	"io"
	"iter"
)

// A CutFunc writes a manifest with the chosen entries of in, in their order and byte for byte, in the
// form of in. It returns how many it wrote: an entry that a break of the manifest stands for has no
// bytes. The content must be that of text that is not UTF-16.
type CutFunc func(ctx context.Context, in Input, opts Options, chosen func(entry int) bool, to io.Writer) (written int, err error)

// A PiecesFunc yields the files of the chosen entries of a manifest that is an archive, and of what
// explains them.
type PiecesFunc func(ctx context.Context, in Input, opts Options, chosen func(entry int) bool) iter.Seq2[Piece, error]

// A Piece is a file in a manifest that is an archive of archives.
type Piece struct {
	// Archive is the name of the inner archive; empty if the file is in the outer one.
	Archive string
	// Name is the name of the file in it.
	Name string
	// Content is valid until the next Piece.
	Content []byte
	// Explains is set if the file is not an entry.
	Explains bool
}
