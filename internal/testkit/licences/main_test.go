package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// A package that lacks a licence of what it contains may not be passed on.
func TestEveryLinkedModuleHasALicence(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := write(t.Context(), &out, require.Root(t)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nGo, LICENSE\n", "\nmodernc.org/sqlite ", "github.com/inconshreveable/mousetrap ", // Windows only
		"github.com/aws/aws-sdk-go-v2 ", ", NOTICE.txt\n", "Redistribution and use in source and binary forms", "TERMS AND CONDITIONS",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(out.String(), "github.com/google/go-cmp") {
		t.Error("modules that only tests use are listed")
	}
}
