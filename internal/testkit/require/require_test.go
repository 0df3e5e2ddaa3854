package require

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A verdict is how a test ended.
type verdict struct {
	testing.TB
	skipped, failed string
}

func (v *verdict) Helper() {}

func (v *verdict) Skipf(format string, args ...any) {
	v.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (v *verdict) Fatalf(format string, args ...any) {
	v.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func judge(t *testing.T, f func(testing.TB)) *verdict {
	t.Helper()
	v := &verdict{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(v)
	}()
	<-done
	return v
}

func TestMissingFailsOnlyIfRequired(t *testing.T) {
	for _, c := range []struct {
		require string
		fails   bool
	}{
		{require: ""},
		{require: "moto,race"},
		{require: "database"},
		{require: "data", fails: true},
		{require: "moto, data", fails: true},
	} {
		t.Run(c.require, func(t *testing.T) {
			t.Setenv(RequireEnv, c.require)
			v := judge(t, func(tb testing.TB) { Missing(tb, "data", "nobody brought it") })
			end := v.skipped
			if c.fails {
				end = v.failed
			}
			if !strings.Contains(end, "data") || !strings.Contains(end, "nobody brought it") {
				t.Errorf("skipped %q, failed %q, want fails = %v with the reason", v.skipped, v.failed, c.fails)
			}
		})
	}
}

func TestForeignProgramIsNotEvenLookedForWithoutTheSwitch(t *testing.T) {
	t.Setenv(PeersEnv, "")
	t.Setenv(RequireEnv, "moto,awscli,sam,elasticmq,dynamodb-local,awsiotsdk,awsiotpythonsdk,mqttjs,mosquitto")
	for what, start := range map[string]func(testing.TB){
		"moto":            func(tb testing.TB) { Moto(tb) },
		"awscli":          func(tb testing.TB) { AWSCLI(tb) },
		"sam":             func(tb testing.TB) { SAM(tb, "sam") },
		"elasticmq":       func(tb testing.TB) { ElasticMQ(tb) },
		"dynamodb-local":  func(tb testing.TB) { DynamoDBLocal(tb) },
		"awsiotsdk":       func(tb testing.TB) { AWSIoTSDK(tb) },
		"awsiotpythonsdk": func(tb testing.TB) { AWSIoTPythonSDK(tb) },
		"mqttjs":          func(tb testing.TB) { MQTTJS(tb) },
		"mosquitto":       func(tb testing.TB) { Mosquitto(tb) },
	} {
		v := judge(t, start)
		if !strings.Contains(v.skipped, what) || !strings.Contains(v.skipped, "make test-peers") {
			t.Errorf("%s: skipped %q, failed %q, want a skip that names the target", what, v.skipped, v.failed)
		}
	}
}

func TestDataIsFoundNextToTheModuleFromAnyPackage(t *testing.T) {
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pkg := filepath.Join(base, "checkout", "internal", "some")
	data := filepath.Join(base, "shared", "data")
	for _, dir := range []string{pkg, data} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(base, "checkout", "go.mod"), []byte("module x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(pkg)
	if got := Data(t); got != data {
		t.Errorf("Data = %s, want %s", got, data)
	}

	if err := os.Remove(data); err != nil {
		t.Fatal(err)
	}
	t.Setenv(RequireEnv, "")
	if v := judge(t, func(tb testing.TB) { Data(tb) }); !strings.Contains(v.skipped, data) {
		t.Errorf("without the directory: skipped %q, want the path in the reason", v.skipped)
	}
}

func TestDataHoldsEveryVendor(t *testing.T) {
	t.Parallel()
	data := Data(t)
	for _, vendor := range []string{"espressif", "generated", "infineon", "microchip"} {
		if entries, err := os.ReadDir(filepath.Join(data, vendor)); err != nil || len(entries) == 0 {
			t.Errorf("%s: %d files, %v", vendor, len(entries), err)
		}
	}
}

func TestProgramThatOnlySeemsToBeThereIsMissing(t *testing.T) {
	dir := t.TempDir()
	shim := filepath.Join(dir, "aws")
	if err := os.WriteFile(shim, []byte("#!/bin/sh\necho 'no version is set' >&2\nexit 127\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv(RequireEnv, "")
	v := judge(t, func(tb testing.TB) { program(tb, "awscli", "--version", shim) })
	if !strings.Contains(v.skipped, "no version is set") {
		t.Errorf("skipped %q, failed %q, want a skip with the shim's own words", v.skipped, v.failed)
	}
}
