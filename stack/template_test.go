package stack_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	functions "github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/stack"
)

type template struct {
	Parameters map[string]map[string]any
	Mappings   map[string]map[string]map[string]any
	Resources  map[string]resource
	Outputs    map[string]struct{ Value any }
}

type resource struct {
	Type                string
	Condition           string
	DeletionPolicy      string
	UpdateReplacePolicy string
	Properties          map[string]any
}

func load(t *testing.T) template {
	t.Helper()
	var parsed template
	if err := json.Unmarshal(stack.Template, &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

// of returns the logical IDs of a type, in order.
func (x *template) of(kind string) []string {
	var ids []string
	for id, r := range x.Resources {
		if r.Type == kind {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// at follows keys into a value; nil if one is missing.
func at(value any, keys ...string) any {
	for _, key := range keys {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

func (r resource) at(keys ...string) any { return at(r.Properties, keys...) }

func number(value any) int {
	n, _ := value.(float64)
	return int(n)
}

func list(value any) []any {
	if many, ok := value.([]any); ok {
		return many
	}
	return []any{value}
}

// reference returns the logical ID in a Ref or GetAtt. What a stack takes over from an earlier one
// stands for the resource that it would make.
func reference(value any) string {
	if choice, ok := at(value, "Fn::If").([]any); ok {
		return reference(choice[1])
	}
	if parts, ok := at(value, "Fn::Sub").([]any); ok {
		return reference(at(parts[1], "Name"))
	}
	if id, ok := at(value, "Ref").(string); ok {
		return id
	}
	if parts, ok := at(value, "Fn::GetAtt").([]any); ok {
		return fmt.Sprint(parts[0])
	}
	return ""
}

// resolve returns the value of a variable or a parameter with the defaults of the template.
func (x *template) resolve(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	if id := reference(value); id != "" {
		if p := x.Parameters[id]; p != nil {
			return fmt.Sprint(p["Default"])
		}
		return "resource"
	}
	if path, ok := at(value, "Fn::FindInMap").([]any); ok {
		return fmt.Sprint(x.Mappings[path[0].(string)][path[1].(string)][path[2].(string)])
	}
	return ""
}

// A function that needs a variable which the template does not set fails at its
// start. A variable that no function reads is a parameter without effect.
func TestEnvironmentIsWhatTheFunctionsRead(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	for _, id := range parsed.of("AWS::Lambda::Function") {
		variables, _ := parsed.Resources[id].at("Environment", "Variables").(map[string]any)
		read := map[string]bool{}
		config, err := functions.ReadConfig(func(name string) (string, bool) {
			read[name] = true
			value, ok := variables[name]
			return parsed.resolve(value), ok
		})
		if err != nil {
			t.Errorf("%s: the defaults are refused: %v", id, err)
		}
		if config.MaxConcurrency != 2 || config.Share != 1 || config.Version != "devel" {
			t.Errorf("%s: defaults: %+v", id, config)
		}
		if variables["THINGPRESS_POLICIES"] != "," { // that of version 0.2
			t.Errorf("%s: while it is updated, the code of version 0.2 would import without policies", id)
		}
		read["THINGPRESS_POLICIES"] = true
		delete(read, "THINGPRESS_IN_FLIGHT") // follows from the quotas unless a test sets it
		if diff := cmp.Diff(slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(variables))); diff != "" {
			t.Errorf("%s: -read +set:\n%s", id, diff)
		}
	}
}

// Lambda allows 4 KB for all variables, so what an import begins with is in a parameter of SSM.
func TestParameterOfTheDecoderIsWhatItReads(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	text, _ := parsed.Resources["SettingsParameter"].at("Value", "Fn::Sub").(string)
	set := map[string]bool{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if set[name] = true; value != "${"+name+"}" || parsed.Parameters[name] == nil {
			t.Errorf("%q", line)
			continue
		}
		text = strings.Replace(text, value, fmt.Sprint(parsed.Parameters[name]["Default"]), 1)
	}
	read := map[string]bool{}
	if _, err := functions.ReadParameters(func(name string) (string, bool) { read[name] = true; return "", false }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(set))); diff != "" {
		t.Errorf("-read +set:\n%s", diff)
	}
	p, err := functions.ParseParameters(text)
	if err != nil || p.ThingName.String() != "{cn}" || len(p.Attachments.Policies) > 0 || !p.PublishedSigners || p.AllowLateSignature {
		t.Errorf("defaults: %+v, %v", p, err)
	}
}

func TestParametersSayWhatTheyTake(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	for name, p := range parsed.Parameters {
		if name == "CodeBucket" || name == "CodeKey" || name == "CodeVersion" { // set by the deployment
			continue
		}
		bounded := p["AllowedPattern"] != nil || p["AllowedValues"] != nil || p["MinValue"] != nil
		if p["Description"] == nil || p["Default"] == nil || !bounded {
			t.Errorf("%s has no description, default or bounds: %v", name, p)
		}
	}
	for _, name := range []string{"IoTPolicies", "IoTThingGroups", "IoTThingType", "InfineonCertBundleType"} {
		if parsed.Parameters[name] == nil {
			t.Errorf("%s, which users of the Python Thingpress know, is missing", name)
		}
	}
}

// Chosen names collide with a second stack, and with what a deleted one left.
func TestNothingHasAPhysicalName(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	for id, r := range parsed.Resources {
		for _, property := range []string{
			"BucketName", "QueueName", "TableName", "FunctionName", "RoleName", "TopicName", "LogGroupName", "AlarmName", "DashboardName", "Name",
		} {
			value := r.Properties[property]
			if named, ok := at(value, "Fn::Sub").(string); ok && id == "SettingsParameter" && strings.Contains(named, "${AWS::StackName}") {
				continue // the name of the stack is its own as well
			}
			if value != nil && (r.Type != "AWS::Lambda::EventSourceMapping" || property != "FunctionName") {
				t.Errorf("%s has %s %v", id, property, value)
			}
		}
	}
}

// A first deployment that fails leaves nothing, because there is nothing to lose yet.
func TestDataOutlivesTheStack(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	for _, kind := range []string{"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::DynamoDB::Table"} {
		for _, id := range parsed.of(kind) {
			if r := parsed.Resources[id]; r.DeletionPolicy != "RetainExceptOnCreate" || r.UpdateReplacePolicy != "Retain" {
				t.Errorf("%s is not retained", id)
			}
		}
	}
	table := parsed.Resources["LedgerTable"]
	if table.at("BillingMode") != "PAY_PER_REQUEST" || table.at("TimeToLiveSpecification", "AttributeName") != "expires" ||
		table.at("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true {
		t.Errorf("the ledger: %v", table.Properties)
	}
}

func TestBucketsAreClosedEncryptedAndVersioned(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	policies := map[string]bool{}
	for _, id := range parsed.of("AWS::S3::BucketPolicy") {
		policies[reference(parsed.Resources[id].at("Bucket"))] = deniesPlain(parsed.Resources[id])
	}
	for _, id := range parsed.of("AWS::S3::Bucket") {
		r := parsed.Resources[id]
		for _, block := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if r.at("PublicAccessBlockConfiguration", block) != true {
				t.Errorf("%s: %s is not on", id, block)
			}
		}
		if r.at("VersioningConfiguration", "Status") != "Enabled" || r.at("BucketEncryption") == nil || !policies[id] {
			t.Errorf("%s is not versioned, encrypted, or open to TLS alone", id)
		}
		notifications := list(r.at("NotificationConfiguration", "QueueConfigurations"))
		if id == "SignerBucket" || id == "ReportsBucket" || id == "SettingsBucket" {
			continue
		}
		if n := notifications[0]; len(notifications) != 1 || at(n, "Event") != "s3:ObjectCreated:*" || at(n, "Filter") != nil ||
			reference(at(n, "Queue")) != "ManifestsQueue" {
			t.Errorf("%s notifies %v", id, notifications)
		}
	}
}

// deniesPlain reports whether a policy refuses requests without TLS.
func deniesPlain(r resource) bool {
	for _, s := range list(r.at("PolicyDocument", "Statement")) {
		if at(s, "Effect") == "Deny" && at(s, "Condition", "Bool", "aws:SecureTransport") == "false" {
			return true
		}
	}
	return false
}

// longRunning are the queues of functions that work as long as Lambda lets them.
var longRunning = map[string]bool{"ManifestsQueue": true, "KeeperQueue": true, "UndoQueue": true}

func TestQueuesKeepMessagesUntilSomebodyCanLook(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	const day = 24 * 60 * 60
	closed := map[string]bool{}
	for _, id := range parsed.of("AWS::SQS::QueuePolicy") {
		for _, q := range list(parsed.Resources[id].at("Queues")) {
			closed[reference(q)] = deniesPlain(parsed.Resources[id])
		}
	}
	for _, id := range parsed.of("AWS::SQS::Queue") {
		r := parsed.Resources[id]
		days, next := 14, ""
		switch {
		case id == "KeeperQueue" || id == "UndoQueue": // whose messages are not parked
			days, next = 10, "ManifestsDeadLetterQueue"
		case strings.Contains(id, "DeadLetter"):
			next = strings.Replace(id, "DeadLetter", "Parked", 1)
		case !strings.Contains(id, "Parked"):
			days, next = 10, strings.Replace(id, "Queue", "DeadLetterQueue", 1)
		}
		if got := number(r.at("MessageRetentionPeriod")); got != days*day {
			t.Errorf("%s keeps messages for %d s, want %d days", id, got, days)
		}
		// Of SqsManagedSseEnabled and KmsMasterKeyId a queue has one, according to QueuesKeyArn.
		own, _ := r.at("SqsManagedSseEnabled", "Fn::If").([]any)
		if len(own) != 3 || own[0] != "HasQueuesKey" || at(own[1], "Ref") != "AWS::NoValue" || own[2] != true || !closed[id] {
			t.Errorf("%s is not encrypted, or open without TLS", id)
		}
		if got := reference(r.at("RedrivePolicy", "deadLetterTargetArn")); got != next ||
			next != "" && number(r.at("RedrivePolicy", "maxReceiveCount")) < 20 && !longRunning[id] {
			t.Errorf("%s: redrive policy %v", id, r.at("RedrivePolicy"))
		}
		// SQS counts receives across all queues: with the same count as its source a dead-letter queue would pass messages on unread.
		if source := parsed.Resources[strings.Replace(id, "DeadLetterQueue", "Queue", 1)]; strings.Contains(id, "DeadLetter") &&
			number(r.at("RedrivePolicy", "maxReceiveCount")) < number(source.at("RedrivePolicy", "maxReceiveCount"))+20 {
			t.Errorf("%s leaves its consumer fewer than 20 tries", id)
		}
	}
}

func TestFunctionsAndTheirSources(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	handlers := map[string]string{
		"DecoderFunction": "decoder", "ImporterFunction": "importer", "UndeliverableFunction": "undeliverable", "KeeperFunction": "keeper",
		"UndoFunction": "undo",
	}
	for id, handler := range handlers {
		r := parsed.Resources[id]
		if r.at("Handler") != handler || r.at("Runtime") != "provided.al2023" || fmt.Sprint(r.at("Architectures")) != "[arm64]" {
			t.Errorf("%s: %v %v %v", id, r.at("Handler"), r.at("Runtime"), r.at("Architectures"))
		}
		if r.at("RecursiveLoop") != "Allow" || reference(r.at("TracingConfig", "Mode")) != "Tracing" ||
			r.at("LoggingConfig", "LogFormat") != "JSON" {
			t.Errorf("%s: recursion, tracing or logging: %v", id, r.Properties)
		}
		if group := reference(r.at("LoggingConfig", "LogGroup")); reference(parsed.Resources[group].at("RetentionInDays")) != "LogRetentionDays" {
			t.Errorf("%s: log group %s", id, group)
		}
		if r.Properties["ReservedConcurrentExecutions"] != nil {
			t.Errorf("%s has reserved concurrency", id)
		}
	}
	if got := number(parsed.Resources["ImporterFunction"].at("Timeout")); got > 120 {
		t.Errorf("the importer may take %d s", got)
	}
	fed := map[string]string{}
	for _, id := range parsed.of("AWS::Lambda::EventSourceMapping") {
		r := parsed.Resources[id]
		queue, function := reference(r.at("EventSourceArn")), reference(r.at("FunctionName"))
		fed[queue] = function
		if fmt.Sprint(r.at("FunctionResponseTypes")) != "[ReportBatchItemFailures]" || r.at("ScalingConfig", "MaximumConcurrency") == nil {
			t.Errorf("%s: %v", id, r.Properties)
		}
		timeout, visible := number(parsed.Resources[function].at("Timeout")), number(parsed.Resources[queue].at("VisibilityTimeout"))
		if longRunning[queue] {
			// A manifest that crashes the decoder is stopped within an hour.
			if tries := number(parsed.Resources[queue].at("RedrivePolicy", "maxReceiveCount")); visible < timeout+60 || tries*visible > 3600 {
				t.Errorf("%s: %d times %d s, the function takes up to %d s", queue, tries, visible, timeout)
			}
			continue
		}
		if visible < 6*timeout {
			t.Errorf("%s: messages come again after %d s, the function takes up to %d s", queue, visible, timeout)
		}
	}
	want := map[string]string{
		"ManifestsQueue": "DecoderFunction", "DevicesQueue": "ImporterFunction",
		"ManifestsDeadLetterQueue": "UndeliverableFunction", "DevicesDeadLetterQueue": "UndeliverableFunction",
		"KeeperQueue": "KeeperFunction", "UndoQueue": "UndoFunction",
	}
	if diff := cmp.Diff(want, fed); diff != "" {
		t.Error(diff)
	}
	if got := reference(parsed.Resources["ImporterFunctionDevices"].at("ScalingConfig", "MaximumConcurrency")); got != "MaxConcurrency" {
		t.Errorf("importers at once: %s", got)
	}
}

// A key names what is under it at the time of the deployment. A version never changes.
func TestCodeOfEveryFunctionIsPinned(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("expanded.json")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				Code struct{ S3ObjectVersion struct{ Ref string } }
			}
		}
	}
	if err := json.Unmarshal(raw, &template); err != nil {
		t.Fatal(err)
	}
	functions := 0
	for name, r := range template.Resources {
		if r.Type != "AWS::Lambda::Function" {
			continue
		}
		functions++
		if r.Properties.Code.S3ObjectVersion.Ref != "CodeVersion" {
			t.Errorf("the code of %s is taken by its name", name)
		}
	}
	if functions != 5 {
		t.Errorf("%d functions", functions)
	}
}
