package engine_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/espressif"
)

// BenchmarkOverhead compares an import with a bare loop of SDK calls for the same devices with
// the same concurrency, which makes the same calls and keeps no records. Both share the
// processors with the server.
func BenchmarkOverhead(b *testing.B) {
	const n, window = 4000, 64
	content := espressifManifest(b, n, "overhead")
	for b.Loop() {
		bare := bareLoop(b, content, window)
		w := newWorld(b, sandbox.Options{}, nil).withSQLite()
		sources := w.sources(content)
		started := time.Now()
		w.must(sources)
		engine := time.Since(started)
		b.ReportMetric(n/bare.Seconds(), "bare-devices/s")
		b.ReportMetric(n/engine.Seconds(), "devices/s")
		b.ReportMetric(bare.Seconds()/engine.Seconds(), "ratio")
	}
}

func bareLoop(b *testing.B, content []byte, window int) time.Duration {
	w := newWorld(b, sandbox.Options{}, nil)
	a := w.settings.Attachments
	url, stop, err := sandbox.Listen(b.Context(), w.server, "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer stop()
	transport := &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024}
	defer transport.CloseIdleConnections()
	client := iot.New(iot.Options{
		Region: sandbox.DefaultRegion, BaseEndpoint: aws.String(url), HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
	})
	var devices []manifest.Device
	for d, err := range (espressif.Decoder{}).Decode(b.Context(), w.sources(content)[0].Input, manifest.Options{}) {
		if err != nil {
			b.Fatal(err)
		}
		devices = append(devices, d)
	}
	queue := make(chan manifest.Device)
	var workers sync.WaitGroup
	started := time.Now()
	for range window {
		workers.Go(func() {
			for d := range queue {
				if err := bareDevice(b.Context(), client, d, a.Policies, a.ThingGroups, a.ThingType); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for _, d := range devices {
		queue <- d
	}
	close(queue)
	workers.Wait()
	return time.Since(started)
}

func bareDevice(ctx context.Context, client *iot.Client, d manifest.Device, policies, groups []string, thingType string) error {
	registered, err := client.RegisterCertificateWithoutCA(ctx, &iot.RegisterCertificateWithoutCAInput{
		CertificatePem: aws.String(d.PEM()), Status: types.CertificateStatusActive,
	})
	if err != nil {
		return err
	}
	_, err = client.CreateThing(ctx, &iot.CreateThingInput{
		ThingName: &d.ThingName, ThingTypeName: &thingType,
		AttributePayload: &types.AttributePayload{Attributes: map[string]string{"mac": d.Attributes["mac"]}},
	})
	if err != nil {
		return err
	}
	if _, err = client.AttachThingPrincipal(ctx,
		&iot.AttachThingPrincipalInput{ThingName: &d.ThingName, Principal: registered.CertificateArn}); err != nil {
		return err
	}
	for _, policy := range policies {
		if _, err = client.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: &policy, Target: registered.CertificateArn}); err != nil {
			return err
		}
	}
	_, err = client.UpdateThingGroupsForThing(ctx, &iot.UpdateThingGroupsForThingInput{ThingName: &d.ThingName, ThingGroupsToAdd: groups})
	return err
}
