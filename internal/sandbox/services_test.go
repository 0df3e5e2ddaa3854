package sandbox

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestCallerIdentityIsTheAccount(t *testing.T) {
	t.Parallel()
	c := dial(t, open(t, Options{Account: "000000000042"}))
	got := must[*sts.GetCallerIdentityOutput](t)(c.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	if *got.Account != "000000000042" || *got.Arn != "arn:aws:iam::000000000042:user/sandbox" || *got.UserId == "" {
		t.Errorf("%+v", got)
	}
	_, err := c.sts.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	if codeOf(err) != "InvalidAction" || !strings.Contains(err.Error(), "GetSessionToken") {
		t.Errorf("an unknown operation: %v", err)
	}
}

func TestServiceQuotasTellsWhatItIsToldTo(t *testing.T) {
	t.Parallel()
	s := open(t, Options{
		Quotas:  map[string]float64{"AttachPolicy": 7, "CreateThing": 9},
		Applied: map[string]float64{"CreateThing": 20, RegistrationQuota: 15},
	})
	c, ctx := dial(t, s), t.Context()
	value := func(code string) float64 {
		t.Helper()
		out := must[*servicequotas.GetServiceQuotaOutput](t)(c.quotas.GetServiceQuota(ctx,
			&servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("iotcore"), QuotaCode: &code}))
		return *out.Quota.Value
	}
	for code, want := range map[string]float64{"L-CA7D4E3E": 7, "L-64CBACAC": 20, "L-4671C7C8": 1e6, "L-3E927DFC": 15} {
		if got := value(code); got != want {
			t.Errorf("%s is %v, want %v", code, got, want)
		}
	}
	defaults := must[*servicequotas.GetAWSDefaultServiceQuotaOutput](t)(c.quotas.GetAWSDefaultServiceQuota(ctx,
		&servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: aws.String("iotcore"), QuotaCode: aws.String("L-CA7D4E3E")}))
	if *defaults.Quota.Value != 15 || !defaults.Quota.Adjustable || *defaults.Quota.Period.PeriodValue != 1 {
		t.Errorf("default of AttachPolicy: %+v", defaults.Quota)
	}
	var listed []string
	pager := servicequotas.NewListServiceQuotasPaginator(c.quotas,
		&servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("iotcore"), MaxResults: aws.Int32(10)})
	for pager.HasMorePages() {
		page := must[*servicequotas.ListServiceQuotasOutput](t)(pager.NextPage(ctx))
		for _, q := range page.Quotas {
			listed = append(listed, *q.QuotaCode)
		}
	}
	all := must[*servicequotas.ListAWSDefaultServiceQuotasOutput](t)(c.quotas.ListAWSDefaultServiceQuotas(ctx,
		&servicequotas.ListAWSDefaultServiceQuotasInput{ServiceCode: aws.String("iotcore")}))
	var want []string
	for _, q := range all.Quotas {
		want = append(want, *q.QuotaCode)
	}
	if !slices.Equal(listed, want) || len(want) < 30 {
		t.Errorf("listed %v, want %v", listed, want)
	}
	increase := must[*servicequotas.RequestServiceQuotaIncreaseOutput](t)(c.quotas.RequestServiceQuotaIncrease(ctx,
		&servicequotas.RequestServiceQuotaIncreaseInput{
			ServiceCode: aws.String("iotcore"), QuotaCode: aws.String("L-CA7D4E3E"),
			DesiredValue: aws.Float64(100),
		}))
	if increase.RequestedQuota.Status != "PENDING" || *increase.RequestedQuota.DesiredValue != 100 || value("L-CA7D4E3E") != 7 {
		t.Errorf("request: %+v", increase.RequestedQuota)
	}
}

func TestServiceQuotasRefuses(t *testing.T) {
	t.Parallel()
	c := direct(open(t, Options{Quotas: map[string]float64{"AttachPolicy": 15}})).quotas
	for name, one := range map[string]struct {
		call func(context.Context) error
		code string
	}{
		"another service": {func(ctx context.Context) error {
			_, err := c.ListServiceQuotas(ctx, &servicequotas.ListServiceQuotasInput{ServiceCode: aws.String("ec2")})
			return err
		}, "NoSuchResourceException"},
		"no such quota": {func(ctx context.Context) error {
			_, err := c.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{
				ServiceCode: aws.String("iotcore"),
				QuotaCode:   aws.String("L-00000000"),
			})
			return err
		}, "NoSuchResourceException"},
		"a value below the present": {func(ctx context.Context) error {
			_, err := c.RequestServiceQuotaIncrease(ctx,
				&servicequotas.RequestServiceQuotaIncreaseInput{
					ServiceCode: aws.String("iotcore"), QuotaCode: aws.String("L-CA7D4E3E"),
					DesiredValue: aws.Float64(1),
				})
			return err
		}, "IllegalArgumentException"},
		"an operation that is not there": {func(ctx context.Context) error {
			_, err := c.ListServices(ctx, &servicequotas.ListServicesInput{})
			return err
		}, "UnknownOperationException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := one.call(t.Context()); codeOf(err) != one.code {
				t.Errorf("%v, want %s", err, one.code)
			}
		})
	}
}

