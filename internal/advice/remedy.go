package advice

import (
	"errors"
	"strings"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// ForRejected returns the advice for an entry that was rejected, or for all that were
// rejected for one reason. If the remedy has facts, the advice is about these entries
// instead of the reason in general.
func ForRejected(reason manifest.Reason, r engine.Remedy, s Surface) Advice {
	found := For(reason, s)
	switch {
	case len(r.Namings) > 0:
		found.Todo = ofNaming(reason, r.Namings[0], s)
	case !r.Renewal.IsZero():
		found.Todo = ofRenewal(r.Renewal, s)
	case reason == manifest.ReasonCACertificate && r.AllowCA:
		found.Todo = "leave it out; it belongs to an authority, not to a device"
	case reason == manifest.ReasonUnknownSigner || reason == manifest.ReasonSignerNotValid:
		if todo := ofSigner(reason, r.Signer, s); todo != "" {
			found.Todo = todo
		}
	}
	return found
}

// IsSpecific reports whether the advice about a rejected entry differs from that for
// its reason in general, so that it is worth a place next to the entry.
func IsSpecific(r engine.Remedy) bool { return len(r.Namings) > 0 || !r.Renewal.IsZero() }

// ofNaming returns the order to name things by a template that works.
func ofNaming(reason manifest.Reason, n manifest.Naming, s Surface) string {
	order := "name things with --thing-name " + quoted(n.Template)
	if s == Stack {
		order = "name things with: " + parameter(quoted("ThingNameTemplate="+n.Template))
	}
	if reason == manifest.ReasonContradiction {
		return "all devices have one name; " + order
	}
	return order + ", for example " + n.Name
}

// ofRenewal returns what to do about two certificates of one device.
func ofRenewal(certificate manifest.CertificateID, s Surface) string {
	const two = "the device has two certificates, such as after a renewal, and the first entry counts; "
	if s == Stack {
		return two + "to import certificate " + certificate.String() + " instead, upload a manifest without the other one"
	}
	return two + "to import the other one and no other device, pass --only with a file that has the line " + certificate.String()
}

// ofSigner returns what to do about a signer that is not accepted, or "" if nothing
// is known about it.
func ofSigner(reason manifest.Reason, signer manifest.CertificateID, s Surface) string {
	vendor, ok := vendors.PublisherOf(signer)
	switch {
	case !ok:
		return ""
	case reason == manifest.ReasonSignerNotValid && s == Stack:
		return "ask " + vendor.Title + "; if the manifest is genuine, run: " + parameter("AllowLateSignature=true")
	case reason == manifest.ReasonSignerNotValid:
		return "ask " + vendor.Title + "; if the manifest is genuine, pass --allow-late-signature"
	case s == Stack:
		return vendor.Title + " has published this signer; put its certificate into the signer bucket" + uploadAgain
	}
	return vendor.Title + " has published this signer; accept it with --signer " + vendor.Vendor()
}

// ofColumns returns the order to read a table with columns that were guessed.
func ofColumns(guess manifest.Columns, err error, s Surface) string {
	if s == Stack {
		return "if the columns are right, run: " + parameter(quoted("CsvColumns="+guess.String())) + ", to the bucket for tables of any source"
	}
	return "thingpress inspect --columns " + quoted(guess.String()) + " " + fileOf(err)
}

// fileOf returns the name of the file that an error is about, for a shell.
func fileOf(err error) string {
	var file *manifest.FileError
	if errors.As(err, &file) {
		return shellName(file.Manifest)
	}
	return "MANIFEST"
}

// shellName returns the name of a file for a shell.
func shellName(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+:@%") == "" {
		return name
	}
	return quoted(name)
}

// quoted returns text in single quotes for a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
