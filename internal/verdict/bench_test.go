//go:build unix

package verdict_test

import (
	"bytes"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/verdict"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
	"github.com/thingpress/thingpress/policy"
)

// BenchmarkDevice reports what a verdict adds to the decoding of a device, in percent, for policies with and
// without variables of the certificate. Both are measured in the same run.
func BenchmarkDevice(b *testing.B) {
	const n = 2000
	for _, vendor := range []string{"espressif", "infineon", "microchip", "generated"} {
		var content, signer bytes.Buffer
		options := material.Options{Vendor: vendor, N: n, Seed: "verdict", Out: &content}
		if slices.Contains(material.Signed(), vendor) {
			options.SignerOut = &signer
		}
		if err := material.Generate(b.Context(), options); err != nil {
			b.Fatal(err)
		}
		in := manifest.Input{Name: "manifest", Reader: bytes.NewReader(content.Bytes()), Size: int64(content.Len())}
		for name, variable := range map[string]string{
			"thing": "${iot:Connection.Thing.ThingName}", "certificate": "${iot:Certificate.Subject.CommonName}",
			"id": "${iot:CertificateId}",
		} {
			b.Run(fmt.Sprint(vendor, "/", name), func(b *testing.B) { benchmark(b, vendor, in, signer.Bytes(), variable) })
		}
	}
}

func benchmark(b *testing.B, vendor string, in manifest.Input, signer []byte, variable string) {
	format, err := vendors.Lookup(vendor)
	if err != nil {
		b.Fatal(err)
	}
	opts := manifest.Options{}
	if len(signer) > 0 {
		if opts.Signers, err = vendors.ParseSigners(signer); err != nil {
			b.Fatal(err)
		}
	}
	parsed, err := policy.Parse(start + `{"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:*:*:client/${iot:ClientId}",
		"Condition":{"Bool":{"iot:Connection.Thing.IsAttached":"true"}}},
		{"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":"arn:aws:iot:*:*:topic/dt/` + variable + `/*"}]}`)
	if err != nil {
		b.Fatal(err)
	}
	connect, _ := verdict.ParseRequest("connect")
	settings := verdict.Settings{Documents: []*policy.Document{parsed}, Requests: []verdict.Request{connect}}
	var judging time.Duration
	batch := make([]manifest.Device, 0, 100) // reading the clock takes a tenth as long as a verdict
	devices, begun := 0, processorTime(b)
	for b.Loop() {
		j, err := verdict.NewJudge(settings)
		if err != nil {
			b.Fatal(err)
		}
		for d, err := range format.Decode(b.Context(), in, opts) {
			if err != nil {
				b.Fatal(err)
			}
			if batch = append(batch, d); len(batch) < cap(batch) {
				continue
			}
			start := processorTime(b)
			for i := range batch {
				if err := j.Device(&batch[i], iot.Thing{Name: batch[i].ThingName}); err != nil {
					b.Fatal(err)
				}
			}
			judging += processorTime(b) - start
			devices += len(batch)
			batch = batch[:0]
		}
	}
	decoding := processorTime(b) - begun - judging
	b.ReportMetric(float64(decoding.Nanoseconds())/float64(devices), "ns/decode")
	b.ReportMetric(float64(judging.Nanoseconds())/float64(devices), "ns/verdict")
	b.ReportMetric(100*judging.Seconds()/decoding.Seconds(), "%")
}

// processorTime returns the processor time that this process has used.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
