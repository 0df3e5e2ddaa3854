package complete

import (
	"context"
	"io"
	"iter"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/manifest"
)

// records is a ledger of this many records, which it generates as they are read.
type records struct{ n int }

func (r records) RecordsFrom(context.Context, string, ledger.Place) iter.Seq2[ledger.Record, error] {
	one := ledger.Record{
		Outcome: ledger.Imported, ID: "0123456789ABCDEF01", ThingName: "sn0123456789ABCDEF01", CertificateID: manifest.CertificateID{0xaa},
		CertificateARN: "arn:aws:iot:eu-west-1:123456789012:cert/" + strings.Repeat("a", 64), At: time.Unix(1_800_000_000, 0),
		Steps: []ledger.Step{
			{Operation: "RegisterCertificateWithoutCA", Created: true},
			{Operation: "CreateThing"},
			{Operation: "AttachThingPrincipal", Created: true},
			{Operation: "AttachPolicy", Resource: "sensors", Created: true},
			{Operation: "AddThingToThingGroup", Resource: "line-1"},
		},
	}
	return func(yield func(ledger.Record, error) bool) {
		for one.Entry = range r.n {
			if !yield(one, nil) {
				return
			}
		}
	}
}

// nowhere is an S3 that reads and discards.
type nowhere struct {
	Store
	size int64
}

func (n *nowhere) read(body io.Reader) error {
	size, err := io.Copy(io.Discard, body)
	n.size += size
	return err
}

func (n *nowhere) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	return &s3.PutObjectOutput{}, n.read(in.Body)
}

func (n *nowhere) CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput,
	...func(*s3.Options),
) (*s3.CreateMultipartUploadOutput, error) {
	return &s3.CreateMultipartUploadOutput{UploadId: aws.String("id")}, nil
}

func (n *nowhere) UploadPart(_ context.Context, in *s3.UploadPartInput, _ ...func(*s3.Options)) (*s3.UploadPartOutput, error) {
	return &s3.UploadPartOutput{ETag: aws.String("e")}, n.read(in.Body)
}

func (n *nowhere) CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput,
	...func(*s3.Options),
) (*s3.CompleteMultipartUploadOutput, error) {
	return &s3.CompleteMultipartUploadOutput{}, nil
}

func (n *nowhere) AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput,
	...func(*s3.Options),
) (*s3.AbortMultipartUploadOutput, error) {
	return &s3.AbortMultipartUploadOutput{}, nil
}

// BenchmarkReport writes both reports of 100,000 entries, without the time of ledger
// and S3.
func BenchmarkReport(b *testing.B) {
	const n = 100_000
	var store nowhere
	c := &Completer{Records: records{n: n}, Store: &store, Bucket: "b"}
	var peak uint64
	for b.Loop() {
		if _, _, err := c.writeReport(b.Context(), ledger.Import{ID: "i", Manifests: []ledger.Manifest{{Name: "reel.csv"}}},
			"espressif", ""); err != nil {
			b.Fatal(err)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapSys)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/entry")
	b.ReportMetric(float64(store.size)/float64(b.N)/n, "B/entry")
	b.ReportMetric(float64(peak>>20), "MiB-heap")
}
