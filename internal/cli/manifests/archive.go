package manifests

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/thingpress/thingpress/internal/material/sevenz"
	"github.com/thingpress/thingpress/internal/spool"
	"github.com/thingpress/thingpress/manifest"
)

// WriteArchive packs pieces of a manifest as a 7z of the same shape: the explanations next to the archive
// with the entries, or the entries in the outer one. It returns the number of entries, and writes
// nothing if there is none. To must be an [io.WriteSeeker].
func WriteArchive(pieces iter.Seq2[manifest.Piece, error], to io.Writer) (entries int, err error) {
	seeker, ok := to.(io.WriteSeeker)
	if !ok {
		return 0, errors.New("an archive needs a regular file")
	}
	var explanations []manifest.Piece
	var inner *spool.File
	var members *sevenz.Writer
	name := ""
	defer func() {
		if inner != nil {
			err = errors.Join(err, inner.Close())
		}
	}()
	for p, err := range pieces {
		switch {
		case err != nil:
			return entries, err
		case p.Explains:
			p.Content = bytes.Clone(p.Content)
			explanations = append(explanations, p)
			continue
		case members == nil:
			if name = p.Archive; name == "" {
				members, err = sevenz.NewWriter(seeker, sevenz.Options{})
			} else if inner, err = spool.Create(""); err == nil {
				members, err = sevenz.NewWriter(inner, sevenz.Options{})
			}
			if err != nil {
				return entries, err
			}
		}
		if err := members.Add(p.Name, time.Now(), p.Content); err != nil {
			return entries, err
		}
		entries++
	}
	if members == nil {
		return 0, nil
	}
	outer := members
	if name != "" {
		if err := members.Close(); err != nil {
			return entries, err
		}
		if outer, err = sevenz.NewWriter(seeker, sevenz.Options{Stored: true}); err != nil {
			return entries, err
		}
		if err := outer.Create(name, time.Now()); err != nil {
			return entries, err
		}
		if _, err := inner.Seek(0, io.SeekStart); err != nil {
			return entries, err
		}
		if _, err := io.Copy(outer, inner); err != nil {
			return entries, err
		}
	}
	for _, p := range explanations {
		if err := outer.Add(p.Name, time.Now(), p.Content); err != nil {
			return entries, err
		}
	}
	return entries, outer.Close()
}
