package awsiot

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/iot"
)

// RegisterCertificateWithoutCA implements [iot.Certificates].
func (c *Client) RegisterCertificateWithoutCA(ctx context.Context, pem string, status iot.Status) (string, error) {
	out, err := call(ctx, c, iot.RegisterCertificateWithoutCA, c.iot.RegisterCertificateWithoutCA,
		&sdk.RegisterCertificateWithoutCAInput{CertificatePem: &pem, Status: types.CertificateStatus(status)})
	return aws.ToString(out.CertificateArn), err
}

// DescribeCertificate implements [iot.Certificates].
func (c *Client) DescribeCertificate(ctx context.Context, id string) (iot.Certificate, error) {
	out, err := call(ctx, c, iot.DescribeCertificate, c.iot.DescribeCertificate, &sdk.DescribeCertificateInput{CertificateId: &id})
	d := out.CertificateDescription
	if d == nil {
		return iot.Certificate{}, err
	}
	return iot.Certificate{
		ID: aws.ToString(d.CertificateId), ARN: aws.ToString(d.CertificateArn),
		Status: iot.Status(d.Status), Created: aws.ToTime(d.CreationDate), PEM: aws.ToString(d.CertificatePem),
	}, nil
}

// UpdateCertificate implements [iot.Certificates].
func (c *Client) UpdateCertificate(ctx context.Context, id string, status iot.Status) error {
	_, err := call(ctx, c, iot.UpdateCertificate, c.iot.UpdateCertificate,
		&sdk.UpdateCertificateInput{CertificateId: &id, NewStatus: types.CertificateStatus(status)})
	return err
}

// ListCertificates implements [iot.Certificates].
func (c *Client) ListCertificates(ctx context.Context, token string) ([]iot.Certificate, string, error) {
	out, err := call(ctx, c, iot.ListCertificates, c.iot.ListCertificates,
		&sdk.ListCertificatesInput{PageSize: pageSize(), Marker: optional(token)})
	return each(out.Certificates, func(l types.Certificate) iot.Certificate {
		return iot.Certificate{
			ID: aws.ToString(l.CertificateId), ARN: aws.ToString(l.CertificateArn),
			Status: iot.Status(l.Status), Created: aws.ToTime(l.CreationDate),
		}
	}), aws.ToString(out.NextMarker), err
}
