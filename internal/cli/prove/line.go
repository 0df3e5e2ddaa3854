package prove

import (
	"errors"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/manifest"
)

// A deviceLine is a device that is refused something, or of which something remains unknown, as JSON.
type deviceLine struct {
	Type          string                 `json:"type"` // "device"
	Import        string                 `json:"import"`
	Manifest      string                 `json:"manifest"`
	Entry         int                    `json:"entry"`
	Thing         string                 `json:"thing_name"`
	CertificateID manifest.CertificateID `json:"certificate_id"`
	Outcome       string                 `json:"outcome"`
	Reason        string                 `json:"reason"`
	Todo          string                 `json:"todo,omitempty"`
	Requests      []answerLine           `json:"requests"`
}

type answerLine struct {
	Request string `json:"request"`
	Answer  string `json:"answer"`
	Saw     string `json:"saw,omitempty"`
	Why     string `json:"why,omitempty"`
}

func (r *results) deviceLineOf(s *engine.Subject, outcome, reason string, answers answers) deviceLine {
	d := s.Device()
	line := deviceLine{
		Type: "device", Import: s.Import, Manifest: r.prover.session.Imports[0].Manifests[s.Place.Manifest].Name, Entry: s.Entry,
		Thing: d.ThingName, CertificateID: d.CertificateID, Outcome: outcome, Reason: reason, Todo: r.prover.advised().For(reason).Todo,
		Requests: []answerLine{},
	}
	for i, one := range answers {
		answer := answerLine{Request: r.rows[i].Request, Answer: outcomeUnproven, Saw: one.saw, Why: one.why}
		switch one.state {
		case allowed:
			answer.Answer = outcomeAllowed
		case refused:
			answer.Answer = outcomeRefused
		}
		line.Requests = append(line.Requests, answer)
	}
	return line
}

// A proofLine is the result as JSON.
type proofLine struct {
	Type     string        `json:"type"` // "proof"
	Import   string        `json:"import"`
	Target   ledger.Target `json:"target"`
	Alias    string        `json:"alias,omitempty"`
	Broker   string        `json:"broker"`
	Protocol string        `json:"protocol"`
	Entries  int           `json:"entries"`
	Allowed  int           `json:"allowed"`
	Refused  int           `json:"refused"`
	Unproven int           `json:"unproven"`
	Skipped  int           `json:"skipped"`
	Pending  int           `json:"pending"`
	NoKey    int           `json:"no_key"`

	Requests []requestLine `json:"requests"`
	Reasons  []reasonLine  `json:"reasons,omitempty"`
	// Keyless are the first devices without a key, and UnusedKeys the first files with a key of no device.
	Keyless    []string `json:"devices_without_key,omitempty"`
	UnusedKeys int      `json:"unused_keys"`
	KeyFiles   []string `json:"unused_key_files,omitempty"`
	// NoKeyFiles are the first files in the directory without a key that can be read.
	Unreadable int      `json:"files_without_key"`
	NoKeyFiles []string `json:"first_files_without_key,omitempty"`

	Connections int     `json:"connections"`
	Seconds     float64 `json:"seconds"`
	Rate        float64 `json:"devices_per_second"`

	State         ledger.State `json:"state"`
	Error         string       `json:"error,omitempty"`
	Hint          string       `json:"hint,omitempty"`
	UnmatchedOnly []string     `json:"unmatched_only,omitempty"`
	UnmatchedSkip []string     `json:"unmatched_skip,omitempty"`

	explicit bool
}

// A requestLine counts the answers that devices got on one request.
type requestLine struct {
	Request  string `json:"request"`
	Allowed  int    `json:"allowed"`
	Refused  int    `json:"refused"`
	Unproven int    `json:"unproven"`
}

type reasonLine struct {
	Outcome  string           `json:"outcome"`
	Reason   string           `json:"reason"`
	Count    int              `json:"count"`
	Todo     string           `json:"todo,omitempty"`
	Examples []report.Example `json:"examples"`
}

// advised returns the import for orders that name it.
func (p *prover) advised() advice.Import {
	return advice.Import{ID: p.session.Imports[0].ID, Ledger: p.session.Flags.Ledger}
}

// lineOf returns the result of a run.
func (r *results) lineOf(s engine.Summary, ended error) proofLine {
	p := r.prover
	unused := p.keys.unused()
	line := proofLine{
		Type: "proof", Import: p.session.Imports[0].ID, Target: p.session.Connection.Target, Alias: p.session.Connection.Alias,
		Broker: p.broker.Address(), Protocol: protocols[0],
		Entries: s.Counts.Entries, Allowed: s.Counts.Unchanged, Refused: s.Counts.Failed, Unproven: s.Counts.Kept, Skipped: s.Counts.Skipped,
		Pending: s.Pending, NoKey: r.noKey, Requests: r.rows, Keyless: r.keyless, UnusedKeys: len(unused),
		KeyFiles: unused[:min(len(unused), namesMost)], Unreadable: len(p.keys.keyless),
		NoKeyFiles: p.keys.keyless[:min(len(p.keys.keyless), namesMost)], Connections: s.Calls[string(opConnect)],
		Seconds: report.Rounded(s.Took.Seconds()), Rate: report.Rounded(s.Rate()), State: ledger.StateFinished, explicit: p.asked.explicit,
		UnmatchedOnly: p.session.Settings.Only.Unmatched(), UnmatchedSkip: p.session.Settings.Skip.Unmatched(),
	}
	if p.asked.version == 5 {
		line.Protocol = protocols[1]
	}
	for _, reason := range s.Failures {
		outcome := outcomeRefused
		if reason.Outcome == ledger.Kept {
			outcome = outcomeUnproven
		}
		line.Reasons = append(line.Reasons, reasonLine{
			Outcome: outcome, Reason: reason.Reason, Count: reason.Count, Todo: p.advised().For(reason.Reason).Todo,
			Examples: report.ExamplesOf(reason, p.session.Imports[0].Manifests),
		})
	}
	if ended != nil {
		line.State, line.Error, line.Hint = ledger.StateStopped, ended.Error(), imports.StopHint(ended)
		if errors.Is(ended, engine.ErrInterrupted) {
			line.State = ledger.StateInterrupted
		}
	}
	return line
}

// exitOf returns the error that the command ends with. Missing reports whether --only lists something that is
// not there.
func exitOf(l proofLine, missing bool) error {
	switch {
	case l.State == ledger.StateInterrupted:
		return exit.Silently(exit.Interrupted)
	case l.State == ledger.StateStopped:
		return exit.Silently(exit.Failure)
	case l.Refused > 0, l.Pending > 0, missing, l.Unproven > 0 && l.explicit:
		return exit.Silently(exit.Incomplete)
	}
	return nil
}
