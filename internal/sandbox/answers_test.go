package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/sandbox/model"
)

// audited is a client that returns an error for an answer that does not have the shape of AWS's
// service model. All tests that call the sandbox through the SDK use it.
type audited struct{ to http.RoundTripper }

// RoundTrip makes a call and checks the answer.
func (a audited) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := a.to.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	c := &call{request: request}
	operation, _, err := route(c)
	of := model.IoT().Operations[operation.name]
	if err != nil || of == nil {
		return response, nil //nolint:nilerr // the model has only the operations of AWS IoT
	}
	if err := audit(of, response.StatusCode, response.Header.Get("X-Amzn-Errortype"), body); err != nil {
		return nil, fmt.Errorf("the answer %d to %s does not fit the service model: %w: %s", response.StatusCode, of.Name, err, body)
	}
	return response, nil
}

// unlisted are the errors of all operations, which the model does not list everywhere.
var unlisted = []string{"ThrottlingException", "InternalFailureException", "ServiceUnavailableException", "InvalidRequestException"}

// beyond are errors that the model does not have at all. A server answers with them before it
// knows what it is asked for.
var beyond = []string{
	"SerializationException", "RequestEntityTooLargeException", "OriginNotAllowed", "HostNotAllowed", "UnsupportedMediaType",
}

// missingInModel are errors that an operation of the sandbox has and the model does not list.
// docs/sandbox.md names them as open questions.
var missingInModel = []string{
	"CreateThingGroup ResourceNotFoundException", // the parent
	"DetachPolicy ResourceNotFoundException",     // the policy or the target
}

// audit checks an answer against the model.
func audit(of *model.Operation, status int, code string, body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return err
	}
	if code == "" {
		if status != http.StatusOK {
			return errors.New("an error without a code")
		}
		if of.Output == nil {
			return auditValue(&model.Shape{Kind: "structure"}, value, "")
		}
		return auditValue(of.Output, value, "")
	}
	if slices.Contains(beyond, code) {
		return nil
	}
	if !slices.Contains(of.Errors, code) && !slices.Contains(unlisted, code) && !slices.Contains(missingInModel, of.Name+" "+code) {
		return fmt.Errorf("the operation has no error %s", code)
	}
	s := model.IoT().Shapes[code]
	if status != s.Status {
		return fmt.Errorf("the error %s has the status %d", code, s.Status)
	}
	return auditValue(s, value, "")
}

// optional are the members that an answer may lack, by shape: those that only some resources
// have. All others must be there, except the tokens of a next page. The model itself requires
// hardly any member of an answer.
var optional = map[string][]string{
	"AttributePayload":                {"merge"}, // is only for requests
	"CertificateDescription":          {"caCertificateId", "previousOwnedBy", "transferData"},
	"DescribeThingGroupResponse":      {"indexName", "queryString", "queryVersion", "status"}, // of dynamic groups
	"DescribeThingResponse":           {"billingGroupName", "thingTypeName"},
	"RegistrationConfig":              {"templateBody", "templateName"}, // one of both
	"ThingAttribute":                  {"thingTypeName"},
	"ThingDocument":                   {"connectivity", "deviceDefender", "shadow", "thingGroupNames", "thingTypeName"}, // what is indexed
	"ThingGroupIndexingConfiguration": {"customFields", "managedFields"},
	"ThingIndexingConfiguration": { // as it was set
		"customFields", "deviceDefenderIndexingMode", "filter", "managedFields", "namedShadowIndexingMode",
		"thingConnectivityIndexingMode",
	},
	"TransferData":           {"acceptDate", "rejectDate", "rejectReason"}, // what happened
	"ThingGroupMetadata":     {"parentGroupName", "rootToParentThingGroups"},
	"ThingGroupProperties":   {"attributePayload", "thingGroupDescription"},
	"BillingGroupProperties": {"billingGroupDescription"},
	"ThingTypeMetadata":      {"deprecationDate"},
	"ThingTypeProperties":    {"mqtt5Configuration", "searchableAttributes", "thingTypeDescription"},
}

