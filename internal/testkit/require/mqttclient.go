package require

import (
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The programs perform the requests that they read.
var (
	//go:embed mqtt/awsiotsdk.py
	awsiotsdkScript string
	//go:embed mqtt/awsiotpythonsdk.py
	awsiotpythonsdkScript string
	//go:embed mqtt/mqttjs.js
	mqttjsScript string
)

// An MQTTRequest is what a client does with a connection of its own.
type MQTTRequest struct {
	Host        string `json:"host"`
	Port        int    `json:"port"`
	CA          string `json:"ca"`          // a file, like the next two
	Certificate string `json:"certificate"` // in PEM
	Key         string `json:"key"`         // in PEM
	Version     int    `json:"version"`     // 5, or 4 for MQTT 3.1.1
	ClientID    string `json:"client_id"`
	Will        string `json:"will"`   // topic; may be empty
	Action      string `json:"action"` // connect, publish, retain or subscribe; all with QoS 1
	Topic       string `json:"topic"`
}

// An MQTTClient is a program of others that speaks MQTT. It must not be used concurrently.
type MQTTClient struct {
	perform func(MQTTRequest) (refused string)
}

// Perform returns why a request was refused, or an empty string if it was allowed.
func (c *MQTTClient) Perform(r MQTTRequest) (refused string) { return c.perform(r) }

// AWSIoTSDK starts the AWS IoT Device SDK v2 for Python, which has a TLS stack of its own, and ends it with the
// test. If it is not installed, the test ends as Missing "awsiotsdk".
func AWSIoTSDK(t testing.TB) *MQTTClient {
	t.Helper()
	peer(t, "awsiotsdk")
	return startMQTT(t, "awsiotsdk", pythonWith(t, "awsiotsdk"), "-c", awsiotsdkScript)
}

// AWSIoTPythonSDK is like [AWSIoTSDK] for the AWS IoT Device SDK v1 for Python, which speaks only MQTT 3.1.1.
// Its name for THINGPRESS_REQUIRE is awsiotpythonsdk.
func AWSIoTPythonSDK(t testing.TB) *MQTTClient {
	t.Helper()
	peer(t, "awsiotpythonsdk")
	return startMQTT(t, "awsiotpythonsdk", pythonWith(t, "awsiotpythonsdk"), "-c", awsiotpythonsdkScript)
}

// pythonWith returns the Python of the environment that `make mqtt-clients` makes.
func pythonWith(t testing.TB, what string) string {
	t.Helper()
	dir := filepath.Join(Root(t), ".venv", "mqtt")
	if _, err := os.Stat(filepath.Join(dir, "installed")); err != nil {
		Missing(t, what, err.Error()+"; `make mqtt-clients` installs it")
	}
	return filepath.Join(dir, "bin", "python")
}

// MQTTJS is like [AWSIoTSDK] for MQTT.js. Its name for THINGPRESS_REQUIRE is mqttjs.
func MQTTJS(t testing.TB) *MQTTClient {
	t.Helper()
	peer(t, "mqttjs")
	dir := filepath.Join(Root(t), ".tools", "mqttjs")
	if _, err := os.Stat(filepath.Join(dir, "installed")); err != nil {
		Missing(t, "mqttjs", err.Error()+"; `make mqtt-clients` installs it")
	}
	return startMQTT(t, "mqttjs", "env", "NODE_PATH="+filepath.Join(dir, "node_modules"), "node", "-e", mqttjsScript)
}

// startMQTT starts a program that answers each line of its input with a line.
func startMQTT(t testing.TB, what, program string, args ...string) *MQTTClient {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		Missing(t, what, err.Error())
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = t.TempDir() // Python imports from its working directory first
	cmd.Env = append(clean(), "HOME="+cmd.Dir)
	var failure strings.Builder
	cmd.Stderr = &failure
	requests, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = requests.Close()
		_ = cmd.Wait() // killed with the test's context, or ended by the end of its input
	})
	encoder, decoder := json.NewEncoder(requests), json.NewDecoder(answers)
	return &MQTTClient{func(r MQTTRequest) string {
		t.Helper()
		var answer struct{ Refused string }
		if err := encoder.Encode(r); err != nil {
			t.Fatalf("%s: %v: %s", what, err, failure.String())
		}
		if err := decoder.Decode(&answer); err != nil {
			t.Fatalf("%s: %v: %s", what, err, failure.String())
		}
		return answer.Refused
	}}
}

// Mosquitto returns mosquitto_pub and mosquitto_sub, which operators use by hand. Each request is a process.
// Without them, the test ends as Missing "mosquitto".
func Mosquitto(t testing.TB) *MQTTClient {
	t.Helper()
	peer(t, "mosquitto")
	for _, program := range []string{"mosquitto_pub", "mosquitto_sub", "stdbuf"} {
		if _, err := exec.LookPath(program); err != nil {
			Missing(t, "mosquitto", err.Error()+"; the package mosquitto-clients of Debian has it, which `make mqtt-clients` installs for root")
		}
	}
	return &MQTTClient{func(r MQTTRequest) string {
		program, version := "mosquitto_pub", "mqttv311"
		if r.Version == 5 {
			version = "mqttv5"
		}
		args := []string{
			"-h", r.Host, "-p", strconv.Itoa(r.Port), "--cafile", r.CA, "--cert", r.Certificate, "--key", r.Key,
			"-V", version, "-i", r.ClientID, "-q", "1", "-t", r.Topic, "-d", // it says what it does
		}
		if r.Will != "" {
			args = append(args, "--will-topic", r.Will, "--will-payload", "gone", "--will-qos", "1")
		}
		switch r.Action {
		case "subscribe":
			program = "mosquitto_sub"
			args = append(args, "-E") // ends after the subscription
		case "retain":
			args = append(args, "-m", "content", "-r")
		default:
			args = append(args, "-m", "content")
		}
		cmd := exec.CommandContext(t.Context(), "stdbuf", append([]string{"-oL", program}, args...)...)
		said := &mosquittoOutput{end: func() { _ = cmd.Process.Kill() }}
		cmd.Stdout, cmd.Stderr = said, said
		if err := cmd.Run(); err != nil {
			return err.Error() + ": " + lastLine([]byte(said.text.String()))
		}
		// The exit code is 0 all the same.
		if text := said.text.String(); strings.Contains(text, "denied") || strings.Contains(text, "failed: Not authorized") {
			return lastLine([]byte(said.text.String()))
		}
		return ""
	}}
}

// mosquittoOutput is what a program says. If it is disconnected it may connect again for ever, so its second
// attempt ends it.
type mosquittoOutput struct {
	text strings.Builder
	end  func()
}

func (o *mosquittoOutput) Write(p []byte) (int, error) {
	n, err := o.text.Write(p)
	if strings.Count(o.text.String(), "sending CONNECT") > 1 {
		o.end()
	}
	return n, err
}
