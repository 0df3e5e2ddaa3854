package quotas

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
)

func printQuotas(streams terminal.Streams, connection *target.Connection, v view, command func(row) string) error {
	plain.Fprintf(streams.Err, "target: %s\n", connection)
	if connection.Offline() {
		fmt.Fprintln(streams.Err, "quotas: the defaults of AWS; your account may have others")
	}
	t := streams.Table([]terminal.Column{
		{Name: "OPERATION"},
		{Name: "CODE", Drop: 1},
		{Name: "DEFAULT", Number: true, Drop: 4},
		{Name: "APPLIED", Number: true},
		{Name: "SOURCE", Drop: 3},
		{Name: "CALLS", Number: true},
		{Name: "NEEDED", Number: true, Omit: v.rate == 0},
		{Name: "ADJUSTABLE", Drop: 2},
		{Name: "REQUEST", Number: true, Omit: v.rate == 0},
	})
	for _, r := range v.rows {
		adjustable := "no"
		if r.Adjustable {
			adjustable = "yes"
		}
		t.Row(r.Operation, r.Code, perSecond(r.Default), perSecond(r.Applied), string(r.Source), number(r.Calls), number(r.Needed), adjustable,
			number(r.Request))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	printNotes(streams, v, command)
	return nil
}

// printNotes prints the ceiling, and what --rate needs.
func printNotes(streams terminal.Streams, v view, command func(row) string) {
	say := func(format string, args ...any) {
		_, _ = io.WriteString(streams.Err, streams.WrapErr(plain.Sprintf(format+"\n", args...))) // notes on what Flush has printed
	}
	if v.unread != "" {
		say("the account's quotas could not be read, so the defaults are shown: %s", v.unread)
	}
	if v.binding == "" {
		say("no quota limits the import of new devices")
	} else {
		say("ceiling for new devices: %s devices/s, %s an hour, bound by %s",
			progress.Rate(v.ceiling), progress.Count(int64(v.ceiling*3600)), v.binding)
	}
	if now := time.Now(); v.devices > 0 && v.took > 0 {
		say("%s: %s, until %s if the import starts now", progress.Plural(v.devices, "new device", "new devices"),
			progress.Duration(v.took), progress.Clock(now.Add(v.took), now))
	}
	if v.rate == 0 {
		return
	}
	tooLow := v.tooLow()
	if len(tooLow) == 0 {
		say("the quotas allow %s devices/s", progress.Rate(v.rate))
		return
	}
	say("to import %s devices/s, request higher quotas:", progress.Rate(v.rate))
	for _, r := range tooLow {
		if r.Adjustable {
			plain.Fprintf(streams.Err, "  %s\n", command(r)) // to paste
		} else {
			say("  ask AWS Support for %s at %s/s, which Service Quotas cannot raise", r.Operation, number(r.Request))
		}
	}
}

// A quotaLine is a quota as JSON.
type quotaLine struct {
	Type string `json:"type"`
	row
	Command string `json:"command,omitempty"`
}

// A summaryLine is the last line of JSON.
type summaryLine struct {
	Type     string   `json:"type"`
	Account  string   `json:"account"`
	Region   string   `json:"region"`
	Endpoint string   `json:"endpoint,omitempty"`
	Unread   string   `json:"unread,omitempty"`
	Ceiling  *float64 `json:"ceiling"` // null if no quota limits devices
	Binding  string   `json:"binding_quota"`
	Offline  bool     `json:"offline,omitempty"`
	Devices  int      `json:"devices,omitempty"`
	Seconds  *float64 `json:"seconds,omitempty"` // nil without Devices, or if no quota limits them
	Rate     *float64 `json:"rate,omitempty"`
	Enough   *bool    `json:"enough,omitempty"`
}

// lines returns the view as lines of JSON.
func (v view) lines(target ledger.Target, command func(row) string) []any {
	var lines []any
	for _, r := range v.rows {
		line := quotaLine{Type: "quota", row: r}
		if r.Request != nil && r.Adjustable {
			line.Command = command(r)
		}
		lines = append(lines, line)
	}
	summary := summaryLine{
		Type: "summary", Account: target.Account, Region: target.Region, Endpoint: target.Endpoint,
		Unread: v.unread, Binding: string(v.binding), Offline: v.offline,
	}
	if !math.IsInf(v.ceiling, 0) {
		summary.Ceiling = &v.ceiling
	}
	if v.devices > 0 {
		summary.Devices = v.devices
		if v.took > 0 {
			seconds := report.Rounded(v.took.Seconds())
			summary.Seconds = &seconds
		}
	}
	if v.rate > 0 {
		enough := len(v.tooLow()) == 0
		summary.Rate, summary.Enough = &v.rate, &enough
	}
	return append(lines, summary)
}

func perSecond(tps *float64) string {
	if tps == nil {
		return "none"
	}
	return number(tps)
}

// number formats a number of calls. It is empty for nil.
func number(n *float64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}
