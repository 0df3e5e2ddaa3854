package manifests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/spool"
	"github.com/thingpress/thingpress/manifest"
)

// Files are the open manifests of a command line.
type Files struct {
	Inputs  []manifest.Input
	closers []io.Closer
}

// OpenFiles opens the named files; "-" is standard input. What cannot be read
// twice is spooled. The caller must close the files.
func OpenFiles(ctx context.Context, names []string, stdin io.Reader) (*Files, error) {
	f := &Files{}
	for _, name := range names {
		if err := f.open(ctx, name, stdin); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

func (f *Files) open(ctx context.Context, name string, stdin io.Reader) error {
	if name == "-" {
		return f.spool(ctx, "standard input", stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	f.closers = append(f.closers, file)
	info, err := file.Stat()
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return exit.WithHint(fmt.Errorf("%s is a directory", name), "name the manifests in it, such as "+name+"/*")
	case !info.Mode().IsRegular():
		return f.spool(ctx, name, file)
	}
	f.Inputs = append(f.Inputs, manifest.Input{Name: name, Reader: file, Size: info.Size()})
	return nil
}

func (f *Files) spool(ctx context.Context, name string, from io.Reader) error {
	file, err := spool.Create("")
	if err != nil {
		return err
	}
	f.closers = append(f.closers, file)
	size, err := file.Fill(ctx, from)
	if err != nil {
		return fmt.Errorf("%s: copy to a temporary file: %w", name, err)
	}
	f.Inputs = append(f.Inputs, manifest.Input{Name: name, Reader: file, Size: size})
	return nil
}

// Close closes the files, and removes what was spooled.
func (f *Files) Close() error {
	var errs []error
	for _, c := range f.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
