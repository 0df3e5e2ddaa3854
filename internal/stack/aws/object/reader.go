package object

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// PartSize is the size of the parts that a [Reader] requests. It holds at most two of
// them.
const PartSize = 4 << 20

// A Client gets objects, as *s3.Client does. It must be safe for concurrent use.
type Client interface {
	GetObject(ctx context.Context, in *s3.GetObjectInput, o ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// A Version is one version of an object. In a bucket without versions, the ETag
// identifies it.
type Version struct {
	Bucket, Key string
	// ID of the version; empty or "null" in a bucket without versions.
	ID string
	// ETag is without quotes; empty if it is not known.
	ETag string
}

// A Reader gives random access to one version of an object. It reads in parts of
// [PartSize]. Once the caller has read half of a part, the Reader fetches the next
// one, so a caller that reads only the beginning does not pay for more. If a part
// breaks off, the Reader requests the rest of it.
//
// A Reader must not be used concurrently, and must be closed.
type Reader struct {
	fetcher fetcher
	ctx     context.Context //nolint:containedctx // the io.ReaderAt interface has no other way to learn of it
	end     context.CancelFunc
	size    int64
	part    part
	ahead   *ahead // nil if none is being fetched
	spare   []byte
}

// A part is a piece of the object; index -1 is none.
type part struct {
	index int64
	data  []byte
}

// An ahead is a part that is being fetched.
type ahead struct {
	index int64
	end   context.CancelFunc
	done  chan struct{}
	data  []byte
	err   error
}

// Open reads the beginning of the object, and learns size and ETag from it. The
// Reader works until ctx ends. Without an ID, Open takes the current version, which
// must have the ETag if one is given. The Reader identifies that version by its ID,
// or by its ETag in a bucket without versions.
//
// The error is a *[GoneError] if the version does not exist or no longer does. After
// any other error, another attempt may succeed.
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

// Size returns the length of the object in bytes.
func (r *Reader) Size() int64 { return r.size }

// Version returns the version that is read, with its ID and ETag.
func (r *Reader) Version() Version { return r.fetcher.version }

// Close cancels the requests in flight.
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

// have makes a part the current one.
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

// readAhead begins to fetch a part, if it exists and no other is being fetched.
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

// drop cancels the part that is being fetched, and takes its memory back.
func (r *Reader) drop() {
	if r.ahead == nil {
		return
	}
	r.ahead.end()
	<-r.ahead.done
	r.spare, r.ahead = r.ahead.data, nil
}
