package manifest

import (
	"errors"
	"fmt"
	"strings"
)

// An EntryError is the reason why one entry is rejected. The stream continues after it.
type EntryError struct {
	// Vendor is the format, such as "infineon".
	Vendor string
	// Manifest is the name of the manifest.
	Manifest string
	// Member is the file in it, as in [Device].
	Member string
	// Entry is the position in the manifest, from 0.
	Entry int
	// Line is the line on which the entry begins, from 1; 0 if there is none.
	Line int
	// End is the byte offset after the entry, as in [Device].
	End int64
	// Device names the chip as far as the entry could be read, such as "chip
	// 0A091B5C001500070063"; may be empty.
	Device string
	// ID is the vendor's identity of the chip, as in [Device]; may be empty.
	ID string
	// Reason is the stable code.
	Reason Reason
	// Limit is the limit that was exceeded; zero if none was.
	Limit Limit
	// Namings are templates that would name the thing, if the reason is
	// [ReasonBadName] or [ReasonNoName].
	Namings []Naming
	// Signer is the ID of the certificate that the entry names as its signer,
	// whether or not it is known; zero if it names none.
	Signer CertificateID
	// Err is the cause.
	Err error
}

// Error returns manifest, entry, line, device and cause.
func (e *EntryError) Error() string {
	var b strings.Builder
	if e.Vendor != "" {
		b.WriteString(e.Vendor + ": ")
	}
	fmt.Fprintf(&b, "%s: entry %d", Place(e.Manifest, e.Member), e.Entry)
	if e.Line > 0 {
		fmt.Fprintf(&b, " (line %d)", e.Line)
	}
	b.WriteString(": " + e.Detail())
	return b.String()
}

// Detail returns device and cause, without the place.
func (e *EntryError) Detail() string {
	if e.Device == "" {
		return e.Err.Error()
	}
	return e.Device + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *EntryError) Unwrap() error { return e.Err }

// A FileError is the reason why a manifest cannot be read, or not any further. It
// ends the stream.
type FileError struct {
	// Vendor is the format; empty if unknown.
	Vendor string
	// Manifest is the name of the manifest.
	Manifest string
	// Member is the file in it at which reading ended, as in [Device].
	Member string
	// Entry is the index of the entry at which reading ended, which is the number
	// of entries before it.
	Entry int
	// Line is the line at which reading ended, from 1; 0 if there is none.
	Line int
	// Offset is the byte offset at which reading ended; 0 if unknown.
	Offset int64
	// Reason is the stable code.
	Reason Reason
	// Limit is the limit that was exceeded; zero if none was.
	Limit Limit
	// Err is the cause.
	Err error
}

// Error returns manifest, place and cause.
func (e *FileError) Error() string {
	var b strings.Builder
	if e.Vendor != "" {
		b.WriteString(e.Vendor + ": ")
	}
	b.WriteString(Place(e.Manifest, e.Member))
	switch e.Entry {
	case 0:
	case 1:
		b.WriteString(": after 1 entry")
	default:
		fmt.Fprintf(&b, ": after %d entries", e.Entry)
	}
	switch {
	case e.Line > 0 && e.Offset > 0:
		fmt.Fprintf(&b, " (line %d, byte %d)", e.Line, e.Offset)
	case e.Line > 0:
		fmt.Fprintf(&b, " (line %d)", e.Line)
	case e.Offset > 0:
		fmt.Fprintf(&b, " (byte %d)", e.Offset)
	}
	b.WriteString(": " + e.Err.Error())
	return b.String()
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Place returns the name of a manifest, or that of a file in one that is a container: reels.zip!7/reel.csv
// in an archive, reels/7.csv in a directory, whose name ends with a slash.
func Place(manifest, member string) string {
	if member == "" || strings.HasSuffix(manifest, "/") {
		return manifest + member
	}
	return manifest + "!" + member
}

// InMember returns what is to be said of an entry with the file in a container that has it, which may be
// empty.
func InMember(member, detail string) string {
	if member == "" {
		return detail
	}
	return member + ": " + detail
}

// A reasonError is a cause with its code. Decoders wrap it into an EntryError or a FileError.
type reasonError struct {
	reason  Reason
	limit   Limit
	columns Columns // see [UnknownColumns]
	list    string  // see [DeviceList]
	err     error
}

func (e *reasonError) Error() string { return e.err.Error() }
func (e *reasonError) Unwrap() error { return e.err }

// Errorf returns an error with a reason code. Format and arguments are those of [fmt.Errorf].
func Errorf(reason Reason, format string, args ...any) error {
	return &reasonError{reason: reason, err: fmt.Errorf(format, args...)}
}

// Exceeded is like [Errorf] for an entry or a manifest that exceeds a limit. The
// text must state the value of the limit.
func Exceeded(reason Reason, limit Limit, format string, args ...any) error {
	return &reasonError{reason: reason, limit: limit, err: fmt.Errorf(format, args...)}
}

// UnknownColumns returns an error of [ReasonUnknownColumns] with a guess of what the
// columns of the table hold, which is zero if there is none. Format and arguments are those of [fmt.Errorf].
func UnknownColumns(guess Columns, format string, args ...any) error {
	return &reasonError{reason: ReasonUnknownColumns, columns: guess, err: fmt.Errorf(format, args...)}
}

// WithGuess returns err, which has a reason, with a guess as that of [UnknownColumns].
func WithGuess(err error, guess Columns) error {
	return &reasonError{reason: ReasonOf(err), limit: LimitOf(err), columns: guess, err: err}
}

// GuessOf returns the guess of the error of [UnknownColumns] or [WithGuess] that err wraps, or the zero Columns.
func GuessOf(err error) Columns {
	var cause *reasonError
	if errors.As(err, &cause) {
		return cause.columns
	}
	return Columns{}
}

// DeviceList returns an error of [ReasonUnsupportedFormat] for a list of devices that names certificates and does not
// have them. Service is the one that wrote it, such as "azure-dps". Format and arguments are those of [fmt.Errorf].
func DeviceList(service, format string, args ...any) error {
	return &reasonError{reason: ReasonUnsupportedFormat, list: service, err: fmt.Errorf(format, args...)}
}

// DeviceListOf returns the service of the error of [DeviceList] that err wraps, or "".
func DeviceListOf(err error) string {
	var cause *reasonError
	if errors.As(err, &cause) {
		return cause.list
	}
	return ""
}
