package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// s3 makes a call that is signed for S3 and returns status and body.
func s3(t *testing.T, s *Server, method, path, body string) (int, string) {
	t.Helper()
	request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1"+path, strings.NewReader(body)))
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	response := must[*http.Response](t)(Transport(s).RoundTrip(request))
	defer response.Body.Close()
	return response.StatusCode, string(must[[]byte](t)(io.ReadAll(response.Body)))
}

const lampTemplate = `{
	"Parameters": {"Serial": {"Type": "String"}, "Pem": {"Type": "String"}, "Line": {"Type": "String", "Default": "7"}},
	"Resources": {
		"lamp": {"Type": "AWS::IoT::Thing", "Properties": {
			"ThingName": {"Fn::Sub": "lamp-${Serial}"}, "ThingTypeName": "lamp", "ThingGroups": ["lamps"], "BillingGroup": "acme",
			"AttributePayload": {"line": {"Ref": "Line"}}
		}, "OverrideSettings": {"AttributePayload": "REPLACE"}},
		"certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificatePem": {"Ref": "Pem"}, "Status": "ACTIVE"}},
		"policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "lamp"}}
	}
}`

// walkTasks provisions devices from a file and reads the reports.
func walkTasks(t *testing.T, s *Server, c clients) {
	ctx, authority := t.Context(), materialtest.NewIssuer("Task CA")
	if _, err := s.Ensure([]string{"lamp"}, "lamp", []string{"lamps"}, "acme"); err != nil {
		t.Fatal(err)
	}
	line := func(serial, pem string) string {
		return string(marshal(map[string]string{"Serial": serial, "Pem": pem})) + "\n"
	}
	input := line("1", authority.Sign("1")) + "\n" + line("2", "rubbish") + line("bad name", authority.Sign("3")) + `{"Serial":4}`
	if status, body := s3(t, s, http.MethodPut, "/factory/in/lamps.json", input); status != http.StatusOK {
		t.Fatalf("PutObject: %d %s", status, body)
	}
	if _, body := s3(t, s, http.MethodGet, "/factory/in/lamps.json", ""); body != input {
		t.Errorf("GetObject: %q", body)
	}
	started := must[*iot.StartThingRegistrationTaskOutput](t)(c.StartThingRegistrationTask(ctx, &iot.StartThingRegistrationTaskInput{
		TemplateBody: aws.String(lampTemplate), InputFileBucket: aws.String("factory"), InputFileKey: aws.String("in/lamps.json"),
		RoleArn: aws.String("arn:aws-cn:iam::123456789012:role/provisioning"),
	}))
	task := must[*iot.DescribeThingRegistrationTaskOutput](t)(c.DescribeThingRegistrationTask(ctx,
		&iot.DescribeThingRegistrationTaskInput{TaskId: started.TaskId}))
	if task.Status != types.StatusCompleted || task.SuccessCount != 1 || task.FailureCount != 3 || task.PercentageProgress != 100 ||
		*task.TemplateBody != lampTemplate {
		t.Errorf("task %+v", task)
	}
	listed := must[*iot.ListThingRegistrationTasksOutput](t)(c.ListThingRegistrationTasks(ctx,
		&iot.ListThingRegistrationTasksInput{Status: types.StatusCompleted}))
	if !slices.Equal(listed.TaskIds, []string{*started.TaskId}) {
		t.Errorf("tasks %v", listed.TaskIds)
	}
	results, failures := report(t, s, c, started.TaskId, types.ReportTypeResults), report(t, s, c, started.TaskId, types.ReportTypeErrors)
	if len(results) != 1 || results[0].LineNumber != 1 || results[0].Response.ResourceArns["lamp"] !=
		"arn:aws-cn:iot:cn-north-1:123456789012:thing/lamp-1" || len(results[0].Response.ResourceArns) != 3 {
		t.Errorf("results %+v", results)
	}
	if len(failures) != 3 || failures[0].LineNumber != 3 || failures[0].ErrorCode != "CertificateValidationException" ||
		failures[1].ErrorCode != "InvalidRequestException" || failures[2].LineNumber != 5 ||
		!strings.HasPrefix(input[failures[2].Offset:], `{"Serial":4`) {
		t.Errorf("errors %+v", failures)
	}
	thing := s.State().Things["lamp-1"]
	if thing.Type != "lamp" || thing.BillingGroup != "acme" || thing.Attributes["line"] != "7" ||
		!slices.Equal(thing.Groups, []string{"lamps"}) ||
		len(thing.Certificates) != 1 || !slices.Equal(s.State().Certificates[thing.Certificates[0]].Policies, []string{"lamp"}) {
		t.Errorf("thing %+v", thing)
	}
	_, err := c.StopThingRegistrationTask(ctx, &iot.StopThingRegistrationTaskInput{TaskId: started.TaskId})
	if codeOf(err) != "InvalidRequestException" {
		t.Errorf("stopping a completed task: %v", err)
	}
	registerThingAgain(t, s, c, authority.Sign("4"))
	clearThings(t, s, c)
}

