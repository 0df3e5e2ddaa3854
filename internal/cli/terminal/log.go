package terminal

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/plain"
)

// A Log has a line of JSON for every call of AWS, and for what an import decided. The zero Log
// discards its lines. Its methods are safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	file    *os.File
	out     *bufio.Writer // to the file and to stderr; nil without both
	err     error         // the first of the writer
	verbose bool
	stop    chan struct{}
	stopped sync.WaitGroup
}

const (
	// logBuffer holds about a tenth of a second of calls at their highest rate.
	logBuffer = 1 << 17
	// logInterval is the time after which lines are written. More than that is lost only if the
	// process is killed.
	logInterval = time.Second
)

// AddLogFlags adds --log and --verbose to the flags of a command that calls AWS. [Log.Open] reads
// them.
func AddLogFlags(flags *pflag.FlagSet) {
	flags.String("log", "", "append a line of JSON for every call of AWS to this `file`")
	flags.BoolP("verbose", "v", false, "print every call on stderr")
}

// Open begins the log if the flags ask for one, and reports whether they do.
func (l *Log) Open(ctx context.Context, flags *pflag.FlagSet, stderr io.Writer) (bool, error) {
	path, err := flags.GetString("log")
	if err != nil {
		return false, nil // the command makes no calls
	}
	verbose, err := flags.GetBool("verbose")
	if err != nil || path == "" && !verbose {
		return false, err
	}
	var outputs []io.Writer
	if path != "" {
		if l.file, err = OpenFile(ctx, path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err != nil {
			return false, fmt.Errorf("--log: %w", err)
		}
		outputs = append(outputs, l.file)
	}
	if verbose {
		outputs = append(outputs, Raw(stderr))
	}
	l.verbose, l.out = verbose, bufio.NewWriterSize(io.MultiWriter(outputs...), logBuffer)
	l.stop = make(chan struct{})
	l.stopped.Go(l.flushEverySecond)
	return true, nil
}

func (l *Log) flushEverySecond() {
	ticker := time.NewTicker(logInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.Flush()
		case <-l.stop:
			return
		}
	}
}

// Verbose reports whether the lines go to stderr. A nil Log is not verbose.
func (l *Log) Verbose() bool { return l != nil && l.verbose }

// Enabled reports whether anybody gets the lines. A nil Log is not enabled.
func (l *Log) Enabled() bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out != nil
}

// Flush writes the lines so far.
func (l *Log) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out != nil && l.err == nil {
		l.err = l.out.Flush()
	}
}

// Close writes the last lines. It returns the first error of writing any line. Further lines are
// discarded.
func (l *Log) Close() error {
	if l.stop == nil {
		return nil
	}
	close(l.stop)
	l.stopped.Wait()
	l.Flush()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop, l.out = nil, nil
	if l.file == nil {
		return l.err
	}
	return errors.Join(l.err, l.file.Close())
}

// A commandLine is the first line of a command in the log.
type commandLine struct {
	Type    string    `json:"type"`
	At      time.Time `json:"at"`
	Command string    `json:"command"`
	Version string    `json:"version"`
}

// Command adds the line that separates the commands of a log.
func (l *Log) Command(path, version string) {
	l.Line(commandLine{"command", time.Now().UTC(), path, version})
}

// An exitLine is the last line of a command in the log.
type exitLine struct {
	Type  string    `json:"type"`
	At    time.Time `json:"at"`
	Exit  int       `json:"exit"`
	Error string    `json:"error,omitempty"`
}

// Exit adds how the command ended.
func (l *Log) Exit(code int, err error) {
	line := exitLine{Type: "exit", At: time.Now().UTC(), Exit: code}
	if err != nil {
		line.Error = err.Error()
	}
	l.Line(line)
}

// A callLine is a call of AWS in the log.
type callLine struct {
	Type      string    `json:"type"`
	At        time.Time `json:"at"`
	Service   string    `json:"service"`
	Operation string    `json:"operation"`
	Method    string    `json:"method,omitempty"`
	Host      string    `json:"host,omitempty"`
	Path      string    `json:"path,omitempty"`
	Status    int       `json:"status,omitempty"`
	Code      string    `json:"code,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
	Millis    float64   `json:"ms"`
	Error     string    `json:"error,omitempty"`
}

// Call adds a call of AWS.
func (l *Log) Call(c awsiot.Call) {
	l.Line(callLine{
		Type: "call", At: c.Begun.UTC(), Service: strings.ToLower(strings.ReplaceAll(c.Service, " ", "")), Operation: c.Operation,
		Method: c.Method, Host: c.Host, Path: c.Path, Status: c.Status, Code: c.Code, RequestID: c.RequestID,
		Millis: math.Round(c.Took.Seconds()*1e5) / 1e2, Error: c.Err,
	})
}

// Line adds a value as a line of JSON.
func (l *Log) Line(value any) {
	if l == nil {
		return
	}
	text, err := json.Marshal(value)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out == nil || l.err != nil {
		return
	}
	if err == nil {
		_, err = plain.JSONWriter(l.out).Write(append(text, '\n'))
	}
	l.err = err
}
