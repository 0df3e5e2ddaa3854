package main

import (
	"fmt"

	"github.com/thingpress/thingpress/internal/testkit/vectors"
)

type (
	options = vectors.Options
	limits  = vectors.Limits
	entry   = vectors.Entry
	failure = vectors.Failure
)

// A vector is one manifest and its expectation.
type vector struct {
	vendor, name string
	data         []byte
	vectors.Expectation
}

// vec returns a new vector. Its name begins with the row of the catalogue, such as c01.
func vec(vendor, name, outcome, note string, data []byte, expect ...any) *vector {
	v := &vector{vendor: vendor, name: name, data: data, Expectation: vectors.Expectation{
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

// rejected expects a rejected entry.
func rejected(reason, detail string) entry {
	return entry{Outcome: "rejected", Reason: reason, DetailContains: detail}
}

// device expects a device.
func device(id, thing string, warnings ...string) entry {
	return entry{Outcome: "device", ID: id, ThingName: thing, Warnings: warnings}
}

// ends expects the end of the manifest.
func ends(reason, detail string) failure { return failure{Reason: reason, DetailContains: detail} }

func (v *vector) with(set func(*options)) *vector {
	set(&v.Options)
	return v
}

// files returns all files of the vectors, by path.
func files() map[string][]byte {
	all := map[string][]byte{}
	for group, lists := range map[string][][]*vector{
		"espressif": {
			quoteVectors(), headerVectors(), encodingVectors(), cellVectors(), siblingVectors(), columnVectors(), costlyRecords(),
			allowedRecords(),
		},
		"csv":         {tableVectors(), tableCellVectors()},
		"generated":   {lineVectors(), blockVectors(), foreignVectors(), joinedVectors(), pkcs7Vectors()},
		"nxp":         {nxpVectors()},
		"pem-json":    {pemJSONVectors()},
		"tpm-xml":     {tpmVectors()},
		"certificate": {keyVectors(), nameVectors(), formVectors(), encodingFaults(), costVectors(), allowedVectors()},
	} {
		for _, one := range lists {
			for _, v := range one {
				extension := map[string]string{
					"csv": ".csv", "espressif": ".csv", "generated": ".txt", "certificate": ".pem", "nxp": ".json", "pem-json": ".json", "tpm-xml": ".xml",
				}[group]
				path := group + "/" + v.name
				if _, ok := all[path+extension]; ok {
					panic("two vectors are named " + path)
				}
				all[path+extension] = v.data
				all[path+".expect.json"] = vectors.JSON(v.Expectation)
			}
		}
	}
	return all
}
