package awsiot

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/importer"
)

var (
	_ importer.Certificates = (*Client)(nil)
	_ importer.Things       = (*Client)(nil)
	_ importer.Principals   = (*Client)(nil)
	_ importer.Policies     = (*Client)(nil)
	_ importer.Groups       = (*Client)(nil)
	_ importer.Checks       = (*Client)(nil)
)

// RegisterCertificateWithoutCA implements [importer.Certificates].
func (c *Client) RegisterCertificateWithoutCA(ctx context.Context, pem string, status importer.Status) (string, error) {
	out, err := call(ctx, c, "RegisterCertificateWithoutCA", func(ctx context.Context) (*iot.RegisterCertificateWithoutCAOutput, error) {
		return c.iot.RegisterCertificateWithoutCA(ctx, &iot.RegisterCertificateWithoutCAInput{
			CertificatePem: &pem, Status: types.CertificateStatus(status),
		})
	})
	if err != nil {
		return "", err
	}
	return deref(out.CertificateArn), nil
}

// DescribeCertificate implements [importer.Certificates].
func (c *Client) DescribeCertificate(ctx context.Context, id string) (importer.Certificate, error) {
	out, err := call(ctx, c, "DescribeCertificate", func(ctx context.Context) (*iot.DescribeCertificateOutput, error) {
		return c.iot.DescribeCertificate(ctx, &iot.DescribeCertificateInput{CertificateId: &id})
	})
	if err != nil || out.CertificateDescription == nil {
		return importer.Certificate{}, err
	}
	d := out.CertificateDescription
	return importer.Certificate{
		ID: deref(d.CertificateId), ARN: deref(d.CertificateArn),
		Status: importer.Status(d.Status), Created: timeOf(d.CreationDate),
	}, nil
}

// UpdateCertificate implements [importer.Certificates].
func (c *Client) UpdateCertificate(ctx context.Context, id string, status importer.Status) error {
	_, err := call(ctx, c, "UpdateCertificate", func(ctx context.Context) (*iot.UpdateCertificateOutput, error) {
		return c.iot.UpdateCertificate(ctx, &iot.UpdateCertificateInput{CertificateId: &id, NewStatus: types.CertificateStatus(status)})
	})
	return err
}

// ListCertificates implements [importer.Certificates].
func (c *Client) ListCertificates(ctx context.Context, token string) ([]importer.Certificate, string, error) {
	out, err := call(ctx, c, "ListCertificates", func(ctx context.Context) (*iot.ListCertificatesOutput, error) {
		return c.iot.ListCertificates(ctx, &iot.ListCertificatesInput{PageSize: aws.Int32(pageSize), Marker: optional(token)})
	})
	if err != nil {
		return nil, "", err
	}
	page := make([]importer.Certificate, len(out.Certificates))
	for i, l := range out.Certificates {
		page[i] = importer.Certificate{
			ID: deref(l.CertificateId), ARN: deref(l.CertificateArn),
			Status: importer.Status(l.Status), Created: timeOf(l.CreationDate),
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
