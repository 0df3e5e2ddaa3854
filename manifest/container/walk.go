package container

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/member"
	"github.com/thingpress/thingpress/manifest/internal/spool"
)

// maxDepth is how deep containers nest, of which a compressed archive has two.
const maxDepth = 4

// A file is a file in a container that is not a container itself.
type file struct {
	// name is the path in the container, with the names of the archives on the way separated by
	// "!"; empty for the content of a file that is compressed.
	name string
	// head is the beginning, of [manifest.DetectSize] bytes or all.
	head []byte
	// rest follows the head.
	rest io.Reader
}

// whole reports whether the file ends with its head.
func (f *file) whole() bool { return len(f.head) < manifest.DetectSize }

// reader returns a reader for all of the file.
func (f *file) reader() io.Reader { return io.MultiReader(bytes.NewReader(f.head), f.rest) }

// A walk visits the files of a container in order.
type walk struct {
	budget budget
	dir    string          // for temporary files
	ctx    context.Context //nolint:containedctx // it lives as long as one call of Decode
	visit  func(*file) error
	at     string // name of the file that is read
	depth  int
}

func newWalk(ctx context.Context, in manifest.Input, limits manifest.Limits, dir string, visit func(*file) error) *walk {
	return &walk{budget: budget{limits: limits, packed: in.Size}, dir: dir, ctx: ctx, visit: visit}
}

// container visits the files of in.
func (w *walk) container(in manifest.Input) error {
	head, err := in.Head(manifest.DetectSize)
	if err != nil {
		return err
	}
	switch kindOf(head) {
	case kindZip:
		err = w.zip(in.Reader, in.Size)
	case kindTar:
		err = w.tar(in.Section(0))
	case kindGzip:
		err = w.gzip(in.Section(0))
	case kindNone:
		err = manifest.Errorf(manifest.ReasonUnsupportedFormat, "this is not an archive")
	}
	return damage(err)
}

// inside visits a member, which is a container or a file.
func (w *walk) inside(name string, r io.Reader) error {
	if err := w.ctx.Err(); err != nil {
		return context.Cause(w.ctx)
	}
	before := w.at
	w.at = join(before, name)
	if err := w.enter(r); err != nil {
		return err
	}
	w.at = before
	return nil
}

func (w *walk) enter(r io.Reader) error {
	var head bytes.Buffer
	if _, err := io.CopyN(&head, r, manifest.DetectSize); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	f := &file{name: w.at, head: head.Bytes(), rest: r}
	kind := kindOf(f.head)
	if kind == kindNone {
		return w.visit(f)
	}
	if w.depth++; w.depth == maxDepth {
		return manifest.Errorf(manifest.ReasonLimitExceeded, "archives in archives nest more than %d deep", maxDepth)
	}
	defer func() { w.depth-- }()
	switch kind {
	case kindTar:
		return w.tar(f.reader())
	case kindGzip:
		return w.gzip(f.reader())
	default:
		kept, err := spool.Fill(w.reader(f.reader()), w.dir)
		if err != nil {
			return err
		}
		return errors.Join(w.zip(kept, kept.Size()), kept.Close())
	}
}

// join returns the name of a member of a container with that name.
func join(container, name string) string {
	if container == "" || name == "" {
		return container + name
	}
	return container + "!" + name
}

// admit counts a member and checks its name. The name is as a message may show it.
func (w *walk) admit(name string) error {
	if err := w.budget.add(); err != nil {
		return err
	}
	if why := member.Unsafe(name); why != "" {
		return manifest.Errorf(manifest.ReasonUnsafeMember, "file %s: %s", manifest.Quote(name), why)
	}
	return nil
}

func (w *walk) zip(r io.ReaderAt, size int64) error {
	list, err := findZipDirectory(r, size)
	if err != nil {
		return err
	}
	if most := w.budget.limits.ArchiveMembers; list.files > uint64(most-w.budget.members) {
		return manifest.Exceeded(manifest.ReasonLimitExceeded, manifest.Limit{Name: manifest.LimitArchiveMembers, Value: int64(most)},
			"the ZIP archive claims %d files; the limit is %d", list.files, most)
	}
	return list.each(r, func(f zipFile) error {
		if err := w.admit(strings.TrimSuffix(f.name, "/")); err != nil {
			return err
		}
		directory, err := f.checkKind()
		if err != nil || directory {
			return w.fault(f.name, err)
		}
		content, err := f.open(r, list.offset)
		if err != nil {
			return w.fault(f.name, err)
		}
		return w.inside(f.name, spending{content, &w.budget})
	})
}

// fault returns err after noting which member it concerns.
func (w *walk) fault(name string, err error) error {
	if err != nil {
		w.at = join(w.at, name)
	}
	return err
}

func (w *walk) tar(from io.Reader) error {
	end := &tail{r: from}
	r := tar.NewReader(end)
	for {
		header, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return end.checkEnd()
		case err != nil:
			return damage(err)
		}
		name := strings.TrimSuffix(header.Name, "/")
		for strings.HasPrefix(name, "./") {
			name = strings.TrimLeft(name[2:], "/")
		}
		if header.Typeflag == tar.TypeXGlobalHeader || header.Typeflag == tarVolume || name == "" || name == "." {
			continue
		}
		if err := w.admit(name); err != nil {
			return err
		}
		switch header.Typeflag {
		case tar.TypeReg, tar.TypeCont:
		case tar.TypeDir:
			continue
		case tar.TypeGNUSparse:
			return w.fault(name, errSparse)
		default:
			return w.fault(name, errLink)
		}
		for record := range header.PAXRecords { // versions 0.0 and 0.1 of the format have no record of the version
			if strings.HasPrefix(record, "GNU.sparse.") {
				return w.fault(name, errSparse)
			}
		}
		if err := w.inside(name, r); err != nil {
			return damage(err)
		}
	}
}

// tarVolume is the type of a label, which GNU tar writes with --label.
const tarVolume = 'V'

// A sparse file would unpack to any size.
var errSparse = manifest.Errorf(manifest.ReasonUnsupportedFormat, "it is a sparse file, whose holes could have any size")

func (w *walk) gzip(from io.Reader) error {
	buffered := bufio.NewReader(from)
	r, err := gzip.NewReader(buffered)
	if err != nil {
		return damage(err)
	}
	return w.inside("", spending{&gzipMembers{buffered, r}, &w.budget})
}

// reader returns a reader that reads from r and ends with the context.
func (w *walk) reader(r io.Reader) io.Reader { return interruptible{w.ctx, r} }

type interruptible struct {
	ctx context.Context //nolint:containedctx // as above
	r   io.Reader
}

// Read implements [io.Reader].
func (i interruptible) Read(p []byte) (int, error) {
	if i.ctx.Err() != nil {
		return 0, context.Cause(i.ctx)
	}
	return i.r.Read(p)
}
