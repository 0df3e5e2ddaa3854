package stack

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/environment"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// A Config is the configuration that the template puts into the environment of each
// function.
type Config struct {
	// Stack is the name of the CloudFormation stack.
	Stack string
	// Table is the name of the ledger's table.
	Table string
	// Queues are the queues to which functions send.
	Queues Queues
	// Buckets are the names of the buckets by vendor.
	Buckets map[string]string
	// Signers and Reports are the names of the other two buckets.
	Signers, Reports string
	// Notices is the ARN of the SNS topic.
	Notices string
	// Attachments are what every device gets.
	Attachments device.Attachments
	Status      iot.Status
	ThingName   manifest.Template
	// Bundle and Slot are the options of formats that choose one of a chip's certificates.
	Bundle, Slot string
	AllowExpired bool
	AllowCA      bool
	// Share is the part of every quota that this stack may use, above 0 and at most 1.
	Share float64
	// MaxConcurrency is the maximum number of concurrent importers.
	MaxConcurrency int
	// InFlight is how many entries of one import may be in flight; 0 for a number that
	// follows from the quotas.
	InFlight int
	// Retention is how long the ledger keeps everything but leases and claims; 0 for
	// ever.
	Retention time.Duration
}

// Queues are URLs of queues.
type Queues struct {
	Manifests, Devices, ManifestsParked, DevicesParked string
}

// Settings returns the settings of every import of this stack. The decoder adds the
// signers.
func (c *Config) Settings() engine.Settings {
	return engine.Settings{
		Attachments: c.Attachments,
		Status:      c.Status,
		Decode: manifest.Options{
			ThingName: c.ThingName, AllowExpired: c.AllowExpired, AllowCA: c.AllowCA, Slot: c.Slot, Bundle: c.Bundle,
		},
	}
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

// ReadConfig reads the environment through lookup, as [os.LookupEnv] is one. The
// error names every variable that is missing or wrong.
func ReadConfig(lookup func(name string) (value string, ok bool)) (Config, error) {
	r := reader{lookup: lookup}
	config := Config{
		Stack: r.must("STACK"),
		Table: r.must("LEDGER_TABLE"),
		Queues: Queues{
			Manifests: r.must("MANIFESTS_QUEUE_URL"), Devices: r.must("DEVICES_QUEUE_URL"),
			ManifestsParked: r.must("MANIFESTS_PARKED_QUEUE_URL"), DevicesParked: r.must("DEVICES_PARKED_QUEUE_URL"),
		},
		Buckets: map[string]string{},
		Signers: r.must("SIGNER_BUCKET"), Reports: r.must("REPORTS_BUCKET"),
		Notices: r.must("NOTICES_TOPIC_ARN"),
		Attachments: device.Attachments{
			Policies: r.list("POLICIES"), ThingGroups: r.list("THING_GROUPS"),
			ThingType: r.option("THING_TYPE"), BillingGroup: r.option("BILLING_GROUP"),
		},
		Status: iot.Status(cmp.Or(r.option("STATUS"), string(iot.StatusActive))),
		Bundle: r.option("BUNDLE"), Slot: r.option("SLOT"),
		AllowExpired:   parsed(&r, "ALLOW_EXPIRED", false, strconv.ParseBool),
		AllowCA:        parsed(&r, "ALLOW_CA", false, strconv.ParseBool),
		Share:          parsed(&r, "SHARE", 1, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }),
		MaxConcurrency: parsed(&r, "MAX_CONCURRENCY", 2, strconv.Atoi),
		InFlight:       parsed(&r, "IN_FLIGHT", 0, strconv.Atoi),
		Retention:      24 * time.Hour * time.Duration(parsed(&r, "LEDGER_RETENTION_DAYS", 0, strconv.Atoi)),
	}
	if texts := r.list("THING_ATTRIBUTES"); texts != nil {
		var err error
		config.Attachments.Attributes, err = device.ParseAttributes(texts)
		r.wrap("THING_ATTRIBUTES", err)
	}
	for _, vendor := range vendors.Names() {
		config.Buckets[vendor] = r.must(strings.ToUpper(vendor) + "_BUCKET")
	}
	bundles := vendors.Values(manifest.OptionBundle)
	if text := r.option("THING_NAME"); text != "" {
		config.ThingName = parsed(&r, "THING_NAME", manifest.Template{}, manifest.ParseTemplate)
	}
	r.require("STATUS", config.Status == iot.StatusActive || config.Status == iot.StatusInactive, "is neither ACTIVE nor INACTIVE")
	r.require("BUNDLE", config.Bundle == "" || slices.Contains(bundles, config.Bundle), "is none of "+strings.Join(bundles, ", "))
	r.require("SHARE", config.Share > 0 && config.Share <= 1, "is not above 0 and at most 1")
	r.require("MAX_CONCURRENCY", config.MaxConcurrency >= 2, "is less than 2, the least that an SQS event source takes")
	r.require("IN_FLIGHT", config.InFlight >= 0, "is negative")
	r.require("LEDGER_RETENTION_DAYS", config.Retention >= 0, "is negative")
	return config, errors.Join(r.wrong...)
}

// A reader collects what is wrong.
type reader struct {
	lookup func(string) (string, bool)
	wrong  []error
}

const prefix = "THINGPRESS_"

func (r *reader) must(name string) string {
	value, _ := r.lookup(prefix + name)
	r.require(name, value != "", "is not set")
	return value
}

// option reads a value of which "None" is none, as users of the Python
// Thingpress write it.
func (r *reader) option(name string) string {
	value, _ := r.lookup(prefix + name)
	value = strings.TrimSpace(value)
	if strings.EqualFold(value, "none") {
		return ""
	}
	return value
}

func (r *reader) list(name string) []string {
	text := r.option(name)
	if text == "" {
		return nil
	}
	list := environment.List(text)
	r.require(name, !slices.Contains(list, ""), "has an empty name between its commas")
	return list
}

func (r *reader) require(name string, holds bool, what string) {
	if !holds {
		r.wrong = append(r.wrong, fmt.Errorf("%s%s %s", prefix, name, what))
	}
}

func (r *reader) wrap(name string, err error) {
	if err != nil {
		r.wrong = append(r.wrong, fmt.Errorf("%s%s: %w", prefix, name, err))
	}
}

func parsed[T any](r *reader, name string, fallback T, parse func(string) (T, error)) T {
	text := r.option(name)
	if text == "" {
		return fallback
	}
	value, err := parse(text)
	r.wrap(name, err)
	return value
}
