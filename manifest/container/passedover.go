package container

import (
	"errors"
	"path"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/member"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

// maxPassedOver is how many files of a container may be no manifests. Nobody packs more of them, except
// to keep a reader busy.
const maxPassedOver = 10_000

// passedOver names the files that are not manifests.
type passedOver struct {
	names  stream.PassedOver
	counts int
	files  int    // that are not explanations
	first  string // the first of them
	alone  error  // what it is
}

// add adds a file. The error says what it is, if that is known.
func (p *passedOver) add(f *file, err error) error {
	name := manifest.Quote(f.name)
	var broken *manifest.FileError
	if errors.As(err, &broken) {
		err = broken.Err
	}
	switch manifest.ReasonOf(err) {
	case "", manifest.ReasonUnknownFormat, manifest.ReasonEmpty:
	default:
		name += " (" + cut(err.Error()) + ")"
	}
	if err != nil {
		if p.files++; p.files == 1 {
			p.first, p.alone = f.name, err
		}
	}
	p.names.Add(name)
	return p.count()
}

// count counts a file, or one that is empty.
func (p *passedOver) count() error {
	if p.counts++; p.counts > maxPassedOver {
		return manifest.Errorf(manifest.ReasonLimitExceeded, "more than %d files are not manifests", maxPassedOver)
	}
	return nil
}

// mention adds the files to an entry.
func (p *passedOver) mention(held *stream.Held) {
	if rejected := held.Rejected; rejected != nil {
		rejected.Err = p.names.Mention(nil, rejected.Err)
	} else {
		_ = p.names.Mention(&held.Device, nil) // adds a warning
	}
	p.names = stream.PassedOver{}
}

// nothing returns the error for a container without a manifest of a format, or of any if it is empty, and
// the file that it concerns if there is only one.
func (p *passedOver) nothing(vendor string) (file string, err error) {
	what := "manifest"
	if vendor != "" {
		what += " of format " + vendor
	}
	switch {
	case p.names.Empty():
		return "", manifest.Errorf(manifest.ReasonEmpty, "there are no files in it")
	case p.files == 1:
		return p.first, p.alone
	}
	return "", manifest.Errorf(manifest.ReasonUnsupportedFormat, "there is no %s in it, but %s", what, &p.names)
}

// cut shortens what a file is to the first sentence.
func cut(text string) string {
	text, _, _ = strings.Cut(text, ";")
	const most = 100
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// isExplanation reports whether a file is not a manifest, judged by its name.
func isExplanation(name string) bool { return member.IsLeftover(name) || member.IsReadme(name) }

// isCertificateName reports whether a file is called as one with certificates.
func isCertificateName(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".pem", ".crt", ".cer", ".der", ".p7b", ".p7c":
		return true
	}
	return false
}

// isNoManifest reports whether an error is about a file that is something else than a manifest.
func isNoManifest(err error) bool {
	switch manifest.ReasonOf(err) {
	case manifest.ReasonUnknownFormat, manifest.ReasonUnknownColumns, manifest.ReasonUnsupportedFormat, manifest.ReasonEmpty:
		return true
	}
	return false
}
