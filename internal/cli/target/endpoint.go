package target

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/thingpress/thingpress/internal/cli/exit"
)

// CheckEndpoint returns an error if --endpoint-url cannot be an endpoint.
func (f *AccountFlags) CheckEndpoint() error {
	if _, err := normalEndpoint(f.EndpointURL); err != nil {
		return exit.UsageError(fmt.Errorf("--endpoint-url %w", err), "")
	}
	return nil
}

// normalEndpoint returns the one spelling of an endpoint, by which ledgers know it: lower case, without
// the scheme's own port and without a slash at the end. Its errors do not contain the text, which
// may have a password.
func normalEndpoint(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "", errors.New("is not an http or https URL")
	case u.User != nil:
		return "", errors.New("has a user name; AWS credentials come from the environment or --profile")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("has a query or fragment")
	}
	u.Host = strings.ToLower(u.Host)
	ownPort := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	u.Host = strings.TrimSuffix(strings.TrimSuffix(u.Host, ownPort), ":")
	return strings.TrimRight(u.String(), "/"), nil
}

// isExposed reports whether others can read what is sent to a normal endpoint: it is neither
// encrypted nor on this machine.
func isExposed(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" {
		return false
	}
	host := u.Hostname()
	if address, err := netip.ParseAddr(host); err == nil {
		return !address.Unmap().IsLoopback()
	}
	return host != "localhost" && !strings.HasSuffix(host, ".localhost")
}

// WithoutUser returns an endpoint without user name and password, which ledgers of version 0.1.0
// may contain.
func WithoutUser(endpoint string) string {
	if u, err := url.Parse(endpoint); err == nil && u.User != nil {
		u.User = nil
		return u.String()
	}
	return endpoint
}

// NoticeHost returns the URL of --notify without what may be a secret: user, path and query.
func NoticeHost(text string) string {
	to, err := url.Parse(text)
	if err != nil || to.Host == "" {
		return "URL"
	}
	return to.Scheme + "://" + to.Host + "/…"
}