// registerThingAgain registers one more device, and the same thing with other attributes.
func registerThingAgain(t *testing.T, s *Server, c clients, pem string) {
	out := must[*iot.RegisterThingOutput](t)(c.RegisterThing(t.Context(), &iot.RegisterThingInput{
		TemplateBody: aws.String(lampTemplate), Parameters: map[string]string{"Serial": "4", "Pem": pem},
	}))
	if out.ResourceArns["policy"] != "arn:aws-cn:iot:cn-north-1:123456789012:policy/lamp" {
		t.Errorf("registered %+v", out)
	}
	certificate := s.State().Things["lamp-4"].Certificates[0]
	again := strings.NewReplacer(`"CertificatePem": {"Ref": "Pem"}`, `"CertificateId": "`+certificate+`"`, `"BillingGroup": "acme",`, "").
		Replace(lampTemplate)
	_, err := c.RegisterThing(t.Context(), &iot.RegisterThingInput{
		TemplateBody: &again, Parameters: map[string]string{"Serial": "4", "Line": "8"},
	})
	if codeOf(err) != "ConflictingResourceUpdateException" || !strings.Contains(err.Error(), "billing group") {
		t.Errorf("another billing group: %v", err)
	}
	if got := s.State().Things["lamp-4"].Attributes["line"]; got != "8" {
		t.Errorf("line %q, want that of the second call", got)
	}
}

type reportLine struct {
	LineNumber, Offset int
	ErrorCode          string
	Response           struct{ ResourceArns map[string]string }
}

func report(t *testing.T, s *Server, c clients, task *string, kind types.ReportType) (lines []reportLine) {
	t.Helper()
	out := must[*iot.ListThingRegistrationTaskReportsOutput](t)(c.ListThingRegistrationTaskReports(t.Context(),
		&iot.ListThingRegistrationTaskReportsInput{TaskId: task, ReportType: kind}))
	if len(out.ResourceLinks) != 1 {
		t.Fatalf("links %v", out.ResourceLinks)
	}
	request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, out.ResourceLinks[0], nil))
	response := must[*http.Response](t)(Transport(s).RoundTrip(request))
	defer response.Body.Close()
	for decoder := json.NewDecoder(response.Body); decoder.More(); {
		var line reportLine
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

// clearThings deletes all things, certificates, and what walkTasks created first.
func clearThings(t *testing.T, s *Server, c clients) {
	t.Helper()
	ctx := t.Context()
	for name, thing := range s.State().Things {
		for _, id := range thing.Certificates {
			_ = must[*iot.DetachThingPrincipalOutput](t)(c.DetachThingPrincipal(ctx,
				&iot.DetachThingPrincipalInput{ThingName: &name, Principal: aws.String("arn:aws-cn:iot:cn-north-1:123456789012:cert/" + id)}))
		}
		_ = must[*iot.DeleteThingOutput](t)(c.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: &name}))
	}
	for id := range s.State().Certificates {
		_ = must[*iot.UpdateCertificateOutput](t)(c.UpdateCertificate(ctx,
			&iot.UpdateCertificateInput{CertificateId: &id, NewStatus: types.CertificateStatusInactive}))
		_ = must[*iot.DeleteCertificateOutput](t)(c.DeleteCertificate(ctx, &iot.DeleteCertificateInput{CertificateId: &id, ForceDelete: true}))
	}
	_ = must[*iot.DeletePolicyOutput](t)(c.DeletePolicy(ctx, &iot.DeletePolicyInput{PolicyName: aws.String("lamp")}))
	_ = must[*iot.DeleteThingGroupOutput](t)(c.DeleteThingGroup(ctx, &iot.DeleteThingGroupInput{ThingGroupName: aws.String("lamps")}))
	_ = must[*iot.DeleteBillingGroupOutput](t)(c.DeleteBillingGroup(ctx, &iot.DeleteBillingGroupInput{BillingGroupName: aws.String("acme")}))
	_ = must[*iot.DeprecateThingTypeOutput](t)(c.DeprecateThingType(ctx, &iot.DeprecateThingTypeInput{ThingTypeName: aws.String("lamp")}))
	_ = must[*iot.DeleteThingTypeOutput](t)(c.DeleteThingType(ctx, &iot.DeleteThingTypeInput{ThingTypeName: aws.String("lamp")}))
}
