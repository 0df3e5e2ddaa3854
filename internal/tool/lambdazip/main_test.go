package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPackedProgramIsWhatLambdaRuns holds the zip to one executable bootstrap,
// and to being the same for the same program, whatever the time.
func TestPackedProgramIsWhatLambdaRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := bytes.Repeat([]byte("a program"), 10_000)
	from := filepath.Join(dir, "program")
	if err := os.WriteFile(from, program, 0o600); err != nil {
		t.Fatal(err)
	}
	var zips [2][]byte
	for n := range zips {
		to := filepath.Join(dir, "function.zip")
		if err := pack(to, from); err != nil {
			t.Fatal(err)
		}
		var err error
		if zips[n], err = os.ReadFile(to); err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(time.Hour)
		if err := os.Chtimes(from, later, later); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(zips[0], zips[1]) {
		t.Error("the same program gives different zips")
	}
	archive, err := zip.NewReader(bytes.NewReader(zips[0]), int64(len(zips[0])))
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.File) != 1 || archive.File[0].Name != "bootstrap" || archive.File[0].Mode().Perm() != 0o755 {
		t.Fatalf("%+v", archive.File)
	}
	r, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(r); err != nil || !bytes.Equal(content, program) {
		t.Errorf("%d bytes, %v", len(content), err)
	}
	if err := pack(filepath.Join(dir, "none.zip"), filepath.Join(dir, "none")); err == nil {
		t.Error("a program that is not there is packed")
	}
}
