package object

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// PartSize is how much a [Reader] asks for at once. It holds two parts at most.
const PartSize = 4 << 20

// A Client gets objects; *s3.Client is one. Its methods are safe for concurrent use.
type Client interface {
	GetObject(ctx context.Context, in *s3.GetObjectInput, o ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// A Version is one content of an object. If the bucket has no versions, the
// ETag tells the content.
type Version struct {
	Bucket, Key string
	// ID is the version's; empty or "null" in a bucket without versions.
	ID string
	// ETag is without quotes; empty if it is not known.
	ETag string
}

// A Reader gives random access to one version of an object. It reads in parts
// of [PartSize], and fetches the next one while the present one is worked on,
// once reading has come to its middle: who only looks at the beginning does
// not pay for more. A part that breaks off is asked for again from the byte
// at which it did.
//
// It is for one goroutine at a time, which must call Close.
type Reader struct {
	fetcher fetcher
	ctx     context.Context //nolint:containedctx // the io.ReaderAt interface has no other way to learn of it
	end     context.CancelFunc
	size    int64
	part    part
	ahead   *ahead // nil while none is under way
	spare   []byte
}

// A part is a piece of the object; index -1 is none.
type part struct {
	index int64
	data  []byte
}

// An ahead is a part on its way.
type ahead struct {
	index int64
	end   context.CancelFunc
	done  chan struct{}
	data  []byte
	err   error
}

// Open gets the beginning of the object and learns size and ETag from it. The
// Reader works until ctx ends. A version without ID is the present one, if it
// has the ETag or none was given; it is held on to by its ID, or by its ETag
// if the bucket has no versions.
//
// Errors are *[GoneError] if there is no such version, or not any more;
// others may be different next time.
func Open(ctx context.Context, client Client, v Version) (*Reader, error) {
	ctx, end := context.WithCancel(ctx)
	r := &Reader{fetcher: fetcher{client: client, version: v}, ctx: ctx, end: end, part: part{index: -1}}
	data, size, err := r.fetcher.first(ctx, make([]byte, PartSize))
	if err != nil {
		end()
		return nil, err
	}
	r.size, r.part = size, part{0, data}
	return r, nil
}

// Size is the length of the object in bytes.
func (r *Reader) Size() int64 { return r.size }

// Version is what is read, with the ID and the ETag that it has.
func (r *Reader) Version() Version { return r.fetcher.version }

// Close ends what is under way.
func (r *Reader) Close() {
	r.end()
	r.drop()
}

// ReadAt implements [io.ReaderAt].
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at >= r.size {
			return n, io.EOF
		}
		if err := r.have(at / PartSize); err != nil {
			return n, err
		}
		inside := at % PartSize
		taken := copy(p[n:], r.part.data[inside:])
		n += taken
		if inside+int64(taken) > PartSize/2 {
			r.readAhead(r.part.index + 1)
		}
	}
	return n, nil
}

// have makes a part the present one.
func (r *Reader) have(index int64) error {
	if r.part.index == index {
		return nil
	}
	if r.ahead == nil || r.ahead.index != index {
		r.drop()
		r.begin(index)
	}
	a := r.ahead
	<-a.done
	r.ahead = nil
	a.end()
	if a.err != nil {
		r.spare = a.data
		return a.err
	}
	r.spare, r.part = r.part.data, part{index, a.data}
	return nil
}

// readAhead begins to fetch a part, if there is one and nothing else is under way.
func (r *Reader) readAhead(index int64) {
	if r.ahead == nil && index*PartSize < r.size {
		r.begin(index)
	}
}

func (r *Reader) begin(index int64) {
	buffer := r.spare
	if r.spare = nil; cap(buffer) < PartSize {
		buffer = make([]byte, PartSize)
	}
	start := index * PartSize
	buffer = buffer[:min(PartSize, r.size-start)]
	ctx, end := context.WithCancel(r.ctx)
	a := &ahead{index: index, end: end, done: make(chan struct{}), data: buffer}
	r.ahead = a
	go func() {
		defer close(a.done)
		a.err = r.fetcher.fetch(ctx, a.data, start, r.size)
	}()
}

// drop ends what is under way and takes its memory back.
func (r *Reader) drop() {
	if r.ahead == nil {
		return
	}
	r.ahead.end()
	<-r.ahead.done
	r.spare, r.ahead = r.ahead.data, nil
}
