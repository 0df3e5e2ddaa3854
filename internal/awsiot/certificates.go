package awsiot

import (
	"context"
	"time"

	"github.com/thingpress/thingpress/internal/iot"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

var (
	_ iot.Certificates = (*Client)(nil)
	_ iot.Things       = (*Client)(nil)
	_ iot.Principals   = (*Client)(nil)
	_ iot.Policies     = (*Client)(nil)
	_ iot.Groups       = (*Client)(nil)
	_ iot.Checks       = (*Client)(nil)
)

// RegisterCertificateWithoutCA implements [engine.Certificates].
func (c *Client) RegisterCertificateWithoutCA(ctx context.Context, pem string, status iot.Status) (string, error) {
	out, err := call(ctx, c, "RegisterCertificateWithoutCA", func(ctx context.Context) (*sdk.RegisterCertificateWithoutCAOutput, error) {
		return c.iot.RegisterCertificateWithoutCA(ctx, &sdk.RegisterCertificateWithoutCAInput{
			CertificatePem: &pem, Status: types.CertificateStatus(status),
		})
	})
	if err != nil {
		return "", err
	}
	return deref(out.CertificateArn), nil
}

// DescribeCertificate implements [engine.Certificates].
func (c *Client) DescribeCertificate(ctx context.Context, id string) (iot.Certificate, error) {
	out, err := call(ctx, c, "DescribeCertificate", func(ctx context.Context) (*sdk.DescribeCertificateOutput, error) {
		return c.iot.DescribeCertificate(ctx, &sdk.DescribeCertificateInput{CertificateId: &id})
	})
	if err != nil || out.CertificateDescription == nil {
		return iot.Certificate{}, err
	}
	d := out.CertificateDescription
	return iot.Certificate{
		ID: deref(d.CertificateId), ARN: deref(d.CertificateArn),
		Status: iot.Status(d.Status), Created: timeOf(d.CreationDate),
	}, nil
}

// UpdateCertificate implements [engine.Certificates].
func (c *Client) UpdateCertificate(ctx context.Context, id string, status iot.Status) error {
	_, err := call(ctx, c, "UpdateCertificate", func(ctx context.Context) (*sdk.UpdateCertificateOutput, error) {
		return c.iot.UpdateCertificate(ctx, &sdk.UpdateCertificateInput{CertificateId: &id, NewStatus: types.CertificateStatus(status)})
	})
	return err
}

// ListCertificates implements [engine.Certificates].
func (c *Client) ListCertificates(ctx context.Context, token string) ([]iot.Certificate, string, error) {
	out, err := call(ctx, c, "ListCertificates", func(ctx context.Context) (*sdk.ListCertificatesOutput, error) {
		return c.iot.ListCertificates(ctx, &sdk.ListCertificatesInput{PageSize: aws.Int32(pageSize), Marker: optional(token)})
	})
	if err != nil {
		return nil, "", err
	}
	page := make([]iot.Certificate, len(out.Certificates))
	for i, l := range out.Certificates {
		page[i] = iot.Certificate{
			ID: deref(l.CertificateId), ARN: deref(l.CertificateArn),
			Status: iot.Status(l.Status), Created: timeOf(l.CreationDate),
		}
	}
	return page, deref(out.NextMarker), nil
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
