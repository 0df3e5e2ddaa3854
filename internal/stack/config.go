package stack

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/thingpress/thingpress/manifest/vendors"
)

// A Config is the configuration that the template puts into the environment of each
// function.
type Config struct {
	// Stack is the name of the CloudFormation stack.
	Stack string
	// Version is the version of Thingpress that the template is from.
	Version string
	// Table is the name of the ledger's table.
	Table string
	// Queues are the queues to which functions send.
	Queues Queues
	// Buckets are the names of the buckets by vendor.
	Buckets map[string]string
	// Signers and Reports are the names of the other buckets that every template has.
	Signers, Reports string
	// SettingsBucket is the bucket of the settings file, and Parameters the SSM parameter with
	// the [Parameters]. Both are empty while CloudFormation updates an older stack, between the
	// code of a function and its environment.
	SettingsBucket, Parameters string
	// Notices is the ARN of the SNS topic.
	Notices string
	// Share is the part of every quota that this stack may use, above 0 and at most 1.
	Share float64
	// MaxConcurrency is the maximum number of concurrent importers.
	MaxConcurrency int
	// InFlight is how many entries of one import may be in flight; 0 for a number that
	// follows from the quotas.
	InFlight int
	// AllowTestMaterial accepts certificates that thingpress generate made; see
	// [manifest.Device.IsTestMaterial].
	AllowTestMaterial bool
	// Retention is how long the ledger keeps everything but leases and claims; 0 for
	// ever.
	Retention time.Duration
}

// Queues are URLs of queues.
type Queues struct {
	Manifests, Devices, ManifestsParked, DevicesParked string
	// Keeper and Undo are the queues of the functions for later commands. Keeper is empty while
	// CloudFormation updates an older stack, Undo unless the stack allows an undo.
	Keeper, Undo string
}

// Vendor returns the vendor of a bucket; ok is false for a bucket that is none
// of the vendors'.
func (c *Config) Vendor(bucket string) (vendor string, ok bool) {
	for vendor, name := range c.Buckets {
		if name == bucket {
			return vendor, true
		}
	}
	return "", false
}

// BucketVariable returns the name of the environment variable with the bucket of a vendor, without the prefix of all.
func BucketVariable(vendor string) string {
	return strings.ToUpper(strings.ReplaceAll(vendor, "-", "_")) + "_BUCKET"
}

// BucketResource returns the name of the bucket of a vendor in the template.
func BucketResource(vendor string) string {
	var name strings.Builder
	for word := range strings.SplitSeq(vendor, "-") {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String() + "Bucket"
}

// ReadConfig reads the environment through lookup, as [os.LookupEnv] is one. The
// error names every variable that is missing or wrong.
func ReadConfig(lookup func(name string) (value string, ok bool)) (Config, error) {
	r := reader{lookup: lookup, prefix: "THINGPRESS_"}
	config := Config{
		Stack: r.must("STACK"), Version: r.get("VERSION"),
		Table: r.must("LEDGER_TABLE"),
		Queues: Queues{
			Manifests: r.must("MANIFESTS_QUEUE_URL"), Devices: r.must("DEVICES_QUEUE_URL"),
			ManifestsParked: r.must("MANIFESTS_PARKED_QUEUE_URL"), DevicesParked: r.must("DEVICES_PARKED_QUEUE_URL"),
			Keeper: r.get("KEEPER_QUEUE_URL"), Undo: r.get("UNDO_QUEUE_URL"),
		},
		Buckets: map[string]string{},
		Signers: r.must("SIGNER_BUCKET"), Reports: r.must("REPORTS_BUCKET"), SettingsBucket: r.get("SETTINGS_BUCKET"),
		Parameters:        r.get("SETTINGS_PARAMETER"),
		Notices:           r.must("NOTICES_TOPIC_ARN"),
		Share:             parsed(&r, "SHARE", 1, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }),
		MaxConcurrency:    parsed(&r, "MAX_CONCURRENCY", 2, strconv.Atoi),
		InFlight:          parsed(&r, "IN_FLIGHT", 0, strconv.Atoi),
		AllowTestMaterial: parsed(&r, "ALLOW_TEST_MATERIAL", false, strconv.ParseBool),
		Retention:         24 * time.Hour * time.Duration(parsed(&r, "LEDGER_RETENTION_DAYS", 0, strconv.Atoi)),
	}
	for _, vendor := range vendors.Names() {
		config.Buckets[vendor] = r.must(BucketVariable(vendor))
	}
	r.require("SHARE", config.Share > 0 && config.Share <= 1, "is not above 0 and at most 1")
	r.require("MAX_CONCURRENCY", config.MaxConcurrency >= 2, "is less than 2, the least that an SQS event source takes")
	r.require("IN_FLIGHT", config.InFlight >= 0, "is negative")
	r.require("LEDGER_RETENTION_DAYS", config.Retention >= 0, "is negative")
	return config, errors.Join(r.wrong...)
}
