package sandbox

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// The sandbox checks no signature, so a page in the operator's browser could call it as well as
// any program can. These rules prevent this:
//
//   - A call that arrives at a loopback address must name a loopback host, or a host in
//     [Options.AllowHosts]. A page whose name leads to a loopback address (DNS rebinding) still
//     has its own name in the header Host.
//   - A call that arrives at another address may name any address or a name without a dot, such
//     as that of a container, which nobody can register. Other names must be in AllowHosts.
//   - A browser must not report that the page comes from another origin.
//   - The body of a call to AWS IoT must have a JSON type. A browser asks before it sends one to
//     another origin, and the sandbox never agrees.

// admit returns an error if the call may come from a page of another origin.
func (s *Server) admit(request *http.Request) error {
	at, _ := request.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if name := hostName(request.Host); at != nil && !s.answersFor(name, at.IP) {
		todo := ""
		if _, err := ParseHosts([]string{name}); err == nil {
			todo = "; if they are meant for it, start it with --allow-host " + name
		}
		return registry.Refuse(http.StatusMisdirectedRequest, "HostNotAllowed",
			"The sandbox does not answer calls for host %q%s", registry.Shorten(request.Host), todo)
	}
	if header := foreignOrigin(request); header != "" {
		return registry.Refuse(http.StatusForbidden, "OriginNotAllowed",
			"The sandbox does not answer calls of web pages; the browser sent %s", registry.Shorten(header))
	}
	return nil
}

// admitBody returns an error if a call to AWS IoT has a body without a JSON type. STS and
// Service Quotas have types of their own. A file may have any type, since a browser asks before
// it sends a PUT to another origin, too.
func admitBody(c *call, o *operation) error {
	if len(c.body) == 0 || o == getCallerIdentity || o == putObject || c.request.Header.Get("X-Amz-Target") != "" {
		return nil
	}
	header := c.request.Header.Get("Content-Type")
	kind, _, _ := strings.Cut(strings.ToLower(header), ";")
	// Some SDKs write application/x-amz-json-1.1.
	if strings.HasPrefix(kind, "application/") && strings.Contains(kind, "json") {
		return nil
	}
	return registry.Refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType",
		"The body of %s must have the Content-Type application/json; the request has %q", o.name, registry.Shorten(header))
}

// answersFor reports whether a call that arrived at an address may name a host.
func (s *Server) answersFor(name string, at net.IP) bool {
	if name == "localhost" || slices.Contains(s.options.AllowHosts, name) {
		return true
	}
	address, err := netip.ParseAddr(name)
	if at.IsLoopback() {
		return err == nil && address.IsLoopback()
	}
	return err == nil || !strings.Contains(name, ".")
}

// hostName returns a host without port and brackets, in lower case and without the dot at the
// end of an absolute name.
func hostName(host string) string {
	name, _, err := net.SplitHostPort(host)
	if err != nil { // it has no port
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if address, err := netip.ParseAddr(name); err == nil {
		return address.Unmap().String()
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// foreignOrigin returns the header with which a browser reports that a page of another origin
// makes the call, or "". Other programs send no such header.
func foreignOrigin(request *http.Request) (header string) {
	for _, origin := range request.Header.Values("Origin") {
		parsed, err := url.Parse(origin)
		if err != nil || parsed.Host == "" || !strings.EqualFold(parsed.Host, request.Host) {
			return "Origin: " + origin
		}
	}
	switch site := request.Header.Get("Sec-Fetch-Site"); site {
	case "", "same-origin", "none":
		return ""
	default:
		return "Sec-Fetch-Site: " + site
	}
}

var hostPattern = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)

// ParseHosts checks names and addresses of hosts as given on the command line, and returns them
// in the form of [Options.AllowHosts].
func ParseHosts(values []string) ([]string, error) {
	var hosts []string
	for _, value := range values {
		name := hostName(value)
		_, _, port := net.SplitHostPort(value)
		if _, err := netip.ParseAddr(name); port == nil || err != nil && !hostPattern.MatchString(name) {
			return nil, fmt.Errorf("%q is not a host without port, such as host.docker.internal", value)
		}
		hosts = append(hosts, name)
	}
	return hosts, nil
}
