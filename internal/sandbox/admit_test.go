package sandbox

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// listenAt serves a sandbox over a socket and returns the address.
func listenAt(t *testing.T, s *Server, address string) string {
	t.Helper()
	url, stop, err := Listen(t.Context(), s, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return strings.TrimPrefix(url, "http://")
}

// ask sends a request as it is and returns status, error code and body of the answer.
func ask(t *testing.T, address, request string) (status int, code, body string) {
	t.Helper()
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, request); err != nil {
		t.Fatal(err)
	}
	response := must[*http.Response](t)(http.ReadResponse(bufio.NewReader(connection), nil))
	defer response.Body.Close()
	text := must[[]byte](t)(io.ReadAll(response.Body))
	return response.StatusCode, response.Header.Get("X-Amzn-Errortype"), string(text)
}

// createThing returns a request that creates a thing, with further header lines.
func createThing(host, kind string, header ...string) string {
	const body = `{"thingTypeName":null}`
	length := fmt.Sprint("Content-Length: ", len(body))
	lines := append([]string{"POST /things/t HTTP/1.1", "Host: " + host, "Content-Type: " + kind, length}, header...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

func TestWebPagesCannotCallTheSandbox(t *testing.T) {
	t.Parallel()
	const json = "application/json"
	for name, c := range map[string]struct {
		listen, request string
		status          int
		code            string
	}{
		"a program":             {"", createThing("ADDRESS", json), 200, ""},
		"localhost":             {"", createThing("localhost:4510", json), 200, ""},
		"without port":          {"", createThing("LocalHost", json), 200, ""},
		"absolute name":         {"", createThing("localhost.:1", json), 200, ""},
		"another port":          {"", createThing("127.0.0.1:8080", json), 200, ""},
		"another loopback":      {"", createThing("127.1.2.3", json), 200, ""},
		"IPv6":                  {"[::1]:0", createThing("ADDRESS", json), 200, ""},
		"IPv6 without port":     {"[::1]:0", createThing("[::1]", json), 200, ""},
		"IPv4 in IPv6":          {"[::1]:0", createThing("[::ffff:127.0.0.1]:9", json), 200, ""},
		"allowed":               {"", createThing("Host.Docker.Internal:4510", json), 200, ""},
		"allowed address":       {"", createThing("192.0.2.7:4510", json), 200, ""},
		"type with parameter":   {"", createThing("ADDRESS", "Application/JSON; charset=utf-8"), 200, ""},
		"type of an SDK":        {"", createThing("ADDRESS", "application/x-amz-json-1.1"), 200, ""},
		"DNS rebinding":         {"", createThing("attacker.example:4510", json), 421, "HostNotAllowed"},
		"suffix":                {"", createThing("localhost.attacker.example", json), 421, "HostNotAllowed"},
		"prefix":                {"", createThing("notlocalhost", json), 421, "HostNotAllowed"},
		"bracket":               {"", createThing("[::1].attacker.example", json), 421, "HostNotAllowed"},
		"foreign address":       {"", createThing("192.0.2.8", json), 421, "HostNotAllowed"},
		"unspecified address":   {"", createThing("0.0.0.0:4510", json), 421, "HostNotAllowed"},
		"empty host":            {"", createThing("", json), 421, "HostNotAllowed"},
		"HTTP/1.0 without host": {"", "GET /things HTTP/1.0\r\n\r\n", 421, "HostNotAllowed"},
		"HTTP/1.1 without host": {"", "GET /things HTTP/1.1\r\n\r\n", 400, ""},
		"absolute form": {
			"", strings.Replace(createThing("localhost", json), "/things", "http://attacker.example/things", 1), 421, "HostNotAllowed",
		},
		"all addresses, by loopback": {"0.0.0.0:0", createThing("attacker.example", json), 421, "HostNotAllowed"},

		"page":                {"", createThing("ADDRESS", json, "Origin: https://attacker.example"), 403, "OriginNotAllowed"},
		"page with form type": {"", createThing("ADDRESS", "text/plain", "Origin: https://attacker.example"), 403, "OriginNotAllowed"},
		"page on this host":   {"", createThing("ADDRESS", json, "Origin: http://localhost:3000"), 403, "OriginNotAllowed"},
		"page of an allowed host": {
			"", createThing("ADDRESS", json, "Origin: http://host.docker.internal:4510"), 403, "OriginNotAllowed",
		},
		"hidden page":         {"", createThing("ADDRESS", json, "Origin: null"), 403, "OriginNotAllowed"},
		"second Origin":       {"", createThing("localhost:1", json, "Origin: http://localhost:1", "Origin: null"), 403, "OriginNotAllowed"},
		"own Origin":          {"", createThing("localhost:1", json, "Origin: http://localhost:1"), 200, ""},
		"page without Origin": {"", createThing("ADDRESS", json, "Sec-Fetch-Site: cross-site"), 403, "OriginNotAllowed"},
		"page of a sibling":   {"", createThing("ADDRESS", json, "Sec-Fetch-Site: same-site"), 403, "OriginNotAllowed"},
		"address bar":         {"", createThing("ADDRESS", json, "Sec-Fetch-Site: none"), 200, ""},
		"page that reads": {
			"", "GET /things HTTP/1.1\r\nHost: localhost\r\nOrigin: https://attacker.example\r\n\r\n", 403, "OriginNotAllowed",
		},
		"page that asks before": {
			"", "OPTIONS /things/t HTTP/1.1\r\nHost: localhost\r\nOrigin: https://attacker.example\r\n" +
				"Access-Control-Request-Method: POST\r\n\r\n", 403, "OriginNotAllowed",
		},

		"form":             {"", createThing("ADDRESS", "application/x-www-form-urlencoded"), 415, "UnsupportedMediaType"},
		"text":             {"", createThing("ADDRESS", "text/plain"), 415, "UnsupportedMediaType"},
		"text as JSON":     {"", createThing("ADDRESS", "text/plain; application/json"), 415, "UnsupportedMediaType"},
		"multipart":        {"", createThing("ADDRESS", "multipart/form-data; boundary=json"), 415, "UnsupportedMediaType"},
		"blob of no type":  {"", createThing("ADDRESS", ""), 415, "UnsupportedMediaType"},
		"no body, no type": {"", "POST /things/t HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, Options{AllowHosts: must[[]string](t)(ParseHosts([]string{"host.docker.internal", "192.0.2.7"}))})
			if c.listen == "" {
				c.listen = "127.0.0.1:0"
			}
			address := listenAt(t, s, c.listen)
			if _, port, err := net.SplitHostPort(address); err == nil && strings.HasPrefix(c.listen, "0.0.0.0") {
				address = "127.0.0.1:" + port
			}
			status, code, body := ask(t, address, strings.ReplaceAll(c.request, "ADDRESS", address))
			if status != c.status || code != c.code {
				t.Errorf("status %d, code %q, %s; want status %d, code %q", status, code, body, c.status, c.code)
			}
			if created := len(s.State().Things) == 1; created != (status == http.StatusOK) {
				t.Errorf("the thing was created: %v", created)
			}
		})
	}
}

// The SDK reads errors of STS as XML, and those of AWS IoT as JSON.
func TestRefusalNamesTheFlagInEveryProtocol(t *testing.T) {
	t.Parallel()
	s := open(t, Options{})
	address := listenAt(t, s, "127.0.0.1:0")
	// The name leads to the sandbox, as one of a container or of DNS rebinding does.
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	c := connect("http://host.docker.internal:4510", &http.Client{Transport: &http.Transport{DialContext: dial}})
	_, iotErr := c.ListThings(t.Context(), &iot.ListThingsInput{})
	_, stsErr := c.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	for service, err := range map[string]error{"AWS IoT": iotErr, "STS": stsErr} {
		if codeOf(err) != "HostNotAllowed" || !strings.Contains(err.Error(), "start it with --allow-host host.docker.internal") {
			t.Errorf("%s: %v", service, err)
		}
	}
}

// The names that lead to other addresses than loopback are not known. DNS rebinding needs a name
// that the attacker could register.
func TestOtherAddressesAnswerForNoNameOfAPage(t *testing.T) {
	t.Parallel()
	s := open(t, Options{AllowHosts: []string{"sandbox.example"}})
	at := context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4510}))
	for _, c := range []struct {
		host, origin string
		want         int
	}{
		{"sandbox.example", "", 200},
		{"sandbox:4510", "", 200},
		{"192.0.2.1:4510", "", 200},
		{"172.17.0.1:4510", "", 200},
		{"[2001:db8::1]:4510", "", 200},
		{"localhost:4510", "", 200},
		{"attacker.example", "", 421},
		{"attacker.example:4510", "http://attacker.example:4510", 421},
		{"192.0.2.1.attacker.example", "", 421},
		{"sandbox:4510", "http://attacker.example", 403},
	} {
		request := httptest.NewRequestWithContext(at, http.MethodGet, "http://"+c.host+"/things", nil)
		if c.origin != "" {
			request.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, request)
		if w.Code != c.want {
			t.Errorf("host %s, origin %q: status %d, want %d", c.host, c.origin, w.Code, c.want)
		}
	}
}

func TestAllowedHostsAreNamesWithoutPort(t *testing.T) {
	t.Parallel()
	got, err := ParseHosts([]string{"Host.Docker.Internal.", "[::1]", "FE80::1", "10.0.0.1", "sandbox_1"})
	if want := []string{"host.docker.internal", "::1", "fe80::1", "10.0.0.1", "sandbox_1"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	for _, bad := range []string{"", ".", "*", "*.example", "a b", "host:4510", "http://host", "[::1]:80", "host/", "a..b", "a;b"} {
		if got, err := ParseHosts([]string{bad}); err == nil {
			t.Errorf("%q was taken as %q", bad, got)
		}
	}
}
