// Command compile compiles the service model of AWS IoT into the table of package model.
//
//	go run ./compile -model service-2.json.gz -version 1.43.11 -out iot.txt
//	go run ./compile -data -model service-2.json.gz -version 1.43.11 -out data.txt
//
// The input is the file data/iot/2015-05-28/service-2.json.gz of the Python package botocore, or
// that of data/iot-data with -data, compressed or not. It is needed only to compile; `make model` installs it. The output contains
// facts of the interface (names, types, constraints, status codes) and no text of the model's
// documentation.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	input := flag.String("model", "", "file service-2.json or service-2.json.gz of botocore")
	version := flag.String("version", "", "version of botocore, for the header of the table")
	out := flag.String("out", "iot.txt", "file to write")
	data := flag.Bool("data", false, "the model is that of the data plane")
	flag.Parse()
	names := operations
	if *data {
		names = dataOperations
	}
	if err := compileFile(*input, *version, *out, names); err != nil {
		fmt.Fprintln(os.Stderr, "compile:", err)
		os.Exit(1)
	}
}

func compileFile(input, version, out string, names []string) error {
	if input == "" || version == "" {
		return errors.New("name the model with -model and botocore's version with -version")
	}
	content, err := os.ReadFile(input)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(content, []byte{0x1f, 0x8b}) {
		unzip, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return fmt.Errorf("%s: %w", input, err)
		}
		if content, err = io.ReadAll(unzip); err != nil {
			return fmt.Errorf("%s: %w", input, err)
		}
	}
	table, err := compileModel(content, version, names)
	if err != nil {
		return fmt.Errorf("%s: %w", input, err)
	}
	return os.WriteFile(out, table, 0o644) //nolint:gosec // a source file
}
