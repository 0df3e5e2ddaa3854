package report

import (
	"cmp"
	"iter"
	"strings"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/ledger"
)

// A Story is what people want to know about an import, without the single devices.
type Story struct {
	Import ledger.Import
	// About is what the ledger's settings say about the import.
	About About
	// Reasons are the reasons of failed, rejected and skipped entries, most frequent first.
	Reasons []Reason
	// Timeline is the rate over time.
	Timeline Timeline
}

// About is what an import recorded about itself when it began. Everything is empty for imports of
// older versions.
type About struct {
	// Version is the version of Thingpress, Command the command line.
	Version string `json:"version,omitempty"`
	Command string `json:"command,omitempty"`
	// Ceiling is the number of devices per second that the quotas allowed; 0 if nothing limited them.
	Ceiling float64 `json:"ceiling,omitempty"`
	// Binding is the operation whose quota limited them.
	Binding string `json:"binding_quota,omitempty"`
}

// A Reason is the reason why some entries were not imported, with what to do about it.
type Reason struct {
	ledger.Reason
	Meaning, Todo string
}

// StoryOf reads the records of an import once. The advice is about of.
func StoryOf(i ledger.Import, about About, records iter.Seq2[ledger.Record, error], of advice.Import) (Story, error) {
	var tally ledger.Tally
	seconds := clock{}
	for record, err := range records {
		if err != nil {
			return Story{}, err
		}
		tally.Add(record)
		seconds.add(record)
	}
	s := Story{Import: i, About: about, Timeline: seconds.timeline()}
	for _, r := range tally.Reasons() {
		found := of.For(r.Reason)
		s.Reasons = append(s.Reasons, Reason{r, found.Meaning, found.Todo})
	}
	return s, nil
}

// Target returns the place of an import for people.
func (s *Story) Target() string {
	t := s.Import.Target
	name := "account " + t.Account + ", " + t.Region
	switch {
	case t.Sandbox != "":
		name = "sandbox (" + name + ")"
	case t.Endpoint != "":
		name += ", " + t.Endpoint
	}
	return name
}

// title returns the names of the manifests, without directories.
func (s *Story) title() string {
	var names []string
	for _, m := range s.Import.Manifests {
		names = append(names, m.Name[strings.LastIndexAny(m.Name, `/\`)+1:])
	}
	if len(names) > 3 {
		names = append(names[:2], "…")
	}
	return cmp.Or(strings.Join(names, ", "), s.Import.ID)
}

// manifestName returns the name of the manifest at an index.
func manifestName(i ledger.Import, index int) string {
	if index < len(i.Manifests) {
		return i.Manifests[index].Name
	}
	return ""
}
