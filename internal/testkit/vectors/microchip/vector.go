package main

import (
	"strings"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
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
	name string
	data []byte
	vectors.Expectation
}

// reel makes all chips of the vectors.
var reel = materialtest.NewReel("vectors")

const signerFile = "signers/reel.pem"

// vec returns a new vector. Its name begins with the row, such as m01.
func vec(name, outcome, note string, data []byte) *vector {
	return &vector{name: name, data: data, Expectation: vectors.Expectation{
		Vendor: "microchip", Row: vectors.Row(name), Note: note, Outcome: outcome,
		Options: options{Signers: []string{signerFile}},
		Entries: []entry{},
	}}
}

// bad returns the vector of a rejected entry, followed by a good one.
func bad(name, reason, detail, note string, o material.Object) *vector {
	return vec(name, "E", note, materialtest.Array(o, good(1))).rejected(reason, detail).device(1)
}

// fine returns the vector of an odd entry that is accepted, followed by a normal one.
func fine(name, note string, o material.Object) *vector {
	return vec(name, "N", note, materialtest.Array(o, good(1))).device(0).device(1)
}

// warned returns the vector of an entry that is accepted with warnings.
func warned(name, note string, o material.Object, codes ...string) *vector {
	v := vec(name, "W", note, materialtest.Array(o, good(1))).device(0).device(1)
	v.Entries[0].Warnings = codes
	return v
}

// fatal returns the vector of a manifest that is rejected from its first byte.
func fatal(name, reason, detail, note string, data []byte) *vector {
	return vec(name, "F", note, data).ends(reason, detail)
}

func (v *vector) rejected(reason, detail string) *vector {
	v.Entries = append(v.Entries, entry{Entry: len(v.Entries), Outcome: "rejected", Reason: reason, DetailContains: detail})
	return v
}

// device expects the chip of the reel with this index.
func (v *vector) device(index int) *vector {
	id := chip(index).UniqueID
	return v.named(id, "sn"+strings.ToUpper(id))
}

// named expects a device with this identity.
func (v *vector) named(id, thing string) *vector {
	v.Entries = append(v.Entries, entry{Entry: len(v.Entries), Outcome: "device", ID: id, ThingName: thing})
	return v
}

// identity changes the identity of the first device.
func (v *vector) identity(id, thing string) *vector {
	v.Entries[0].ID, v.Entries[0].ThingName = id, thing
	return v
}

func (v *vector) warn(codes ...string) *vector {
	v.Entries[len(v.Entries)-1].Warnings = codes
	return v
}

func (v *vector) ends(reason, detail string) *vector {
	v.FileError = &failure{Reason: reason, DetailContains: detail}
	return v
}

func (v *vector) with(set func(*options)) *vector {
	set(&v.Options)
	return v
}

// files returns all files of the vectors, by path.
func files() map[string][]byte {
	all := map[string][]byte{}
	for name, data := range signerFiles() {
		all["microchip/"+name] = data
	}
	for _, group := range [][]*vector{
		jwsVectors(), identityVectors(), certificateVectors(), authorityVectors(), keyVectors(), fileVectors(), textVectors(),
		signerVectors(),
	} {
		for _, v := range group {
			if _, ok := all["microchip/"+v.name+".json"]; ok {
				panic("two vectors are named " + v.name)
			}
			all["microchip/"+v.name+".json"] = v.data
			all["microchip/"+v.name+".expect.json"] = vectors.JSON(v.Expectation)
		}
	}
	return all
}
