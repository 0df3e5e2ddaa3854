package main

import (
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/internal/testkit/vectors"
)

// quoted returns text as JSON.
func quoted(text string) string { return strings.TrimSuffix(string(vectors.JSON(text)), "\n") }

// members returns n members with text, each followed by a comma.
func members(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `"m%d":"x",`, i)
	}
	return text.String()
}

// pemJSONVectors are those of JSON with certificates.
func pemJSONVectors() []*vector {
	m, other := modules[0], modules[1]
	described := func(m module) string {
		return `{"certificateDescription":{"status":"ACTIVE","certificatePem":` + quoted(m.pem()) + `}}`
	}
	named := func(thing string, m module) string {
		return fmt.Sprintf(`{"thingName":%q,"certificatePem":%s}`, thing, quoted(m.pem()))
	}
	array := func(entries ...string) []byte { return []byte("[" + strings.Join(entries, ",\n") + "]\n") }
	is, isOther := m.byCN(), other.byCN()
	exported := func(members string) []byte {
		return []byte(`{"thingpressExport":1,` + members + "," + named("lamp-7", m)[1:] + "\n")
	}
	list := func(name, outcome, note string, data []byte, expect ...any) *vector {
		return vec("pem-json", name, outcome, note, data, expect...)
	}
	pointer := func(text string) func(*options) { return func(o *options) { o.JSONPointer = text } }
	return []*vector{
		list("j01-describe-certificate", "N", "one certificate, as the AWS CLI prints it", []byte(described(m)), is),
		list("j01-joined", "N", "what several calls printed, one after the other", []byte(described(m)+described(other)), is, isOther),
		list("j01-lines", "N", "JSON Lines", []byte(described(m)+"\n"+described(other)+"\n"), is.On(1), isOther.On(2)),
		list("j01-array", "N", "an array", array(described(m), described(other)), is, isOther),
		list("j02-wrapped", "N", "an array in an object, next to others",
			[]byte(`{"next":null,"ids":["x"],"things":[{"a":[1,{"b":2}],"pem":`+quoted(m.pem())+`},`+described(other)+`],"n":1}`), is, isOther),
		list("j02-members", "N", "members of an object", []byte(`{"all":{"a":`+described(m)+`,"b":`+described(other)+`}}`), is, isOther).
			with(pointer("/all/*/certificateDescription/certificatePem")),
		list("j02-strings", "N", "an array of PEM alone", array(quoted(m.pem()), quoted(other.pem())), is, isOther),
		list("j02-chain", "N", "an array of the certificate and its issuer in each object",
			array(`{"chain":[`+quoted(m.pem())+`,`+quoted(pemOf(issuer.Raw))+`]}`), is),
		list("j03-thing-name", "N", "the object names the thing", array(named("lamp-7", m)), device(m.cn, "lamp-7")),
		list("j03-thing-name-text", "N", "what thingpress convert writes",
			array(strings.Replace(named("lamp-7", m), "thingName", "thing_name", 1)),
			device(m.cn, "lamp-7")),
		list("j03-bad-name", "E", "a name that AWS does not accept", array(named("lamp 7", m), described(other)), rejected("bad-name", "lamp 7"),
			isOther),
		list("j03-template", "N", "a template counts more than the object", array(named("lamp-7", m)), device(m.cn, "sensor-"+m.cn)).
			with(func(o *options) { o.ThingName = "sensor-{cn}" }),
		list("j03-template-cn", "N", "the CN, although the object names the thing", array(named("lamp-7", m)), device(m.cn, m.cn)).
			with(func(o *options) { o.ThingName = "{cn}" }),
		list("j03-thing-name-last", "N", "the name of the thing after more members than are columns",
			array(strings.Replace(named("lamp-7", m), "{", "{"+members(70), 1)), device(m.cn, "lamp-7")),
		list("j04-pointer-base64", "N", "base64 of DER, where the pointer leads",
			[]byte(`{"issuer":`+quoted(pemOf(issuer.Raw))+`,"certificates":[{"der":"`+m.der64()+`"}]}`), is).
			with(pointer("/certificates/*/der")),
		list("j04-pointer-of-elements", "N", "a pointer from the elements of an array", array(`{"x":{"~/y":`+quoted(m.pem())+`}}`), is).
			with(pointer("/x/~0~1y")),
		list("j04-pointer-to-nothing", "E", "there is nothing where the pointer leads", array(described(m)),
			rejected("no-certificate", "pointer")).
			with(pointer("/*/pem")),
		list("j04-not-a-pointer", "F", "text that is no pointer", array(described(m)), ends("malformed-entry", "slash")).with(pointer("pem")),
		list("j05-none", "E", "an object without certificate", array(described(m), `{"thingName":"lamp"}`, described(other)),
			is, rejected("no-certificate", "PEM"), isOther),
		list("j05-two", "E", "two devices' certificates in one object", array(`{"a":`+quoted(m.pem())+`,"b":`+quoted(other.pem())+`}`),
			rejected("several-certificates", "2")),
		list("j05-twice", "E", "a name that occurs twice", array(`{"pem":`+quoted(m.pem())+`,"pem":"x"}`, described(other)),
			rejected("duplicate-field", "pem"), isOther),
		list("j06-cut", "F", "the file ends inside an object", array(described(m), described(other))[:len(described(m))+50], is,
			ends("truncated", "")),
		list("j06-comma", "F", "nothing follows a comma", []byte("["+described(m)+",]"), is, ends("corrupt", "comma")),
		list("j06-not-json", "F", "JSON that breaks between entries", []byte("["+described(m)+"\n"+described(other)+"]"), is,
			ends("corrupt", "comma")),
		list("j06-deep", "F", "JSON without end", []byte(`{"pem":`+quoted(m.pem())+`,"a":`+strings.Repeat("[", 100)),
			ends("limit-exceeded", "deeper")),
		list("j06-long", "F", "an entry above the limit", array(described(m)), ends("limit-exceeded", "longer")).
			with(func(o *options) { o.Limits = &limits{EntryBytes: 500} }),
		list("j07-private-key", "F", "a private key next to the certificate",
			array(described(m), `{"pem":`+quoted(other.pem())+`,"key":`+quoted(secretText)+`}`),
			ends("private-key", "")),
		list("j07-jwk", "F", "a private key as a JSON Web Key", array(`{"pem":`+quoted(m.pem())+`,"key":{"kty":"EC","d":"MAA"}}`),
			ends("private-key", "")),
		list("j07-escaped", "F", "a private key whose armour is escaped",
			array(`{"pem":`+quoted(m.pem())+`,"key":`+strings.ReplaceAll(quoted(secretText), "PRIVATE", `PR\u0049VATE`)+`}`),
			ends("private-key", "")),
		list("j08-export", "N", "entries of thingpress export", exported(`"policyNames":["p"],"thingGroupNames":["g"],"thingTypeName":"t",`+
			`"billingGroupName":"b","attributes":{"rev":"2"},"status":"INACTIVE"`), device(m.cn, "lamp-7")),
		list("j08-later-export", "E", "an entry of a later version of exports",
			[]byte(strings.Replace(string(exported(`"status":"ACTIVE"`)), ":1,", ":2,", 1)), rejected("malformed-entry", "version")),
		list("j08-wrong-kind", "E", "a name where an array of names is due", exported(`"policyNames":"p"`),
			rejected("malformed-entry", "policyNames")),
		list("j08-many-names", "E", "more names than any device can have", exported(`"policyNames":[`+strings.Repeat(`"p",`, 1000)+`"p"]`),
			rejected("bad-settings", "1000")),
		list("j08-key-in-attribute", "F", "a private key as an attribute", exported(`"attributes":{"k":`+quoted(secretText)+`}`),
			ends("private-key", "")),
	}
}
