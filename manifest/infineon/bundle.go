package infineon

import (
	"cmp"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/infineon/internal/sevenz"
	"github.com/thingpress/thingpress/manifest/internal/member"
	"github.com/thingpress/thingpress/manifest/internal/spool"
)

// A listing is the content of an archive, judged by the names of its members.
type listing struct {
	files        int
	certificates int // named *.pem
	archives     []archive
	objects      map[string]bool // found in names of certificates
	readme       string          // an explanation among the files; empty if there is none
}

// An archive is a member whose name is that of a 7z archive.
type archive struct {
	index  int
	name   string
	object string // E0E0 and the like; empty if it is not a bundle
	reel   string
}

// list reads the names of an archive's members, and rejects a list of keys. It adds
// what systems and editors left in the archive to d.passedOver.
func (d *decoding) list(a *sevenz.Archive) (listing, error) {
	found := listing{objects: map[string]bool{}}
	r := a.Reader()
	defer r.Close()
	for {
		m, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return found, nil
		case err != nil:
			return found, err
		case m.Index&0xfff == 0 && d.frame.Err() != nil:
			return found, d.frame.Err()
		case m.Directory:
			continue
		}
		found.files++
		base := path.Base(strings.ReplaceAll(m.Name, `\`, "/"))
		switch extension := strings.ToLower(path.Ext(base)); {
		case isKeyListName(base):
			return found, errKeyList
		case member.IsLeftover(m.Name):
			d.passedOver.Add(shown(m.Name))
		case member.IsReadme(m.Name):
			found.readme = cmp.Or(found.readme, shown(m.Name))
		case extension == ".7z":
			one := archive{index: m.Index, name: base}
			if m.Unsafe == "" {
				one.object, one.reel = bundleOf(base)
			}
			found.archives = append(found.archives, one)
		case extension == ".pem":
			found.certificates++
			if object := objectOf(base); object != "" {
				found.objects[object] = true
			}
		}
		if len(found.archives) > maxArchives {
			return found, manifest.Errorf(manifest.ReasonLimitExceeded,
				"the archive contains more than %d archives; a manifest has four", maxArchives)
		}
	}
}

const maxArchives = 1000

const (
	bundleSuffix = "_CERTS.7Z"
	keysSuffix   = "_keys.7z"
)

// bundleOf returns object and reel of an archive of certificates from its name,
// <reel>_<GUID>_<object>_Certs.7z.
func bundleOf(base string) (object, reel string) {
	head, ok := strings.CutSuffix(strings.ToUpper(base), bundleSuffix)
	at := strings.LastIndexByte(head, '_')
	if !ok || at < 0 || !slices.Contains(bundles(), head[at+1:]) {
		return "", ""
	}
	return head[at+1:], reelOf(base)
}

// reelOf returns the text before the first underscore if it is hex, like reel IDs.
func reelOf(base string) string {
	reel, _, ok := strings.Cut(base, "_")
	if !ok || reel == "" || len(reel) > 32 || !isHex(reel) {
		return ""
	}
	return strings.ToUpper(reel)
}

// choose returns the only archive that is named as the chosen bundle.
func (d *decoding) choose(found listing) (archive, error) {
	var chosen []archive
	var there []string
	for _, a := range found.archives {
		if a.object == d.bundle {
			chosen = append(chosen, a)
		}
		if a.object != "" && !slices.Contains(there, a.object) {
			there = append(there, a.object)
		}
	}
	slices.Sort(there)
	switch {
	case len(chosen) == 1:
		return chosen[0], nil
	case len(chosen) > 1:
		return archive{}, manifest.Errorf(manifest.ReasonAmbiguousBundle,
			"the archive has %d archives of bundle %s; the reel's is ambiguous", len(chosen), d.bundle)
	case len(there) > 0:
		return archive{}, manifest.Errorf(manifest.ReasonNoBundle,
			"bundle %s is not in the archive; it has %s", d.bundle, strings.Join(there, ", "))
	}
	return archive{}, manifest.Errorf(manifest.ReasonNoBundle,
		"no file in the archive is called …_%s_Certs.7z; "+
			"this is not the manifest of an OPTIGA Trust M Express, or it was repacked", d.bundle)
}

// extract spools the chosen bundle. It searches everything that is not an archive
// for private keys.
func (d *decoding) extract(outer *sevenz.Archive, chosen archive) (*spool.Spool, error) {
	d.reel, d.archive = chosen.reel, chosen.name
	var inner *spool.Spool
	r := outer.Reader()
	defer r.Close()
	for {
		m, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return inner, nil
		case err != nil:
		case m.Index == chosen.index:
			inner, err = spool.Fill(d.frame.Reader(r), d.frame.Options.TempDir)
			err = d.ofBundle(err)
		case m.Directory || strings.EqualFold(path.Ext(m.Name), ".7z"):
		default:
			err = d.scan(r)
		}
		if err != nil {
			if inner != nil {
				err = errors.Join(err, inner.Close())
			}
			return nil, err
		}
	}
}

// scan rejects a member that contains a private key or a list of keys.
func (d *decoding) scan(r io.Reader) error {
	secret := manifest.NewSecretReader(d.frame.Reader(r))
	head, err := io.ReadAll(io.LimitReader(secret, manifest.DetectSize))
	if err == nil && isKeyList(head) {
		return errKeyList
	}
	found := secret.Found() || manifest.IsPrivateKey(head)
	if err == nil && !found && len(head) == manifest.DetectSize {
		found, err = secret.Drain()
	}
	switch {
	case found:
		return manifest.ErrPrivateKey
	// A README that is damaged, or packed with another method, must not cost a device.
	case manifest.ReasonOf(err) != "":
		return nil
	}
	return err
}
