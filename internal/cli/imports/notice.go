package imports

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/report"
)

// noticeFlags are the flags that tell others about an import.
type noticeFlags struct {
	url, secretFile, metrics string

	secret []byte
}

func (f *noticeFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.url, "notify", "", "POST the summary as JSON to this https `URL` when the import ends")
	flags.StringVar(&f.secretFile, "notify-secret-file", "", "sign what --notify sends with the secret in this `file` (HMAC-SHA256)")
	flags.StringVar(&f.metrics, "metrics", "",
		"keep this `file` up to date with metrics of the import, in Prometheus's text format; it replaces older ones")
}

// check returns a usage error if what the flags name cannot be used, and reads the secret.
func (f *noticeFlags) check() error {
	if f.metrics != "" {
		if err := newfile.Check(f.metrics); err != nil {
			return exit.UsageError(fmt.Errorf("--metrics: %w", err), "name a file in a writable directory")
		}
		if err := onlyMetrics(f.metrics); err != nil {
			return exit.UsageError(fmt.Errorf("--metrics: %w", err), "name another file, which need not exist")
		}
	}
	if f.url == "" {
		if f.secretFile != "" {
			return exit.UsageError(errors.New("--notify-secret-file signs what --notify sends, which is missing"),
				"add --notify, or leave it out")
		}
		return nil
	}
	to, err := url.Parse(f.url)
	switch {
	case err != nil || to.Host == "":
		return exit.UsageError(errors.New("--notify is not a URL"), "") // it may have a secret, which is not printed
	case to.Scheme != "https" && (to.Scheme != "http" || !isLoopback(to.Hostname())):
		return exit.UsageError(fmt.Errorf("--notify: the scheme is %q", to.Scheme), "use an https URL; http works for 127.0.0.1 only")
	case f.secretFile == "":
		return nil
	}
	text, err := os.ReadFile(f.secretFile)
	if err != nil {
		return exit.UsageError(fmt.Errorf("--notify-secret-file: %w", err), "")
	}
	if f.secret = bytes.TrimSpace(text); len(f.secret) == 0 {
		return exit.UsageError(fmt.Errorf("--notify-secret-file: %s is empty", f.secretFile),
			"write a secret into it, such as that of 'openssl rand -hex 32'")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Bounds of a notice, which is sent when the work is done and somebody waits for the end.
const (
	noticeAttempts = 3
	noticeTimeout  = 10 * time.Second
)

// send sends the summary of an import. An error is noted and changes nothing: the import is what it is.
func (f *noticeFlags) send(ctx context.Context, summary report.Summary, streams terminal.Streams) {
	if f.url == "" {
		return
	}
	ctx, cancel := withAbort(ctx)
	defer cancel()
	body, err := json.Marshal(summary)
	if err == nil {
		err = f.post(ctx, summary.Import, body)
		for n := 1; n < noticeAttempts && err != nil && backoff.Sleep(ctx, time.Second<<(n-1)) == nil; n++ {
			err = f.post(ctx, summary.Import, body)
		}
	}
	if err != nil {
		plain.Fprintf(streams.Err, "warning: the notice to %s was not delivered: %v\n", target.NoticeHost(f.url), err)
	}
}

// withAbort returns a context that outlives the first interrupt and ends with the second.
func withAbort(ctx context.Context) (context.Context, context.CancelFunc) {
	if abort := terminal.AbortContext(ctx); abort != ctx {
		return context.WithCancel(abort)
	}
	return context.WithCancel(context.WithoutCancel(ctx)) // nobody can interrupt
}

// post makes one attempt. Redirections are not followed, for they would take the summary elsewhere.
func (f *noticeFlags) post(ctx context.Context, id string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL cannot be used")
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "thingpress/"+version.Current())
	request.Header.Set("Thingpress-Import", id)
	request.Header.Set("Thingpress-Timestamp", now)
	if len(f.secret) > 0 {
		request.Header.Set("Thingpress-Signature", "sha256="+signature(f.secret, now, body))
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			return wrapped.Err // without the URL
		}
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // what it says does not matter
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
	if answer.StatusCode/100 != 2 {
		return errors.New("the answer is " + answer.Status)
	}
	return nil
}

// signature returns the HMAC-SHA256 (RFC 2104) of a time, a full stop and the body, in hex. The time
// makes a copy of an old notice recognizable.
func signature(secret []byte, at string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(at + ".")) // a hash never fails
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
