package require

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// jars has a directory for each Java program that tests run. It has the pom.xml from
// which `make jars` downloads the program and its dependencies, and the SHA-256 of
// each of these files.
//
//go:embed jars
var jars embed.FS

// endsWithStdin runs a program until standard input closes, which happens even if
// the test is killed. A shell does not pass its standard input to background
// commands, so the script duplicates it to descriptor 3.
const endsWithStdin = `exec 3<&0; "$@" </dev/null 3<&- & pid=$!; (cat <&3; kill -9 $pid) >/dev/null 2>&1 & wait $pid`

var (
	elasticMQAddress = regexp.MustCompile(`bind address 127\.0\.0\.1:(\d+),`)
	dynamoDBAddress  = regexp.MustCompile(`Port:\s+(\d+)\s`)
)

// ElasticMQ starts an SQS without queues for the test and ends it with the test.
// It returns the base URL; any region and credentials work. Queue URLs have the
// host of the request. If it is not available, the test ends as Missing
// "elasticmq".
func ElasticMQ(t testing.TB) (url string) {
	t.Helper()
	return Java(t, "elasticmq", elasticMQAddress, []string{
		"rest-sqs.bind-hostname=127.0.0.1", "rest-sqs.bind-port=0", "node-address.host=*", "rest-stats.enabled=false",
	}, "org.elasticmq.server.Main")
}

// DynamoDBLocal starts a DynamoDB in memory without tables for the test and ends
// it with the test. It returns the base URL. Any region works, but credentials
// must have an access key of letters and digits. All of them see the same tables.
// If it is not available, the test ends as Missing "dynamodb-local".
func DynamoDBLocal(t testing.TB) (url string) {
	t.Helper()
	const set, main = "dynamodb-local", "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
	peer(t, set)
	for try := 1; ; try++ {
		port := freePort(t)
		url, err := startJava(t, set, dynamoDBAddress, nil, main, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", strconv.Itoa(port))
		if err == nil {
			return url
		}
		if try == portTries {
			Missing(t, set, err.Error()+"; `make jars` fetches it")
		}
	}
}

const (
	// DynamoDB Local must be told its port. The first and last to choose from are below those that systems
	// give to clients, so that no connection takes one meanwhile.
	firstPort, lastPort = 10_000, 32_000
	// portTries is how many ports are tried, because another program may take one after all.
	portTries = 3
)

// freePort returns a port for TCP that is free on all addresses. No other test gets it while this one runs: each
// holds the UDP port of the same number.
func freePort(t testing.TB) (port int) {
	t.Helper()
	var config net.ListenConfig
	for range 1000 {
		port = firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // not a secret
		address := ":" + strconv.Itoa(port)
		held, err := config.ListenPacket(t.Context(), "udp", address)
		if err != nil {
			continue
		}
		listener, err := config.Listen(t.Context(), "tcp", address)
		if err != nil {
			_ = held.Close()
			continue
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = held.Close() })
		return port
	}
	t.Fatalf("no port between %d and %d is free", firstPort, lastPort)
	return 0
}

// Java starts a Java server for the test and ends it with the test. If the test
// fails it shows the end of the server's log. Set is a directory of jars and the
// name of the program for Missing. Main is the class, args are its arguments, and
// properties, of the form name=value, are for the JVM. The first group of address
// matches the port in the line of the log that announces it. Java returns the base
// URL without a trailing slash.
func Java(t testing.TB, set string, address *regexp.Regexp, properties []string, main string, args ...string) (url string) {
	t.Helper()
	peer(t, set)
	url, err := startJava(t, set, address, properties, main, args...)
	if err != nil {
		Missing(t, set, err.Error()+"; `make jars` fetches it")
	}
	return url
}

func startJava(t testing.TB, set string, address *regexp.Regexp, properties []string, main string, args ...string) (url string, err error) {
	t.Helper()
	java, err := exec.LookPath("java")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(Root(t), ".tools", "jars", set)
	classpath, err := checkJars(dir, set)
	if err != nil {
		return "", err
	}
	// The test itself shares the two cores, so a collector and compiler with few
	// threads start fastest.
	command := []string{
		"-c", endsWithStdin, "sh", java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m",
		"-Djava.library.path=" + dir, "-cp", classpath,
	}
	for _, p := range properties {
		command = append(command, "-D"+p)
	}
	command = append(append(command, main), args...)
	cmd := exec.Command("sh", command...) //nolint:noctx // it outlives the test's context: cleanups may still call it
	cmd.Env = clean()
	return startServer(t, cmd, address, "/")
}

// checkJars returns the class path of a set, whose files must be exactly those in SHA256SUMS.
func checkJars(dir, set string) (classpath string, err error) {
	sums, err := jars.ReadFile("jars/" + set + "/SHA256SUMS")
	if err != nil {
		return "", fmt.Errorf("no Java program %q is known: %w", set, err)
	}
	var paths []string
	for lines := bufio.NewScanner(strings.NewReader(string(sums))); lines.Scan(); {
		want, name, _ := strings.Cut(lines.Text(), "  ")
		path := filepath.Join(dir, name)
		got, err := sum(path)
		if err != nil {
			return "", err
		}
		if got != want {
			return "", fmt.Errorf("%s has SHA-256 %s, want %s", path, got, want)
		}
		if strings.HasSuffix(name, ".jar") {
			paths = append(paths, path)
		}
	}
	return strings.Join(paths, string(filepath.ListSeparator)), nil
}

func sum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
