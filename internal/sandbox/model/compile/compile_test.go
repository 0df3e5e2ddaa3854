package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/sandbox/model"
)

const small = `{"metadata":{"protocol":"rest-json","apiVersion":"2015-05-28","serviceId":"IoT"},
"operations":{
 "Turn":{"name":"Turn","http":{"method":"PUT","requestUri":"/lamps/{lampName}"},"input":{"shape":"TurnRequest"},
  "errors":[{"shape":"GoneException"}],"documentation":"<p>Turns.</p>"},
 "Other":{"http":{"method":"GET","requestUri":"/"}}},
"shapes":{
 "TurnRequest":{"type":"structure","required":["lampName","to"],"members":{
  "lampName":{"shape":"LampName","location":"uri","locationName":"lampName"},
  "to":{"shape":"State"},
  "levels":{"shape":"Levels"},
  "tags":{"shape":"Tags"}}},
 "LampName":{"type":"string","min":1,"max":8,"pattern":"[a-z]+"},
 "State":{"type":"string","enum":["ON","OFF"]},
 "Levels":{"type":"list","member":{"shape":"Level"},"max":3},
 "Level":{"type":"integer","min":-1},
 "Tags":{"type":"map","key":{"shape":"LampName"},"value":{"shape":"Levels"}},
 "GoneException":{"type":"structure","members":{"message":{"shape":"State"}},"error":{"httpStatusCode":404},"exception":true},
 "Unused":{"type":"string"}}}`

const smallTable = `Turn operation PUT /lamps/{lampName} TurnRequest - GoneException

GoneException error 404
  message State

LampName string 1..8 ~[a-z]+

Level integer -1..

Levels list Level ..3

State string =ON|OFF

Tags map LampName Levels

TurnRequest structure
  lampName LampName ! uri lampName
  levels Levels
  tags Tags
  to State !
`

func TestModelIsCompiled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(small))
	_ = z.Close()
	input, out := filepath.Join(dir, "service-2.json.gz"), filepath.Join(dir, "out.txt")
	if err := os.WriteFile(input, zipped.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := compileFile(input, "1.2.3", out, []string{"Turn"}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	head, table, _ := strings.Cut(string(got), "\n\n")
	if !strings.Contains(head, "botocore 1.2.3") || !strings.Contains(head, "Apache License") {
		t.Errorf("the header does not name the source: %s", head)
	}
	if diff := cmp.Diff(smallTable, table); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if _, err := model.Parse(string(got)); err != nil {
		t.Error(err)
	}
}

func TestWhatTheTableCannotExpressIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, to, want string }{
		{`"Turn":{"name"`, `"Spin":{"name"`, "no such operation"},
		{`"rest-json"`, `"query"`, "protocol"},
		{`"[a-z]+"`, `"[a[z]]+"`, "not supported"},
		{`"to":{"shape":"State"}`, `"to":{"shape":"State","locationName":"x"}`, "not supported"},
		{`"type":"structure","required"`, `"payload":"to","type":"structure","required"`, "not supported"},
		{`"location":"uri"`, `"location":"headers"`, "not supported"},
		{`"metadata"`, `metadata`, "invalid character"},
	} {
		_, err := compileModel([]byte(strings.Replace(small, c.from, c.to, 1)), "1", []string{"Turn"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.to, err, c.want)
		}
	}
	if err := compileFile("", "1", "x", nil); err == nil {
		t.Error("no model was named, and there is no error")
	}
}
