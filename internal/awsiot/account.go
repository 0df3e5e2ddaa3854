package awsiot

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/thingpress/thingpress/internal/quota"
)

// An Account is the owner of a client's credentials.
type Account struct {
	// Partition is aws, aws-cn or aws-us-gov. ID has twelve digits.
	Partition, ID string
	// Caller is the ARN of the user or role.
	Caller string
}

// accountTimeout is the time for the first call, with all its attempts.
const accountTimeout = 15 * time.Second

// Account asks STS for the owner of the credentials. It needs no permission.
func (c *Client) Account(ctx context.Context) (Account, error) { return AccountOf(ctx, c.sts) }

// AccountOf is like [Client.Account] with another client.
func AccountOf(ctx context.Context, client *sts.Client) (Account, error) {
	// Credentials come first: their source has limits of its own, and may ask the user.
	if err := obtain(ctx, client.Options().Credentials); err != nil {
		return Account{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, accountTimeout)
	defer cancel()
	out, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Account{}, Explain(err)
	}
	a := Account{Partition: "aws", ID: aws.ToString(out.Account), Caller: aws.ToString(out.Arn)}
	if caller, err := arn.Parse(a.Caller); err == nil {
		a.Partition = caller.Partition
	}
	return a, nil
}

// obtain returns an error if there are no credentials.
func obtain(ctx context.Context, provider aws.CredentialsProvider) error {
	begun := time.Now()
	_, err := provider.Retrieve(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	const operation = "GetCallerIdentity"
	if report := callsOf(ctx); report != nil {
		report(Call{Begun: begun, Took: time.Since(begun), Service: sts.ServiceID, Operation: operation, Err: withoutSecrets(err.Error())})
	}
	return explainOperation(&smithy.OperationError{ServiceID: sts.ServiceID, OperationName: operation, Err: err})
}

// Alias returns the account's alias. It returns "" if there is none, if the caller may not read
// it, or if the client has its own endpoint, which it does not ask.
func (c *Client) Alias(ctx context.Context) string {
	if c.iam == nil {
		return ""
	}
	out, err := c.iam.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})
	if err != nil || len(out.AccountAliases) == 0 {
		return ""
	}
	return out.AccountAliases[0]
}

// AppliedQuotas returns the account's quotas of AWS IoT Core from Service Quotas by code,
// including those that were never changed. Those of API operations are in calls per second.
// See https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html.
func (c *Client) AppliedQuotas(ctx context.Context) (map[string]float64, error) {
	applied := map[string]float64{}
	pages := servicequotas.NewListServiceQuotasPaginator(c.quotas, &servicequotas.ListServiceQuotasInput{
		ServiceCode: aws.String(quota.ServiceCode), MaxResults: aws.Int32(100),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, Explain(err)
		}
		for _, q := range page.Quotas {
			if q.QuotaCode != nil && q.Value != nil {
				applied[*q.QuotaCode] = *q.Value
			}
		}
	}
	return applied, nil
}

// RequestQuota files a request to raise a quota to value, and returns the ID of the request. AWS decides it later.
func (c *Client) RequestQuota(ctx context.Context, code string, value float64) (string, error) {
	out, err := c.quotas.RequestServiceQuotaIncrease(ctx, &servicequotas.RequestServiceQuotaIncreaseInput{
		ServiceCode: aws.String(quota.ServiceCode), QuotaCode: &code, DesiredValue: &value,
	})
	if err != nil {
		return "", fmt.Errorf("request quota %s: %w", code, Explain(err))
	}
	if out.RequestedQuota == nil {
		return "", nil
	}
	return aws.ToString(out.RequestedQuota.Id), nil
}
