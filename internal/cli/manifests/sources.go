package manifests

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/internal/spool"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// OpenSources reads every manifest once and returns it as a source for the engine's
// two passes. Without a vendor it detects the format from the content and the options.
func OpenSources(ctx context.Context, inputs []manifest.Input, vendor string, options manifest.Options, printer *progress.Printer,
) ([]*engine.Source, error) {
	var sources []*engine.Source
	for _, in := range inputs {
		decoder, err := vendors.Choose(ctx, in, vendor, options)
		if err != nil {
			return nil, exit.WithHint(err, BreakHint(err, advice.CLI))
		}
		printer.Update(progress.Status{Phase: "reading " + in.Name})
		source, err := engine.OpenSource(ctx, in, decoder)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return sources, nil
}

// ShowScanning returns a handler of events that shows the progress of a first pass.
func ShowScanning(printer *progress.Printer) engine.Events {
	return func(event engine.Event) {
		if e, ok := event.(engine.Scanning); ok {
			printer.Update(progress.Status{Phase: "checking " + e.Manifest, Done: int64(e.Entries), Rejected: int64(e.Rejected)})
		}
	}
}

// BreakHint returns what to do about a manifest that cannot be read any further.
func BreakHint(err error, where advice.Surface) string {
	if hint := advice.Of(err, where).Todo; hint != "" {
		return hint
	}
	return "ask the sender for the manifest again; docs/reasons.md explains each reason"
}

// Rejections returns the rejected entries of a scan by reason, with the first of each and
// with what to do about them.
func Rejections(s *engine.ScanResult, where advice.Surface) []report.Rejection {
	list := rejectionsOf(s.Reasons, s.Remedies, where)
	examples := map[manifest.Reason][]report.Example{}
	for _, r := range s.Rejections() {
		examples[manifest.Reason(r.Reason)] = report.ExamplesOf(r, s.Manifests)
	}
	for i := range list {
		list[i].Examples = examples[list[i].Reason]
	}
	return list
}

func rejectionsOf(reasons map[manifest.Reason]int, remedies map[manifest.Reason]engine.Remedy, where advice.Surface) []report.Rejection {
	return report.RejectionsOf(reasons, func(reason manifest.Reason) string {
		return advice.ForRejected(reason, remedies[reason], where).Todo
	})
}

// TestMaterialError returns an error about devices of a scan that anyone can impersonate.
func TestMaterialError(s *engine.ScanResult) error {
	return fmt.Errorf("%s of %s made by thingpress generate, from a seed that others may know",
		progress.Plural(s.TestMaterial, "certificate", "certificates"), progress.Count(int64(s.Devices)))
}

// RejectionText returns a line for people.
func RejectionText(r report.Rejection) string {
	return progress.Count(int64(r.Count)) + " rejected, " + withTodo(r.Reason, r.Todo)
}

// withTodo returns a reason, and what to do about it if there is something to do.
func withTodo(reason manifest.Reason, todo string) string {
	if todo == "" {
		return string(reason)
	}
	return string(reason) + ": " + todo
}

// A Reading is how [OpenFiles] reads what is not a file.
type Reading struct {
	Stdin io.Reader
	// Objects are the flags for objects in S3. Profile and Region are those of the command's target, and are used
	// for them unless they have a profile of their own.
	Objects         ObjectFlags
	Profile, Region string
	// Printer shows what is downloaded; nil shows nothing.
	Printer *progress.Printer
}

// Files are the open manifests of a command line.
type Files struct {
	Inputs []manifest.Input
	// Names open the same content again. They are those of the command line, except that those of objects in S3
	// have the version that was read, if the bucket has versions.
	Names   []string
	closers []io.Closer
}

// OpenFiles opens the named files, directories and objects in S3. The name "-" is standard input. It copies
// input that cannot be read twice to temporary files. The caller must close the files.
func OpenFiles(ctx context.Context, names []string, from Reading) (*Files, error) {
	f := &Files{}
	for _, name := range names {
		var err error
		if IsObject(name) {
			name, err = f.openObject(ctx, name, from)
		} else {
			err = f.open(ctx, name, from.Stdin)
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		f.Names = append(f.Names, name)
	}
	return f, nil
}

func (f *Files) open(ctx context.Context, name string, stdin io.Reader) error {
	if name == "-" {
		return f.spool(ctx, "standard input", stdin)
	}
	file, err := terminal.OpenFile(ctx, name, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	f.closers = append(f.closers, file)
	info, err := file.Stat()
	switch {
	case err != nil:
		return err
	case info.IsDir():
		found, err := openDirectory(ctx, name)
		if err != nil {
			return err
		}
		f.closers = append(f.closers, found)
		f.Inputs = append(f.Inputs, found.input(name))
		return nil
	case !info.Mode().IsRegular():
		return f.spool(ctx, name, terminal.InterruptibleReader(ctx, file))
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

// Adopt takes over files that were opened separately, and closes them with its own.
func (f *Files) Adopt(others *Files) { f.closers = append(f.closers, others.closers...) }

// Close closes the files and removes the temporary ones.
func (f *Files) Close() error {
	var errs []error
	for _, c := range f.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
