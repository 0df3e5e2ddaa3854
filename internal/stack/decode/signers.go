package decode

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/object"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// Limits of the signer bucket. Microchip has published five signers, of 1 KB each.
const (
	maxSigners     = 1000
	maxSignerBytes = 64 << 10
)

// loadSigners loads the signers of a manifest, if its format takes some. It lists the
// bucket the first time, and then reads the same versions again, so that both passes
// judge alike.
func (w *worker) loadSigners() error {
	format, err := vendors.Lookup(w.job.Vendor)
	if err != nil {
		return err
	}
	if format.ParseSigners == nil || w.settings.Decode.Signers != nil {
		return nil
	}
	pinned := w.job.Signers
	if pinned == nil {
		if pinned, err = w.listSigners(&format); err != nil {
			return err
		}
	}
	var all []*x509.Certificate
	for i := range pinned {
		if pinned[i] == stack.PublishedSigners {
			all = append(all, format.PublishedSigners()...)
			continue
		}
		signers, version, err := w.signer(pinned[i])
		if err != nil {
			return err
		}
		pinned[i].Version = version
		all = append(all, signers...)
	}
	if len(all) == 0 && format.NeedsSigners() {
		return stopf("no file in signer bucket %s is a signer, such as %s: put %s's signer certificates into it "+
			"(thingpress stack signers add FILE)", w.h.Stack.Signers, pinned[0].Key, format.Title)
	}
	// The next checkpoint saves them, with whatever was judged by them.
	w.settings.Decode.Signers, w.job.Signers = all, pinned
	return nil
}

// signer reads one signer file. A foreign file, which holds no signer, has none. It must not keep the
// stack from verifying manifests with the others.
func (w *worker) signer(o stack.ObjectVersion) (signers []*x509.Certificate, version string, err error) {
	data, v, err := object.Get(w.soft, w.h.Objects, object.Version{Bucket: o.Bucket, Key: o.Key, ID: o.Version}, maxSignerBytes)
	var gone *object.GoneError
	var large *object.TooLargeError
	switch {
	case errors.As(err, &large):
		w.log.WarnContext(w.soft, "a foreign file in the signer bucket is passed over", "key", o.Key, "why", err.Error())
		return nil, o.Version, nil
	case errors.As(err, &gone):
		return nil, "", stopf("signer: %w; fix the signer bucket and upload the manifest again", err)
	case err != nil:
		return nil, "", fmt.Errorf("signer: %w", err)
	}
	if signers, err = vendors.ParseSigners(data); err != nil {
		w.log.WarnContext(w.soft, "a foreign file in the signer bucket is passed over", "key", o.Key, "why", err.Error())
		return nil, v.ID, nil
	}
	return signers, v.ID, nil
}

// listSigners lists the signer bucket.
func (w *worker) listSigners(format *manifest.Format) ([]stack.ObjectVersion, error) {
	bucket := w.h.Stack.Signers
	var found []stack.ObjectVersion
	if w.progress.Published && format.PublishedSigners != nil {
		found = append(found, stack.PublishedSigners)
	}
	var token *string
	for {
		page, err := w.h.Objects.ListObjectsV2(w.soft, &s3.ListObjectsV2Input{Bucket: &bucket, ContinuationToken: token})
		if err != nil {
			return nil, fmt.Errorf("signer bucket %s: %w", bucket, err)
		}
		for _, o := range page.Contents {
			if key := aws.ToString(o.Key); !strings.HasSuffix(key, "/") { // a folder that the console created
				found = append(found, stack.ObjectVersion{Bucket: bucket, Key: key})
			}
		}
		if len(found) > maxSigners {
			return nil, stopf("signer bucket %s has more than %d objects; keep only signers in it", bucket, maxSigners)
		}
		if token = page.NextContinuationToken; !aws.ToBool(page.IsTruncated) || token == nil {
			break
		}
	}
	if len(found) == 0 && format.NeedsSigners() {
		return nil, stopf("signer bucket %s is empty, and no %[2]s manifest can be verified without: put %[2]s's signer certificates "+
			"into it (thingpress stack signers add FILE), or deploy with MicrochipSigners=published",
			bucket, format.Title)
	}
	return found, nil
}
