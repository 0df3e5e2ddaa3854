package main

import (
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/internal/testkit/vectors"
)

type (
	limits  = vectors.Limits
	entry   = vectors.Entry
	failure = vectors.Failure
)

// A vector is one manifest and its expectation.
type vector struct {
	name      string
	extension string
	data      []byte
	vectors.Expectation
}

// vec returns a new vector. Its name begins with the row, such as i01.
func vec(name, outcome, note string, data []byte) *vector {
	return &vector{name: name, extension: ".7z", data: data, Expectation: vectors.Expectation{
		Vendor: "infineon", Row: vectors.Row(name), Note: note, Outcome: outcome, Entries: []entry{},
	}}
}

// bad returns the vector of a rejected file in a bundle, followed by a good one.
func bad(name, reason, detail, note string, f materialtest.SevenZFile) *vector {
	return vec(name, "E", note, manifest(f, trust.File(1, e0e0))).rejected(reason, detail).device(1)
}

// fine returns the vector of an odd file that is accepted for chip 0, followed by a normal one.
func fine(name, note string, f materialtest.SevenZFile) *vector {
	return vec(name, "N", note, manifest(f, trust.File(1, e0e0))).device(0).device(1)
}

// warned returns the vector of a file that is accepted with warnings.
func warned(name, note string, f materialtest.SevenZFile, codes ...string) *vector {
	v := vec(name, "W", note, manifest(f, trust.File(1, e0e0))).device(0).device(1)
	v.Entries[0].Warnings = codes
	return v
}

// fatal returns the vector of a manifest that is rejected before its first entry.
func fatal(name, reason, detail, note string, data []byte) *vector {
	return vec(name, "F", note, data).ends(reason, detail)
}

func (v *vector) rejected(reason, detail string) *vector {
	v.Entries = append(v.Entries, entry{Entry: len(v.Entries), Outcome: "rejected", Reason: reason, DetailContains: detail})
	return v
}

// device expects the chip with this index, from the bundle in the options.
func (v *vector) device(index int, warnings ...string) *vector {
	object := v.Options.Bundle
	if object == "" {
		object = e0e0
	}
	return v.named(trust.ChipID(index), trust.Name(index, object), warnings...)
}

func (v *vector) named(id, thing string, warnings ...string) *vector {
	v.Entries = append(v.Entries, entry{Entry: len(v.Entries), Outcome: "device", ID: id, ThingName: thing, Warnings: warnings})
	return v
}

func (v *vector) ends(reason, detail string) *vector {
	v.FileError = &failure{Reason: reason, DetailContains: detail}
	return v
}

func (v *vector) bundle(object string) *vector {
	v.Options.Bundle = object
	return v
}

func (v *vector) within(l limits) *vector {
	v.Options.Limits = &l
	return v
}

func (v *vector) as(extension string) *vector {
	v.extension = extension
	return v
}

// files returns all files of the vectors, by path.
func files() map[string][]byte {
	all := map[string][]byte{}
	for _, group := range [][]*vector{
		damagedVectors(), foreignVectors(), bombVectors(), methodVectors(), secretVectors(), bundleVectors(),
		nameVectors(), chipVectors(), contentVectors(), leftoverVectors(), renamedVectors(), wideVectors(),
	} {
		for _, v := range group {
			if _, ok := all["infineon/"+v.name+".expect.json"]; ok {
				panic("two vectors are named " + v.name)
			}
			all["infineon/"+v.name+v.extension] = v.data
			all["infineon/"+v.name+".expect.json"] = vectors.JSON(v.Expectation)
		}
	}
	return all
}
