package manifests

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/manifest"
)

// A directory reads as a tar archive of its files in the byte order of their paths, without anything
// but paths and content. So it has a hash, and can be read twice like any other manifest.
type directory struct {
	root  *os.Root
	files []archived
	size  int64

	open *os.File // the file that was read last
	path string   // its path
}

// archived is a file in a directory.
type archived struct {
	path   string // with slashes
	size   int64
	offset int64 // of its header
}

// maxFiles is the maximum number of files in a directory. They are listed in memory.
const maxFiles = 2_000_000

// mostBytes is far more than a directory may have (see [manifest.Limits]), and leaves room for the headers.
const mostBytes = 1 << 60

// openDirectory lists the files of a directory and of those in it.
func openDirectory(ctx context.Context, name string) (*directory, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	d := &directory{root: root}
	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", filepath.Join(name, path), unwrapPath(err))
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			return exit.WithHint(fmt.Errorf("%s is a link or a device, not a file", filepath.Join(name, path)),
				"name the directory that it leads to, or put the file in its place")
		case len(d.files) == maxFiles:
			return fmt.Errorf("%s has more than %d files", name, maxFiles)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		d.files = append(d.files, archived{path: path, size: info.Size()})
		return nil
	})
	if err == nil && len(d.files) == 0 {
		err = fmt.Errorf("%s: there are no files in the directory", name)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	slices.SortFunc(d.files, func(a, b archived) int { return strings.Compare(a.path, b.path) })
	for i := range d.files {
		f := &d.files[i]
		f.offset = d.size
		header, err := f.header()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", filepath.Join(name, f.path), err), root.Close())
		}
		if f.size > mostBytes-d.size {
			return nil, errors.Join(fmt.Errorf("%s: the files are longer than %d bytes", name, int64(mostBytes)), root.Close())
		}
		d.size += int64(len(header)) + padded(f.size)
	}
	d.size += endBlocks
	return d, nil
}

// unwrapPath removes the path within the root from an error.
func unwrapPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

const (
	block     = 512
	endBlocks = 2 * block
)

func padded(size int64) int64 { return (size + block - 1) / block * block }

// header returns the blocks before the content of a file.
func (f *archived) header() ([]byte, error) {
	var b bytes.Buffer
	err := tar.NewWriter(&b).WriteHeader(&tar.Header{Name: f.path, Size: f.size, Typeflag: tar.TypeReg, Format: tar.FormatPAX})
	return b.Bytes(), err
}

// input returns the directory as a manifest.
func (d *directory) input(name string) manifest.Input {
	return manifest.Input{Name: strings.TrimRight(filepath.ToSlash(name), "/") + "/", Reader: d, Size: d.size}
}

// ReadAt implements [io.ReaderAt].
func (d *directory) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		at := off + int64(done)
		if at >= d.size {
			return done, io.EOF
		}
		n, err := d.readPart(p[done:], at)
		if done += n; err != nil {
			return done, err
		}
	}
	return done, nil
}

// readPart reads at least a byte of what is at an offset: a header, a file, or zeros.
func (d *directory) readPart(p []byte, off int64) (int, error) {
	i := sort.Search(len(d.files), func(i int) bool { return d.files[i].offset > off }) - 1
	if i < 0 {
		return zero(p, d.size-off), nil
	}
	f := &d.files[i]
	header, err := f.header()
	if err != nil {
		return 0, err
	}
	at := off - f.offset
	if at < int64(len(header)) {
		return copy(p, header[at:]), nil
	}
	if at -= int64(len(header)); at >= f.size {
		next := d.size
		if i+1 < len(d.files) {
			next = d.files[i+1].offset
		}
		return zero(p, next-off), nil
	}
	return d.readFile(f, p[:min(int64(len(p)), f.size-at)], at)
}

// zero clears at most n bytes of p.
func zero(p []byte, n int64) int {
	p = p[:min(int64(len(p)), n)]
	clear(p)
	return len(p)
}

// readFile reads all of p from a file, which must be as long as it was when it was listed.
func (d *directory) readFile(f *archived, p []byte, at int64) (int, error) {
	if d.open == nil || d.path != f.path {
		file, err := d.root.Open(f.path)
		if err != nil {
			return 0, err
		}
		if d.open != nil {
			_ = d.open.Close() // it was only read
		}
		d.open, d.path = file, f.path
	}
	n, err := d.open.ReadAt(p, at)
	switch {
	case errors.Is(err, io.EOF) && n < len(p):
		return n, manifest.Errorf(manifest.ReasonChanged, "%s became shorter while it was read", f.path)
	case err != nil && !errors.Is(err, io.EOF):
		return n, err
	case at+int64(n) < f.size:
		return n, nil
	}
	// What was appended since the files were listed would be lost without a word.
	info, err := d.open.Stat()
	if err == nil && info.Size() != f.size {
		err = manifest.Errorf(manifest.ReasonChanged, "%s became longer while it was read", f.path)
	}
	return n, err
}

// Close implements [io.Closer].
func (d *directory) Close() error {
	if d.open != nil {
		_ = d.open.Close() // as above
	}
	return d.root.Close()
}
