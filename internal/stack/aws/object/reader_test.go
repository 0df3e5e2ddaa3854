package object_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/internal/stack/aws/object"
	"github.com/thingpress/thingpress/internal/testkit/objecttest"
)

func content(size int) []byte {
	data := make([]byte, size)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(data)
	return data
}

func open(t testing.TB, s *objecttest.Server, o objecttest.Object) *object.Reader {
	t.Helper()
	r, err := object.Open(t.Context(), s.Client(), object.Version{Bucket: o.Bucket, Key: o.Key, ID: o.Version, ETag: o.ETag})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// People choose keys: the requested object must be the one that was uploaded.
func TestEveryKeyAndSizeIsReadAsItWasUploaded(t *testing.T) {
	t.Parallel()
	s := objecttest.New(t)
	whole := content(2*object.PartSize + 17)
	for _, size := range []int{0, 1, object.PartSize - 1, object.PartSize, object.PartSize + 1, len(whole)} {
		for _, key := range []string{"a", "Reel 7+8 (ö)/MANIFEST.JSON", "x/../y", "100%.csv", "a//b"} {
			o := s.Put("b", key, whole[:size])
			r := open(t, s, o)
			got, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
			if err != nil || !bytes.Equal(got, whole[:size]) {
				t.Errorf("%q of %d bytes: %d bytes, %v", key, size, len(got), err)
			}
		}
	}
}

// A broken connection costs the rest of a part, not the import.
func TestBrokenBodyIsResumedAtItsByte(t *testing.T) {
	t.Parallel()
	s := objecttest.New(t)
	whole := content(3*object.PartSize + 5)
	var sent atomic.Int64
	s.Fault = func(o objecttest.Object, start int64) (int, string, int64) {
		const each = 1 << 20
		sent.Add(min(each, o.Size-start))
		return 0, "", each
	}
	r := open(t, s, s.Put("b", "k", whole))
	got, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil || !bytes.Equal(got, whole) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	// Data in the buffers of the broken connection is lost.
	if sent.Load() > 2*int64(len(whole)) {
		t.Errorf("%d bytes were sent for %d", sent.Load(), len(whole))
	}
}

func TestReadAtReturnsWhatIsThereWhateverTheOrder(t *testing.T) {
	t.Parallel()
	s := objecttest.New(t)
	whole := content(4*object.PartSize + 100)
	o := s.Put("b", "k", whole)
	rapid.Check(t, func(rt *rapid.T) {
		r, err := object.Open(t.Context(), s.Client(), object.Version{Bucket: "b", Key: "k", ID: o.Version})
		if err != nil {
			rt.Fatal(err)
		}
		defer r.Close()
		for range rapid.IntRange(1, 8).Draw(rt, "reads") {
			off := rapid.Int64Range(0, int64(len(whole))+10).Draw(rt, "offset")
			p := make([]byte, rapid.IntRange(0, 2*object.PartSize).Draw(rt, "length"))
			n, err := r.ReadAt(p, off)
			want := whole[min(off, int64(len(whole))):min(off+int64(len(p)), int64(len(whole)))]
			if !bytes.Equal(p[:n], want) || (err == nil) != (n == len(p)) || err != nil && !errors.Is(err, io.EOF) {
				rt.Fatalf("%d bytes at %d: %d, %v", len(p), off, n, err)
			}
		}
	})
}

// Two passes over one manifest must read the same content.
func TestContentThatIsGoneOrReplacedIsNotReadOn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		// change happens between opening and further reading.
		change  func(s *objecttest.Server)
		version bool // the bucket has versions
		pinned  bool // its ID is known from the event
		ok      bool
		problem string
	}{
		{"replaced, by version", func(s *objecttest.Server) { s.Put("b", "k", content(9<<20)) }, true, true, true, ""},
		{"replaced, by the version that was there", func(s *objecttest.Server) { s.Put("b", "k", content(9<<20)) }, true, false, true, ""},
		{"replaced, by ETag", func(s *objecttest.Server) { s.Put("b", "k", make([]byte, 9<<20)) }, false, false, false, "replaced"},
		{"deleted, by version", func(s *objecttest.Server) { s.Delete("b", "k") }, true, true, false, "deleted"},
		{"deleted, by ETag", func(s *objecttest.Server) { s.Delete("b", "k") }, false, false, false, "deleted"},
		{"archived", func(s *objecttest.Server) {
			s.Fault = func(objecttest.Object, int64) (int, string, int64) {
				return http.StatusForbidden, "InvalidObjectState", 0
			}
		}, true, true, false, "archive"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := objecttest.New(t)
			whole := content(9 << 20)
			v := object.Version{Bucket: "b", Key: "k"}
			s.Unversioned = !test.version
			if o := s.Put("b", "k", whole); test.pinned {
				v.ID = o.Version
			}
			r, err := object.Open(t.Context(), s.Client(), v)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			test.change(s)
			_, err = r.ReadAt(make([]byte, 100), 5<<20)
			var gone *object.GoneError
			if test.ok != (err == nil) || err != nil && (!errors.As(err, &gone) || !strings.Contains(err.Error(), test.problem)) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestOpenSaysWhichObjectIsNotThere(t *testing.T) {
	t.Parallel()
	s := objecttest.New(t)
	s.Put("b", "k", []byte("old"))
	for _, v := range []object.Version{
		{Bucket: "b", Key: "other"}, {Bucket: "b", Key: "k", ID: "v99"}, {Bucket: "b", Key: "k", ETag: "another"},
	} {
		_, err := object.Open(t.Context(), s.Client(), v)
		var gone *object.GoneError
		if !errors.As(err, &gone) || !strings.Contains(err.Error(), "b/"+v.Key) {
			t.Errorf("%+v: %v", v, err)
		}
	}
}

func TestWhoMayNotReadIsToldAtOnceAndNotThatItIsGone(t *testing.T) {
	t.Parallel()
	s := objecttest.New(t)
	s.Fault = func(objecttest.Object, int64) (int, string, int64) { return http.StatusForbidden, "AccessDenied", 0 }
	s.Put("b", "k", []byte("text"))
	_, err := object.Open(t.Context(), s.Client(), object.Version{Bucket: "b", Key: "k"})
	var gone *object.GoneError
	if err == nil || errors.As(err, &gone) || !strings.Contains(err.Error(), "AccessDenied") || s.Gets() != 1 {
		t.Errorf("after %d requests: %v", s.Gets(), err)
	}
}

func TestGetTakesSmallObjectsOnly(t *testing.T) {
	t.Parallel()
	s := objecttest.New(t)
	o := s.Put("b", "k", content(100))
	data, v, err := object.Get(t.Context(), s.Client(), object.Version{Bucket: "b", Key: "k"}, 100)
	if err != nil || len(data) != 100 || v.ID != o.Version || v.ETag != o.ETag {
		t.Errorf("%d bytes of %+v, %v", len(data), v, err)
	}
	_, _, err = object.Get(t.Context(), s.Client(), object.Version{Bucket: "b", Key: "k"}, 99)
	var large *object.TooLargeError
	if !errors.As(err, &large) || large.Size != 100 || large.Limit != 99 {
		t.Errorf("%v", err)
	}
}

// clientFunc is a client without a network, for tests of time.
type clientFunc func(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error)

func (f clientFunc) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return f(ctx, in)
}

// stalled is a body that sends nothing more.
type stalled struct{ ctx context.Context }

func (s stalled) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }

func TestStalledBodyIsAskedForAgainAndGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for stalls, wantErr := range map[int]bool{3: false, 1000: true} {
			calls := 0
			client := clientFunc(func(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
				var from, to int
				if _, err := fmt.Sscanf(*in.Range, "bytes=%d-%d", &from, &to); err != nil {
					t.Error(err)
				}
				body := io.Reader(strings.NewReader("0123456789"[from:]))
				if calls++; calls <= stalls {
					body = io.MultiReader(io.LimitReader(body, int64(min(2-from, 2))), stalled{ctx})
				}
				return &s3.GetObjectOutput{
					Body: io.NopCloser(body), ETag: aws.String(`"e"`),
					ContentRange: aws.String(fmt.Sprintf("bytes %d-9/10", from)),
				}, nil
			})
			r, err := object.Open(t.Context(), client, object.Version{Bucket: "b", Key: "k"})
			if (err != nil) != wantErr {
				t.Fatalf("%d stalls: after %d calls: %v", stalls, calls, err)
			}
			if err == nil {
				p := make([]byte, 10)
				if _, err := r.ReadAt(p, 0); err != nil || string(p) != "0123456789" {
					t.Errorf("%q, %v", p, err)
				}
				r.Close()
			}
		}
	})
}

func TestSpoolHoldsTheObjectAndLeavesNoFile(t *testing.T) {
	t.Parallel()
	s := objecttest.New(t)
	whole := content(object.PartSize + 3)
	r := open(t, s, s.Put("b", "k", whole))
	dir := t.TempDir()
	spool, err := object.Copy(t.Context(), r, dir, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(io.NewSectionReader(spool, 0, 1<<62))
	if err != nil || !bytes.Equal(got, whole) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := spool.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestSpoolAsksForRoomBeforeItCopies(t *testing.T) {
	t.Parallel()
	s := objecttest.New(t)
	r := open(t, s, s.Put("b", "k", content(1000)))
	_, err := object.Copy(t.Context(), r, t.TempDir(), 1<<50, nil)
	var space *object.SpaceError
	if !errors.As(err, &space) || space.Need != 1000<<50 || space.Have <= 0 {
		t.Errorf("%v", err)
	}
}
