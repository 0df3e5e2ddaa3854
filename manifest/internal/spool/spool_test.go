package spool_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"testing/iotest"

	"github.com/thingpress/thingpress/manifest/internal/spool"
)

// No byte may be lost at the border between memory and file, and no file may remain.
func TestStreamIsKeptWholeOnBothSidesOfTheBorder(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, spool.Memory - 1, spool.Memory, spool.Memory + 1, 2*spool.Memory + 5} {
		dir := t.TempDir()
		want := make([]byte, size)
		for i := range want {
			want[i] = byte(i * 7 >> 3)
		}
		s, err := spool.Fill(bytes.NewReader(want), dir)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(s, 0, s.Size()))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %d came back, %v", size, len(got), err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%d bytes: files left: %v, %v", size, left, err)
		}
	}
}

func TestFailingStreamLeavesNoFile(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, size := range []int{10, spool.Memory + 10} {
		dir := t.TempDir()
		_, err := spool.Fill(io.MultiReader(bytes.NewReader(make([]byte, size)), iotest.ErrReader(broken)), dir)
		if !errors.Is(err, broken) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%d bytes: files left: %v, %v", size, left, err)
		}
	}
}
