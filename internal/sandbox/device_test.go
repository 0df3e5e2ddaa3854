package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// The calls of an import for a new device, each of them twice.
func TestDeviceIsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	ctx, c := t.Context(), dial(t, s)
	if _, err := s.Ensure([]string{"p,1", "p@=+2"}, "sensor", []string{"berlin", "line:1"}, "acme"); err != nil {
		t.Fatal(err)
	}
	certificate := mint(t, nil)
	block, _ := pem.Decode([]byte(certificate))
	sum := sha256.Sum256(block.Bytes)
	id := hex.EncodeToString(sum[:])

	registered, err := c.RegisterCertificateWithoutCA(ctx,
		&iot.RegisterCertificateWithoutCAInput{CertificatePem: &certificate, Status: types.CertificateStatusActive})
	if err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:iot:us-east-1:123456789012:cert/" + id
	if *registered.CertificateId != id || *registered.CertificateArn != arn {
		t.Errorf("registered %s as %s, want %s", *registered.CertificateId, *registered.CertificateArn, arn)
	}
	_, err = c.RegisterCertificateWithoutCA(ctx,
		&iot.RegisterCertificateWithoutCAInput{CertificatePem: &certificate, Status: types.CertificateStatusInactive})
	var there *types.ResourceAlreadyExistsException
	if !errors.As(err, &there) || aws.ToString(there.ResourceId) != id || aws.ToString(there.ResourceArn) != arn {
		t.Errorf("registering again: %v, want ResourceAlreadyExistsException of %s", err, arn)
	}
	for range 2 {
		create := &iot.CreateThingInput{
			ThingName: aws.String("d:1"), ThingTypeName: aws.String("sensor"), BillingGroupName: aws.String("acme"),
			AttributePayload: &types.AttributePayload{Attributes: map[string]string{"mac": "02:00"}},
		}
		if _, err := c.CreateThing(ctx, create); err != nil {
			t.Error(err)
		}
		if _, err := c.AttachThingPrincipal(ctx, &iot.AttachThingPrincipalInput{ThingName: aws.String("d:1"), Principal: &arn}); err != nil {
			t.Error(err)
		}
		for _, name := range []string{"p,1", "p@=+2"} {
			if _, err := c.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: &name, Target: &arn}); err != nil {
				t.Error(err)
			}
		}
		if _, err := c.UpdateThingGroupsForThing(ctx,
			&iot.UpdateThingGroupsForThingInput{ThingName: aws.String("d:1"), ThingGroupsToAdd: []string{"berlin", "line:1"}}); err != nil {
			t.Error(err)
		}
	}
	want := State{
		Certificates: map[string]CertificateState{id: {Status: "ACTIVE", Things: []string{"d:1"}, Policies: []string{"p,1", "p@=+2"}}},
		Things: map[string]ThingState{"d:1": {
			Type: "sensor", BillingGroup: "acme", Version: 1, Attributes: map[string]string{"mac": "02:00"},
			Certificates: []string{id}, Groups: []string{"berlin", "line:1"}, Exclusive: []string{},
		}},
	}
	if diff := cmp.Diff(want, s.State()); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if got := s.Calls()["AttachPolicy"]; got != 4 {
		t.Errorf("%d calls of AttachPolicy counted, want 4", got)
	}
}
