package stack_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// complete is the smallest environment with which a function works.
func complete() map[string]string {
	env := map[string]string{
		"THINGPRESS_STACK": "line-1", "THINGPRESS_LEDGER_TABLE": "t",
		"THINGPRESS_MANIFESTS_QUEUE_URL": "m", "THINGPRESS_DEVICES_QUEUE_URL": "d",
		"THINGPRESS_MANIFESTS_PARKED_QUEUE_URL": "mp", "THINGPRESS_DEVICES_PARKED_QUEUE_URL": "dp",
		"THINGPRESS_SIGNER_BUCKET": "s", "THINGPRESS_REPORTS_BUCKET": "r", "THINGPRESS_NOTICES_TOPIC_ARN": "n",
	}
	for _, vendor := range vendors.Names() {
		env["THINGPRESS_"+strings.ToUpper(vendor)+"_BUCKET"] = vendor + "-bucket"
	}
	return env
}

func read(env map[string]string) (stack.Config, error) {
	return stack.ReadConfig(func(name string) (string, bool) { value, ok := env[name]; return value, ok })
}

func TestConfigTakesNoneAndEmptyForNothing(t *testing.T) {
	t.Parallel()
	env := complete()
	maps.Copy(env, map[string]string{
		"THINGPRESS_POLICIES": "None", "THINGPRESS_THING_GROUPS": "", "THINGPRESS_THING_TYPE": "none",
		"THINGPRESS_BILLING_GROUP": "", "THINGPRESS_THING_ATTRIBUTES": "None", "THINGPRESS_THING_NAME": "None", "THINGPRESS_SLOT": "",
	})
	config, err := read(env)
	if err != nil {
		t.Fatal(err)
	}
	if a := config.Attachments; len(a.Policies)+len(a.ThingGroups)+len(a.Attributes) > 0 || a.ThingType != "" || a.BillingGroup != "" {
		t.Errorf("attachments from nothing: %+v", a)
	}
	if config.ThingName.String() != "{cn}" || config.Status != "ACTIVE" || config.Share != 1 || config.MaxConcurrency != 2 ||
		config.Retention != 0 {
		t.Errorf("defaults: %+v", config)
	}
}

func TestConfigReadsEveryVariable(t *testing.T) {
	t.Parallel()
	env := complete()
	maps.Copy(env, map[string]string{
		"THINGPRESS_POLICIES": `a\,b, c`, "THINGPRESS_THING_GROUPS": "g", "THINGPRESS_THING_TYPE": "sensor",
		"THINGPRESS_BILLING_GROUP": "b", "THINGPRESS_THING_NAME": "x-{mac}", "THINGPRESS_STATUS": "INACTIVE",
		"THINGPRESS_BUNDLE": "E0E1", "THINGPRESS_SLOT": "2", "THINGPRESS_SHARE": "0.5", "THINGPRESS_MAX_CONCURRENCY": "4",
		"THINGPRESS_ALLOW_EXPIRED": "true", "THINGPRESS_ALLOW_CA": "true", "THINGPRESS_LEDGER_RETENTION_DAYS": "30",
		"THINGPRESS_THING_ATTRIBUTES": `mac={mac}, where=hall 2\,left,line=7`,
	})
	config, err := read(env)
	if err != nil {
		t.Fatal(err)
	}
	settings := config.Settings()
	if diff := cmp.Diff([]string{"a,b", "c"}, settings.Attachments.Policies); diff != "" {
		t.Error(diff)
	}
	var attributes []string
	for _, a := range settings.Attachments.Attributes {
		attributes = append(attributes, a.Name+" is "+a.Value.String())
	}
	if diff := cmp.Diff([]string{"mac is {mac}", "where is hall 2,left", "line is 7"}, attributes); diff != "" {
		t.Error(diff)
	}
	if settings.Decode.ThingName.String() != "x-{mac}" || settings.Status != "INACTIVE" || settings.Decode.Bundle != "E0E1" ||
		settings.Decode.Slot != "2" || !settings.Decode.AllowExpired || !settings.Decode.AllowCA ||
		config.Share != 0.5 || config.MaxConcurrency != 4 || config.Retention != 30*24*time.Hour {
		t.Errorf("%+v", config)
	}
	if vendor, ok := config.Vendor("microchip-bucket"); !ok || vendor != "microchip" {
		t.Errorf("bucket microchip-bucket is %q", vendor)
	}
	if _, ok := config.Vendor("r"); ok {
		t.Error("the reports bucket is taken for a vendor's")
	}
}

func TestConfigNamesEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	env := complete()
	delete(env, "THINGPRESS_LEDGER_TABLE")
	maps.Copy(env, map[string]string{
		"THINGPRESS_STATUS": "REVOKED", "THINGPRESS_SHARE": "2", "THINGPRESS_MAX_CONCURRENCY": "1", "THINGPRESS_BUNDLE": "E0E9",
		"THINGPRESS_THING_NAME": "{nonsense}", "THINGPRESS_POLICIES": "a,,b", "THINGPRESS_ALLOW_EXPIRED": "perhaps",
		"THINGPRESS_ALLOW_CA":              "perhaps",
		"THINGPRESS_LEDGER_RETENTION_DAYS": "-1",
	})
	_, err := read(env)
	if err == nil {
		t.Fatal("taken")
	}
	for _, name := range []string{
		"LEDGER_TABLE", "STATUS", "SHARE", "MAX_CONCURRENCY", "BUNDLE", "THING_NAME", "POLICIES", "ALLOW_EXPIRED", "ALLOW_CA",
		"LEDGER_RETENTION_DAYS",
	} {
		if !strings.Contains(err.Error(), "THINGPRESS_"+name+" ") && !strings.Contains(err.Error(), "THINGPRESS_"+name+":") {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
}

func TestAttributesThatAreNoneAreNamed(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"mac", "=7", "a=1,a=2", "a={nonsense}", "a=1,,b=2"} {
		env := complete()
		env["THINGPRESS_THING_ATTRIBUTES"] = text
		if config, err := read(env); err == nil || !strings.Contains(err.Error(), "THINGPRESS_THING_ATTRIBUTES") {
			t.Errorf("%q is read as %+v, %v", text, config.Attachments.Attributes, err)
		}
	}
}

func TestEveryVendorHasABucket(t *testing.T) {
	t.Parallel()
	config, err := read(complete())
	if err != nil {
		t.Fatal(err)
	}
	for _, vendor := range vendors.Names() {
		if config.Buckets[vendor] == "" {
			t.Errorf("no bucket for %s", vendor)
		}
	}
}
