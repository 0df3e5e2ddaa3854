package awsiot

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"

	"github.com/thingpress/thingpress/internal/iot"
)

// A hostError is an error of a request that was not answered, with the host to which it went.
type hostError struct {
	host string
	err  error
}

func (e *hostError) Error() string { return e.err.Error() }
func (e *hostError) Unwrap() error { return e.err }

// A proxyError is the answer of a proxy that refuses to connect.
type proxyError struct {
	host   string
	status int
}

func (e *proxyError) Error() string {
	return fmt.Sprintf("%d %s", e.status, http.StatusText(e.status))
}

// onProxy implements OnProxyConnectResponse of [http.Transport].
func onProxy(_ context.Context, proxy *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyError{proxy.Host, response.StatusCode}
}

// nameFault sets Fault, Host and Message of an error from its Code and Err. Status is that of the
// answer, or 0.
func nameFault(e *iot.APIError, status int) {
	var to *hostError
	if errors.As(e.Err, &to) {
		e.Host = to.host
	}
	var missing *credentialsError
	if errors.As(e.Err, &missing) {
		credentialsFault(e, missing.err)
		return
	}
	if e.Fault = iot.FaultOfCode(e.Code); e.Fault != "" {
		if e.Fault == iot.FaultWrongSignature && strings.Contains(e.Message, "scoped to a valid region") {
			e.Fault = iot.FaultWrongRegion
		}
		if action := namedAction.FindStringSubmatch(e.Message); e.Fault == iot.FaultDenied && action != nil {
			e.Action = action[1]
		}
		return
	}
	switch {
	case e.Code != "":
	case status == http.StatusProxyAuthRequired:
		e.Fault, e.Host, e.Message = iot.FaultProxyPassword, "", statusText(status)
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		e.Fault, e.Message = iot.FaultBusy, statusText(status)
	case status >= http.StatusMultipleChoices:
		e.Fault, e.Message = iot.FaultForeign, statusText(status)
	case status > 0:
		e.Fault = iot.FaultBroken // what arrived cannot be read
	case status == 0:
		e.Fault = networkFault(e)
	}
}

func statusText(status int) string { return fmt.Sprintf("%d %s", status, http.StatusText(status)) }

// namedAction finds the action in AWS's message about a denied call (IAM User Guide, Troubleshoot
// access denied error messages).
var namedAction = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)`)

// networkFault returns why there was no answer, or "" if that is not known. It may set Host and
// Message.
func networkFault(e *iot.APIError) iot.Fault {
	var proxy *proxyError
	var untrusted *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	var op *net.OpError
	isOp := errors.As(e.Err, &op)
	if isOp && e.Host == "" && op.Addr != nil {
		e.Host = op.Addr.String()
	}
	switch {
	case errors.As(e.Err, &proxy):
		e.Host, e.Message = proxy.host, proxy.Error()
		if proxy.status == http.StatusProxyAuthRequired {
			return iot.FaultProxyPassword
		}
		return iot.FaultProxyRefuses
	case isOp && op.Op == "proxyconnect":
		var dial *net.OpError
		if errors.As(op.Err, &dial) && dial.Addr != nil {
			e.Host = dial.Addr.String()
		}
		return iot.FaultProxyDown
	case errors.As(e.Err, &untrusted):
		e.Message = untrusted.Err.Error()
		return iot.FaultUntrusted
	case errors.As(e.Err, &record), e.Err != nil && strings.Contains(e.Err.Error(), "server gave HTTP response to HTTPS client"):
		return iot.FaultNoTLS
	case errors.As(e.Err, &dns):
		e.Host = cmp.Or(dns.Name, e.Host)
		if dns.IsNotFound && iot.OfAWS(e.Host) && !iot.IsRegion(iot.RegionOf(e.Host)) {
			return iot.FaultNoEndpoint
		}
		return iot.FaultUnknownHost
	case isTimeout(e.Err):
		return iot.FaultSilent
	}
	return socketFault(e.Err)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

func socketFault(err error) iot.Fault {
	var number syscall.Errno
	errors.As(err, &number)
	switch {
	case number == syscall.ECONNREFUSED || number == windowsRefused:
		return iot.FaultRefused
	case number == syscall.ENETUNREACH, number == syscall.EHOSTUNREACH, number == windowsNoNetwork, number == windowsNoHost:
		return iot.FaultNoRoute
	case number != 0, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return iot.FaultBroken
	}
	return ""
}

// Numbers of Windows (Windows Sockets Error Codes), where those of package syscall are invented.
const (
	windowsNoNetwork = 10051 // WSAENETUNREACH
	windowsRefused   = 10061 // WSAECONNREFUSED
	windowsNoHost    = 10065 // WSAEHOSTUNREACH
)

// credentialsFault sets why there are no credentials, and more about it.
func credentialsFault(e *iot.APIError, err error) {
	var token *ssocreds.InvalidTokenError
	var op *smithy.OperationError
	isOp := errors.As(err, &op)
	switch {
	case errors.As(err, &token), isOp && strings.HasPrefix(op.ServiceID, "SSO") && isSignedOut(op),
		strings.Contains(err.Error(), "cached SSO token"): // of a login that never was
		e.Fault, e.Message = iot.FaultLogin, ""
	case isOp && op.ServiceID == "ec2imds": // the last source of the SDK's chain
		e.Fault, e.Message = iot.FaultNoCredentials, ""
	case isOp:
		source := explainOperation(op)
		e.Fault, e.Message, e.Action = iot.FaultCredentials, source.Error(), source.Action
		if source.Code == "" { // the network is at fault, not the profile
			e.Fault, e.Message, e.Host = source.Fault, source.Message, source.Host
		}
	default:
		for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
			err = next // the causes before it are the SDK's functions
		}
		e.Fault, e.Message = iot.FaultCredentials, err.Error()
	}
}

// isSignedOut reports whether a call of SSO failed because the session ended.
func isSignedOut(op *smithy.OperationError) bool {
	var api smithy.APIError
	if !errors.As(op, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "UnauthorizedException", "InvalidGrantException", "ExpiredTokenException":
		return true
	}
	return false
}