func mayLack(s *model.Shape, m *model.Member) bool {
	return !m.Required && (m.Name == "nextToken" || m.Name == "nextMarker" || slices.Contains(optional[s.Name], m.Name))
}

// auditValue checks a value against a shape.
func auditValue(s *model.Shape, value any, at string) error {
	wrong := fmt.Errorf("%s: %v is not a %s with the constraints of %s", at, value, s.Kind, s.Name)
	switch s.Kind {
	case "structure":
		members, ok := value.(map[string]any)
		if !ok {
			return wrong
		}
		for name, v := range members {
			m := s.Member(name)
			if m == nil {
				return fmt.Errorf("%s: %s has no member %s", at, s.Name, name)
			}
			if err := auditValue(m.Shape, v, at+"."+name); err != nil {
				return err
			}
		}
		for _, m := range s.Members {
			if _, ok := members[m.Name]; !ok && !mayLack(s, m) {
				return fmt.Errorf("%s: member %s of %s is missing", at, m.Name, s.Name)
			}
		}
	case "list":
		elements, ok := value.([]any)
		if !ok {
			return wrong
		}
		for _, v := range elements {
			if err := auditValue(s.Element, v, at+"[]"); err != nil {
				return err
			}
		}
	case "map":
		entries, ok := value.(map[string]any)
		if !ok {
			return wrong
		}
		for key, v := range entries {
			if !s.Key.Fits([]byte(key)) {
				return wrong
			}
			if err := auditValue(s.Element, v, at+"."+key); err != nil {
				return err
			}
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			return wrong
		}
	case "integer", "long", "double", "float", "timestamp":
		n, ok := value.(json.Number)
		if _, err := n.Int64(); !ok || err != nil && (s.Kind == "integer" || s.Kind == "long") {
			return wrong
		}
	default:
		text, ok := value.(string)
		if !ok || !s.Fits([]byte(text)) {
			return wrong
		}
	}
	return nil
}

// A faulty answer must not pass.
func TestAnswersOfAnotherShapeAreNoticed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		operation, code string
		status          int
		body, want      string // want is empty for an answer that is right
	}{
		{"CreateThing", "", 200, `{"thingName":"a","thingArn":"b","thingId":"c"}`, ""},
		{"CreateThing", "", 200, `{"thingName":"a","thingArn":"b"}`, "member thingId"},
		{"CreateThing", "", 200, `{"thingName":"a","thingArn":"b","thingId":null}`, "not a string"},
		{"CreateThing", "", 200, `{"thingName":"a b","thingArn":"b","thingId":"c"}`, "constraints of ThingName"},
		{"CreateThing", "", 200, `{"thingName":"a","thingArn":"b","thingId":"c","ThingId":"c"}`, "no member ThingId"},
		{"CreateThing", "", 400, `{"message":"x"}`, "without a code"},
		{"CreateThing", "DeleteConflictException", 409, `{"message":"x"}`, "no error DeleteConflictException"},
		{"CreateThing", "ResourceNotFoundException", 400, `{"message":"x"}`, "status 404"},
		{"CreateThing", "ResourceAlreadyExistsException", 409, `{"message":"x"}`, "member resourceArn"},
		{"CreateThing", "ResourceNotFoundException", 404, `{"Message":"x"}`, "no member Message"},
		{"ListThings", "", 200, `{"things":[{"thingName":"a","thingArn":"b","attributes":{},"version":1}]}`, ""},
		{"ListThings", "", 200, `{"things":[{"thingName":"a","thingArn":"b","attributes":{},"version":"1"}]}`, "not a long"},
		{"ListThings", "", 200, `{"things":[{"thingName":"a","thingArn":"b","attributes":{"a":"b c"},"version":1}]}`, "AttributeValue"},
		{"ListThings", "", 200, `{}`, "member things"},
		{"ListThings", "", 200, `{"things":null}`, "not a list"},
		{"AttachPolicy", "", 200, `{}`, ""},
		{"AttachPolicy", "", 200, `{"a":1}`, "no member a"},
	} {
		err := audit(model.IoT().Operations[c.operation], c.status, c.code, []byte(c.body))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %q", c.operation, c.body, err, c.want)
		}
	}
}
