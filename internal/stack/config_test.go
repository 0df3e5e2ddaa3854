package stack_test

import (
	"maps"
	"strings"
	"testing"
	"time"

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
		"THINGPRESS_SETTINGS_BUCKET": "b", "THINGPRESS_SETTINGS_PARAMETER": "p", "THINGPRESS_VERSION": "1.2.3",
	}
	for _, vendor := range vendors.Names() {
		env["THINGPRESS_"+stack.BucketVariable(vendor)] = vendor + "-bucket"
	}
	return env
}

func read(env map[string]string) (stack.Config, error) {
	return stack.ReadConfig(func(name string) (string, bool) { value, ok := env[name]; return value, ok })
}

func TestConfigReadsEveryVariable(t *testing.T) {
	t.Parallel()
	env := complete()
	config, err := read(env)
	if err != nil || config.Share != 1 || config.MaxConcurrency != 2 || config.Retention != 0 {
		t.Errorf("defaults: %+v, %v", config, err)
	}
	maps.Copy(env, map[string]string{
		"THINGPRESS_SHARE": "0.5", "THINGPRESS_MAX_CONCURRENCY": "4", "THINGPRESS_LEDGER_RETENTION_DAYS": "30",
	})
	if config, err = read(env); err != nil {
		t.Fatal(err)
	}
	if config.Share != 0.5 || config.MaxConcurrency != 4 || config.Retention != 30*24*time.Hour || config.Version != "1.2.3" ||
		config.SettingsBucket != "b" || config.Parameters != "p" {
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
		"THINGPRESS_SHARE": "2", "THINGPRESS_MAX_CONCURRENCY": "1", "THINGPRESS_LEDGER_RETENTION_DAYS": "-1",
	})
	_, err := read(env)
	if err == nil {
		t.Fatal("taken")
	}
	for _, name := range []string{"LEDGER_TABLE", "SHARE", "MAX_CONCURRENCY", "LEDGER_RETENTION_DAYS"} {
		if !strings.Contains(err.Error(), "THINGPRESS_"+name+" ") {
			t.Errorf("%s is not named in: %v", name, err)
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
