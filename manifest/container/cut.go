package container

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/member"
	"github.com/thingpress/thingpress/manifest/internal/spool"
)

// cut writes a container of the same kind with the files that have chosen entries, of which each has only
// these.
func (d decoder) cut(ctx context.Context, in manifest.Input, opts manifest.Options, chosen func(entry int) bool, to io.Writer,
) (written int, err error) {
	head, err := in.Head(manifest.DetectSize)
	if err != nil {
		return 0, err
	}
	p := packer{kind: kindOf(head), to: to}
	opts.AllowCA, opts.Start = false, manifest.Position{} // AllowCA reads everything twice, for verdicts that do not matter here
	entries := d.decode(ctx, in, opts, func(m whole) error {
		n, err := p.addCut(ctx, d.format, m, opts, chosen)
		written += n
		return err
	})
	for _, err := range entries {
		var broken *manifest.FileError
		switch {
		case err == nil, errors.As(err, new(*manifest.EntryError)):
		case errors.As(err, &broken) && broken.Reason != manifest.ReasonPrivateKey && written > 0:
		default:
			return 0, err
		}
	}
	if written == 0 {
		return 0, nil
	}
	return written, p.close()
}

// A packer writes a container, beginning with the first file.
type packer struct {
	kind kind
	to   io.Writer
	zip  *zip.Writer
	tar  *tar.Writer
	gzip *gzip.Writer
}

// addCut adds a file with the chosen entries of a manifest, if there are any.
func (p *packer) addCut(ctx context.Context, format manifest.Format, m whole, opts manifest.Options, chosen func(entry int) bool) (int,
	error,
) {
	if m.rejected {
		if !chosen(m.first) {
			return 0, nil
		}
		return 1, p.add(m.name, m.input.Section(0), m.input.Size)
	}
	written := 0
	from, to := io.Pipe()
	go func() {
		n, err := format.Cut(ctx, m.input, opts, func(entry int) bool { return chosen(m.first + entry) }, to)
		written = n
		to.CloseWithError(err)
	}()
	kept, err := spool.Fill(from, opts.TempDir)
	if err != nil {
		return 0, errors.Join(err, from.CloseWithError(err))
	}
	defer kept.Close() //nolint:errcheck // it was only read
	if written == 0 {
		return 0, nil
	}
	return written, p.add(m.name, io.NewSectionReader(kept, 0, kept.Size()), kept.Size())
}

// add adds a file.
func (p *packer) add(name string, content io.Reader, size int64) (err error) {
	if path := strings.ReplaceAll(name, "!", "/"); member.Unsafe(path) == "" { // else "!" is part of a file's own name
		name = path
	}
	to := p.to
	if p.kind == kindGzip {
		if p.gzip == nil {
			p.gzip = gzip.NewWriter(p.to)
		}
		to = p.gzip
	}
	switch {
	case name == "": // the content of a compressed file
	case p.kind == kindZip:
		if p.zip == nil {
			p.zip = zip.NewWriter(p.to)
		}
		to, err = p.zip.Create(name)
	default:
		if p.tar == nil {
			p.tar = tar.NewWriter(to)
		}
		to, err = p.tar, p.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, Typeflag: tar.TypeReg, Format: tar.FormatPAX})
	}
	if err == nil {
		_, err = io.Copy(to, content)
	}
	return err
}

// close ends the container.
func (p *packer) close() error {
	var errs []error
	if p.zip != nil {
		errs = append(errs, p.zip.Close())
	}
	if p.tar != nil {
		errs = append(errs, p.tar.Close())
	}
	if p.gzip != nil {
		errs = append(errs, p.gzip.Close())
	}
	return errors.Join(errs...)
}
