package infineon

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon/internal/sevenz"
	"github.com/thingpress/thingpress/manifest/internal/member"
	"github.com/thingpress/thingpress/manifest/internal/spool"
)

// extractByContent spools the chosen bundle if its archive was renamed, and returns
// nil if there is none. The names of the files in an archive tell which bundle it
// is. Archives that are named as another bundle or as that of the keys are not
// opened. Everything that is not an archive is searched for private keys.
func (d *decoding) extractByContent(outer *sevenz.Archive) (*spool.Spool, error) {
	var chosen *spool.Spool
	r := outer.Reader()
	defer r.Close()
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			return chosen, nil
		}
		var found *spool.Spool
		if err == nil && !m.Directory {
			found, err = d.candidate(r, m)
		}
		if err == nil && found != nil && chosen != nil {
			err = errors.Join(found.Close(), manifest.Errorf(manifest.ReasonAmbiguousBundle,
				"the archive has several renamed archives of bundle %s; the reel's is ambiguous", d.bundle))
		}
		if err != nil {
			if chosen != nil {
				err = errors.Join(err, chosen.Close())
			}
			return nil, err
		}
		if found != nil {
			chosen, d.reel, d.archive = found, reelOf(path.Base(m.Name)), path.Base(m.Name)
		}
	}
}

// candidate spools a member if it is an archive of the chosen bundle. Otherwise it
// returns nil.
func (d *decoding) candidate(r io.Reader, m sevenz.Member) (*spool.Spool, error) {
	base := path.Base(strings.ReplaceAll(m.Name, `\`, "/"))
	if object, _ := bundleOf(base); object != "" || strings.HasSuffix(strings.ToLower(base), keysSuffix) {
		return nil, nil //nolint:nilnil // it is not a candidate
	}
	head := make([]byte, len(sevenz.Magic))
	n, _ := io.ReadFull(r, head) // whatever is wrong shows below
	whole := io.MultiReader(bytes.NewReader(head[:n]), r)
	if string(head) != sevenz.Magic || m.Unsafe != "" {
		return nil, d.scan(whole)
	}
	found, err := spool.Fill(d.frame.Reader(whole), d.frame.Options.TempDir)
	if err != nil {
		return nil, err
	}
	object, err := d.objectIn(found)
	if err == nil && object == d.bundle {
		return found, nil
	}
	if object != "" {
		d.renamed = append(d.renamed, object)
	}
	return nil, errors.Join(err, found.Close())
}

// objectIn returns the object of an archive's files, and "" if it is not a bundle.
func (d *decoding) objectIn(found *spool.Spool) (string, error) {
	archive, err := sevenz.Open(found, found.Size(), d.frame.Limits, d.frame.Options.TempDir)
	if err != nil {
		return "", d.frame.Err() // an archive of something else, or of keys
	}
	defer archive.Close() //nolint:errcheck // a temporary file that has no name
	objects := map[string]bool{}
	r := archive.Reader()
	defer r.Close()
	for {
		m, err := r.Next()
		base := path.Base(m.Name)
		switch {
		case errors.Is(err, io.EOF) && len(objects) == 1:
			for object := range objects {
				return object, nil
			}
		case err != nil:
			return "", d.frame.Err()
		case isKeyListName(base):
			// The list is secret unless it is encrypted.
			if _, err := r.Read(make([]byte, 1)); manifest.ReasonOf(err) != manifest.ReasonEncrypted {
				return "", errKeyList
			}
		case !member.IsLeftover(m.Name) && strings.EqualFold(path.Ext(base), ".pem"):
			if object := objectOf(base); object != "" {
				objects[object] = true
			}
		}
	}
}
