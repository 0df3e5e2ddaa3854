// Package manifest defines what a decoder of secure-element manifests yields.
//
// A manifest is one file from a vendor: a list of X.509 certificates that were
// injected into chips at the factory. Each position in it is an entry. A good
// entry decodes to a [Device]: identity, leaf certificate and attributes.
//
// # Reading a manifest
//
// Each vendor's format has a package below this one. Package manifest/vendors
// brings them together:
//
//	f, err := os.Open("reel.csv")
//	…
//	in := manifest.Input{Name: "reel.csv", Reader: f, Size: size}
//	for device, err := range vendors.Decode(ctx, in, manifest.Options{}) {
//		var bad *manifest.EntryError
//		switch {
//		case errors.As(err, &bad):
//			log.Print(bad) // this entry is rejected, the stream continues
//		case err != nil:
//			return err // the manifest cannot be read any further
//		default:
//			register(device)
//		}
//	}
//
// # Errors
//
// An [*EntryError] concerns one entry, and the stream continues. Any other error
// ends the stream; if the content of the manifest is at fault it is a
// [*FileError]. A FileError whose reason is [ReasonPrivateKey] means that the
// manifest contains a readable private key, and the caller must discard the
// entries before it. Both errors have a stable [Reason] code.
//
// # Memory
//
// Decoders stream. Memory does not grow with the number of entries, and counts
// and sizes in a manifest are checked against [Limits] before they are used.
//
// # Compatibility
//
// Reason codes, names of attributes and template fields are stable. New codes
// and fields may be added.
package manifest
