package engine_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/sandbox"
)

func TestAttachmentsAreCheckedAllAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	admin := iot.New(iot.Options{
		Region: sandbox.DefaultRegion, BaseEndpoint: aws.String("http://sandbox.invalid"),
		HTTPClient: &http.Client{Transport: sandbox.Transport(w.server)}, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
	ctx := t.Context()
	group := func(name, parent string) {
		in := &iot.CreateThingGroupInput{ThingGroupName: &name}
		if parent != "" {
			in.ParentGroupName = &parent
		}
		_, err := admin.CreateThingGroup(ctx, in)
		w.ok(err)
	}
	group("plant", "")
	group("hall-a", "plant")
	group("hall-b", "plant")
	group("line", "hall-b")
	_, err := w.server.Ensure([]string{"on-group"}, "old", nil, "dept")
	w.ok(err)
	_, err = admin.DeprecateThingType(ctx, &iot.DeprecateThingTypeInput{ThingTypeName: aws.String("old")})
	w.ok(err)
	found, err := admin.DescribeThingGroup(ctx, &iot.DescribeThingGroupInput{ThingGroupName: aws.String("plant")})
	w.ok(err)
	_, err = admin.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: aws.String("on-group"), Target: found.ThingGroupArn})
	w.ok(err)

	many := func(n int) (names []string) {
		for i := range n {
			names = append(names, fmt.Sprintf("none-%d", i))
		}
		return names
	}
	four := []device.Attribute{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}
	for name, test := range map[string]struct {
		attachments device.Attachments
		want        []string
	}{
		"fine": {device.Attachments{
			Policies: []string{"connect"}, ThingGroups: []string{"line-1", "plant"}, ThingType: "sensor",
			BillingGroup: "dept",
		}, nil},
		"all is missing": {
			device.Attachments{Policies: []string{"p"}, ThingGroups: []string{"g"}, ThingType: "t", BillingGroup: "b"},
			[]string{"policy p", "thing group g", "thing type t", "billing group b"},
		},
		"deprecated":    {device.Attachments{ThingType: "old"}, []string{"thing type old: is deprecated"}},
		"siblings":      {device.Attachments{ThingGroups: []string{"hall-a", "hall-b"}}, []string{"one hierarchy with thing group hall-a"}},
		"an ancestor":   {device.Attachments{ThingGroups: []string{"line", "plant"}}, []string{"one hierarchy with thing group line"}},
		"eleven":        {device.Attachments{Policies: many(11)}, []string{"11 policies"}},
		"eleven groups": {device.Attachments{ThingGroups: many(11)}, []string{"11 thing groups"}},
		"attributes":    {device.Attachments{Attributes: four}, []string{"4 attributes"}},
		"name":          {device.Attachments{Attributes: []device.Attribute{{Name: "a b"}}}, []string{"attribute a b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := device.CheckAttachments(t.Context(), w.aws, w.limiters, test.attachments)
			var wrong *device.AttachmentError
			if len(test.want) == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.As(err, &wrong) {
				t.Fatalf("%v, want findings", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
			for _, f := range wrong.Findings {
				if advice.Attachment(f, advice.CLI, "").Todo == "" || advice.Attachment(f, advice.Stack, "").Todo == "" {
					t.Errorf("%v has no advice", f)
				}
			}
		})
	}
	for name, test := range map[string]struct {
		attachments device.Attachments
		connectable bool
	}{
		"no policy":         {device.Attachments{ThingGroups: []string{"line-1"}}, false},
		"policy":            {device.Attachments{Policies: []string{"connect"}}, true},
		"policy of a group": {device.Attachments{ThingGroups: []string{"plant"}}, true},
		"inherited policy":  {device.Attachments{ThingGroups: []string{"line"}}, true},
	} {
		report, err := device.CheckAttachments(t.Context(), w.aws, w.limiters, test.attachments)
		if err != nil || report.Connectable != test.connectable {
			t.Errorf("%s: %+v %v", name, report, err)
		}
	}
}

func TestCheckThatIsDeniedStopsTheImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	w.aws.Checks = denied{w.aws.Checks}
	_, err := device.CheckAttachments(t.Context(), w.aws, w.limiters, device.Attachments{Policies: []string{"connect"}})
	var stop *call.StopError
	if !errors.As(err, &stop) || !strings.Contains(advice.Of(stop, advice.CLI).Todo, "iot:GetPolicy") {
		t.Errorf("%v", err)
	}
}
