package spool_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/thingpress/thingpress/internal/spool"
)

func TestFileHoldsAStreamAndLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := spool.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 && runtime.GOOS != "windows" {
		t.Errorf("the file has a name while it is open: %v", left)
	}
	want := bytes.Repeat([]byte("0123456789"), 100_000)
	n, err := f.Fill(t.Context(), iotest.DataErrReader(bytes.NewReader(want)))
	if err != nil || n != int64(len(want)) {
		t.Errorf("filled with %d bytes: %v", n, err)
	}
	if got, err := io.ReadAll(io.NewSectionReader(f, 0, n)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes: %v", len(got), err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestFillTellsWhyItEnded(t *testing.T) {
	t.Parallel()
	f, err := spool.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	broken := errors.New("broken")
	if n, err := f.Fill(t.Context(), io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken))); !errors.Is(err, broken) || n != 3 {
		t.Errorf("%d bytes, then %v", n, err)
	}
	ctx, end := context.WithCancelCause(t.Context())
	end(broken)
	if _, err := f.Fill(ctx, strings.NewReader("abc")); !errors.Is(err, broken) {
		t.Errorf("a context that has ended: %v", err)
	}
	if _, err := spool.Create("/does/not/exist"); err == nil {
		t.Error("a file was created in a directory that does not exist")
	}
}
