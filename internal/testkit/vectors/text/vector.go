package main

import (
	"fmt"

	"github.com/thingpress/thingpress/internal/testkit/vectors"
)

// An expectation is the file next to a manifest.
type expectation struct {
	Vendor    string   `json:"vendor"`
	Row       string   `json:"row"`
	Note      string   `json:"note"`
	Options   options  `json:"options"`
	Outcome   string   `json:"outcome"`
	Entries   []entry  `json:"entries"`
	FileError *failure `json:"file_error,omitempty"`
}

type options struct {
	ThingName    string  `json:"thing_name,omitempty"`
	AllowExpired bool    `json:"allow_expired,omitempty"`
	Limits       *limits `json:"limits,omitempty"`
}

type limits struct {
	EntryBytes int `json:"entry_bytes,omitempty"`
	Entries    int `json:"entries,omitempty"`
}

type entry struct {
	Entry          int      `json:"entry"`
	Line           int      `json:"line,omitempty"`
	Outcome        string   `json:"outcome"`
	Reason         string   `json:"reason,omitempty"`
	DetailContains string   `json:"detail_contains,omitempty"`
	ID             string   `json:"id,omitempty"`
	ThingName      string   `json:"thing_name,omitempty"`
	Warnings       []string `json:"warnings,omitempty"`
}

type failure struct {
	Reason         string `json:"reason"`
	DetailContains string `json:"detail_contains,omitempty"`
}

// A vector is one manifest and its expectation.
type vector struct {
	vendor, name string
	data         []byte
	expectation
}

// vec begins a vector. Its name begins with the row of the catalogue, such as c01.
func vec(vendor, name, outcome, note string, data []byte, expect ...any) *vector {
	v := &vector{vendor: vendor, name: name, data: data, expectation: expectation{
		Vendor: vendor, Row: vectors.Row(name), Note: note, Outcome: outcome, Entries: []entry{},
	}}
	for _, one := range expect {
		switch one := one.(type) {
		case entry:
			one.Entry = len(v.Entries)
			v.Entries = append(v.Entries, one)
		case failure:
			v.FileError = &one
		default:
			panic(fmt.Sprintf("vector %s: %T is no expectation", name, one))
		}
	}
	return v
}

// rejected expects an entry that is rejected.
func rejected(reason, detail string) entry {
	return entry{Outcome: "rejected", Reason: reason, DetailContains: detail}
}

// device expects a device.
func device(id, thing string, warnings ...string) entry {
	return entry{Outcome: "device", ID: id, ThingName: thing, Warnings: warnings}
}

// ends expects the end of the manifest.
func ends(reason, detail string) failure { return failure{Reason: reason, DetailContains: detail} }

func (e entry) on(line int) entry {
	e.Line = line
	return e
}

func (v *vector) with(set func(*options)) *vector {
	set(&v.Options)
	return v
}

// files returns every file that belongs to the vectors, by path.
func files() map[string][]byte {
	all := map[string][]byte{}
	for group, lists := range map[string][][]*vector{
		"espressif":   {quoteVectors(), headerVectors(), encodingVectors(), cellVectors(), siblingVectors()},
		"generated":   {lineVectors(), blockVectors(), foreignVectors()},
		"certificate": {keyVectors(), nameVectors(), formVectors()},
	} {
		for _, one := range lists {
			for _, v := range one {
				extension := map[string]string{"espressif": ".csv", "generated": ".txt", "certificate": ".pem"}[group]
				path := group + "/" + v.name
				if _, ok := all[path+extension]; ok {
					panic("two vectors are named " + path)
				}
				all[path+extension] = v.data
				all[path+".expect.json"] = vectors.JSON(v.expectation)
			}
		}
	}
	return all
}