func TestEndpointTypesHaveTheirHosts(t *testing.T) {
	t.Parallel()
	for region, hosts := range map[string]map[string]string{
		"eu-central-1": {
			"":                       `^[a-z0-9]{14}\.iot\.eu-central-1\.amazonaws\.com$`,
			"iot:Data":               `^[a-z0-9]{14}\.iot\.eu-central-1\.amazonaws\.com$`,
			"iot:Data-ATS":           `^[a-z0-9]{14}-ats\.iot\.eu-central-1\.amazonaws\.com$`,
			"iot:CredentialProvider": `^[a-z0-9]{14}\.credentials\.iot\.eu-central-1\.amazonaws\.com$`,
			"iot:Jobs":               `^[a-z0-9]{14}\.jobs\.iot\.eu-central-1\.amazonaws\.com$`,
		},
		"cn-northwest-1": {
			"iot:Data-ATS":           `^[a-z0-9]{14}\.ats\.iot\.cn-northwest-1\.amazonaws\.com\.cn$`,
			"iot:CredentialProvider": `^[a-z0-9]{14}\.credentials\.iot\.cn-northwest-1\.amazonaws\.com\.cn$`,
		},
	} {
		c := direct(open(t, Options{Region: region}))
		for kind, want := range hosts {
			in := &iot.DescribeEndpointInput{}
			if kind != "" {
				in.EndpointType = &kind
			}
			got := must[*iot.DescribeEndpointOutput](t)(c.DescribeEndpoint(t.Context(), in))
			if !regexp.MustCompile(want).MatchString(*got.EndpointAddress) {
				t.Errorf("%s in %s: %s, want %s", kind, region, *got.EndpointAddress, want)
			}
		}
		_, err := c.DescribeEndpoint(t.Context(), &iot.DescribeEndpointInput{EndpointType: aws.String("iot:data")})
		if codeOf(err) != refused || !strings.Contains(err.Error(), "Endpoint type iot:data not recognized.") {
			t.Errorf("an unknown type: %v", err)
		}
	}
}

func TestUnknownOperationIsNamed(t *testing.T) {
	t.Parallel()
	_, err := dial(t, open(t, Options{})).ListJobs(t.Context(), &iot.ListJobsInput{})
	if codeOf(err) != "UnknownOperationException" || !strings.Contains(err.Error(), "GET /jobs") {
		t.Errorf("%v", err)
	}
}

// Every request gets an answer or a client error. None crashes the server.
func FuzzServeHTTP(f *testing.F) {
	s, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := s.Ensure([]string{"p"}, "k", []string{"g"}, "b"); err != nil {
		f.Fatal(err)
	}
	f.Add("POST", "/things/a%2Fb?x=1", "", "application/json", `{"attributePayload":{"attributes":{"a":null}}}`)
	f.Add("PUT", "/thing-groups/addThingToThingGroup", "", "application/json", `{"thingArn":"arn:aws:iot:us-east-1:123456789012:thing/"}`)
	f.Add("POST", "/attached-policies/arn:aws:iot:us-east-1:123456789012:thinggroup/g", "", "application/json", `null`)
	f.Add("POST", "/", "ServiceQuotasV20190624.ListServiceQuotas", "", `{"ServiceCode":"iotcore","MaxResults":-1}`)
	f.Add("POST", "/", "", "application/x-www-form-urlencoded", "Action=GetCallerIdentity&Version=2011-06-15")
	f.Add("POST", "/thing-groups/x", "", "application/json", `{"parentGroupName":"g","tags":[{"Key":"a","Value":"b"}]}`)
	f.Add("GET", "/things?nextToken=AAAAAAAAAAA=&maxResults=1", "", "", "")
	f.Fuzz(func(t *testing.T, method, target, service, kind, body string) {
		request, err := http.NewRequestWithContext(t.Context(), method, "http://sandbox.invalid"+target, strings.NewReader(body))
		if err != nil {
			return
		}
		request.Header.Set("X-Amz-Target", service)
		request.Header.Set("Content-Type", kind)
		response, err := audited{Transport(s)}.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode >= http.StatusInternalServerError ||
			fmt.Sprint(len(content)) != response.Header.Get("Content-Length") {
			t.Errorf("%d %q, %v", response.StatusCode, content, err)
		}
	})
}
