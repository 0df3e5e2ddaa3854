package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// Names of the attachments.
const (
	policy = "bench-policy"
	group  = "bench-group"
	typ    = "bench-type"
)

// runBare is the reference of the row overhead: a simple loop with the SDK's
// defaults that imports devices and records nothing. Each worker makes the five
// calls of a device one after another.
func runBare(ctx context.Context, endpoint, path string, workers int) error {
	devices, err := decodeAll(ctx, path)
	if err != nil {
		return err
	}
	client := newClient(endpoint, workers)
	queue := make(chan manifest.Device)
	failed := make(chan error, workers)
	begun := time.Now()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for d := range queue {
				if err := importBare(ctx, client, &d); err != nil {
					failed <- fmt.Errorf("%s: %w", d.ThingName, err)
					return
				}
			}
		})
	}
	for _, d := range devices {
		select {
		case queue <- d:
		case err := <-failed:
			return err
		}
	}
	close(queue)
	all.Wait()
	seconds := time.Since(begun).Seconds()
	return json.NewEncoder(os.Stdout).Encode(summary{
		Type: "summary", Entries: len(devices), Imported: len(devices), Seconds: seconds, DevicesPerSecond: float64(len(devices)) / seconds,
	})
}

func importBare(ctx context.Context, client *sdk.Client, d *manifest.Device) error {
	registered, err := client.RegisterCertificateWithoutCA(ctx, &sdk.RegisterCertificateWithoutCAInput{
		CertificatePem: aws.String(d.PEM()), Status: types.CertificateStatusActive,
	})
	if err != nil {
		return err
	}
	arn, name := registered.CertificateArn, aws.String(d.ThingName)
	if _, err := client.CreateThing(ctx, &sdk.CreateThingInput{ThingName: name, ThingTypeName: aws.String(typ)}); err != nil {
		return err
	}
	_, attached := client.AttachThingPrincipal(ctx, &sdk.AttachThingPrincipalInput{ThingName: name, Principal: arn})
	_, allowed := client.AttachPolicy(ctx, &sdk.AttachPolicyInput{PolicyName: aws.String(policy), Target: arn})
	_, grouped := client.AddThingToThingGroup(ctx, &sdk.AddThingToThingGroupInput{ThingName: name, ThingGroupName: aws.String(group)})
	return errors.Join(attached, allowed, grouped)
}

func decodeAll(ctx context.Context, path string) ([]manifest.Device, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	var devices []manifest.Device
	in := manifest.Input{Name: path, Reader: file, Size: info.Size()}
	for d, err := range vendors.Decode(ctx, in, manifest.Options{}) {
		if err != nil {
			return nil, err
		}
		devices = append(devices, d)
	}
	return devices, nil
}

func newClient(endpoint string, connections int) *sdk.Client {
	return sdk.New(sdk.Options{
		BaseEndpoint: aws.String(endpoint),
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "sandbox", ""),
		Retryer:      aws.NopRetryer{},
		HTTPClient: &http.Client{Transport: &http.Transport{
			MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
		}},
	})
}

// prepare creates the attachments.
func prepare(ctx context.Context, endpoint string) error {
	client := newClient(endpoint, 1)
	_, err := client.CreatePolicy(ctx, &sdk.CreatePolicyInput{PolicyName: aws.String(policy), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}`)})
	if err != nil {
		return err
	}
	if _, err := client.CreateThingType(ctx, &sdk.CreateThingTypeInput{ThingTypeName: aws.String(typ)}); err != nil {
		return err
	}
	_, err = client.CreateThingGroup(ctx, &sdk.CreateThingGroupInput{ThingGroupName: aws.String(group)})
	return err
}
