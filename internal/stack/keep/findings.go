package keep

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// findings collects what verify finds in a temporary file, as JSON Lines: a mass drift of a million devices
// does not fit into memory. Its methods are called one at a time.
type findings struct {
	of      ledger.Import
	advised advice.Import
	file    *os.File
	out     *bufio.Writer
	lines   int
	drifted map[string]bool // certificate IDs
	gone    map[string]bool // those of them that are not registered
	failed  error           // the first of writing
}

func newFindings(dir, stackName string, of ledger.Import) (*findings, error) {
	file, err := os.CreateTemp(dir, "findings-*")
	if err != nil {
		return nil, fmt.Errorf("findings: %w", err)
	}
	return &findings{
		of: of, advised: advice.Import{ID: of.ID, Stack: stackName}, file: file, out: bufio.NewWriter(file),
		drifted: map[string]bool{}, gone: map[string]bool{},
	}, nil
}

// close removes the file.
func (f *findings) close() {
	_ = f.file.Close()           // it was read or given up
	_ = os.Remove(f.file.Name()) // the instance's temporary storage ends with it
}

// drift adds the differences of a device.
func (f *findings) drift(found engine.Finding) {
	f.drifted[found.CertificateID.String()] = true
	for _, drift := range found.Drift {
		if drift.Reason == device.DriftCertificateGone {
			f.gone[found.CertificateID.String()] = true
		}
		f.write(stack.DriftLine{
			Type: "drift", Import: f.of.ID, Manifest: f.of.Manifests[found.Place.Manifest].Name,
			Entry: found.Entry, Line: found.Line, ID: found.ID, Thing: found.ThingName, CertificateID: found.CertificateID,
			Reason: drift.Reason, Detail: drift.Detail, Todo: f.advised.For(string(drift.Reason)).Todo,
		})
	}
}

// connection adds what the fleet index knows of a device.
func (f *findings) connection(c engine.Connected) { f.write(stack.NewConnectionLine(c)) }

func (f *findings) write(line any) {
	text, _ := json.Marshal(line) // texts and numbers cannot fail
	_, err := f.out.Write(append(text, '\n'))
	f.failed = cmp.Or(f.failed, err)
	f.lines++
}

// store puts the file into the reports bucket and returns its key, or nothing if nothing was found. A part
// that is verified again replaces what it found before.
func (f *findings) store(ctx context.Context, store Store, bucket, vendor, command string, first int) (key string, err error) {
	if f.lines == 0 {
		return "", nil
	}
	size, err := int64(0), errors.Join(f.failed, f.out.Flush())
	if err == nil {
		size, err = f.file.Seek(0, io.SeekEnd)
	}
	if err == nil {
		_, err = f.file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return "", fmt.Errorf("findings: %w", err)
	}
	key = stack.FindingsKey(vendor, f.of.ID, command, first)
	if _, err := store.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: f.file, ContentLength: &size, ContentType: aws.String("application/x-ndjson"),
	}); err != nil {
		return "", fmt.Errorf("upload %s: %w", key, err)
	}
	return key, nil
}
