package imports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/config"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/progress"
)

// A savedPlan is what `plan --out` writes and `import --plan` carries out. It has what was reviewed, so
// that the import can tell what has changed since.
type savedPlan struct {
	Type    string    `json:"type"` // "saved_plan"
	Format  int       `json:"format"`
	Version string    `json:"version"`
	At      time.Time `json:"at"`

	Files     []string            `json:"files"` // absolute paths of the manifests
	Flags     map[string][]string `json:"flags"`
	Target    ledger.Target       `json:"target"`
	Manifests []ledger.Manifest   `json:"manifests"`
	Settings  json.RawMessage     `json:"settings"`
	Policies  []plannedPolicy     `json:"policies,omitempty"`
	OfGroups  []plannedPolicy     `json:"group_policies,omitempty"`
	Quotas    map[string]float64  `json:"quotas"`
	Devices   int                 `json:"devices"`
	Rejected  int                 `json:"rejected"`
	Skipped   int                 `json:"skipped"`
	// Existing is what --compare found; nil without it.
	Existing *plannedDevices `json:"existing,omitempty"`
}

// A plannedPolicy is the default version of a policy. It has only the name if the credentials may not
// read the policy.
type plannedPolicy struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	SHA256  string `json:"sha256,omitempty"` // of the document
}

func plannedPolicyOf(p iot.Policy) plannedPolicy {
	sum := sha256.Sum256([]byte(p.Document))
	return plannedPolicy{p.Name, p.Version, hex.EncodeToString(sum[:])}
}

// plannedDevices are devices by what exists of them.
type plannedDevices struct {
	New       int            `json:"new"`
	Unchanged int            `json:"unchanged"`
	Completed int            `json:"completed"`
	Conflicts int            `json:"conflicts"`
	Reasons   map[string]int `json:"reasons,omitempty"`
	// Calls are those that an import makes for them, by operation.
	Calls map[string]float64 `json:"calls"`
}

const savedPlanFormat = 1

// plannedFlags are the flags of a plan that an import takes over, besides resumedFlags. The profile is
// not among them, because the reviewer may have another one.
var plannedFlags = []string{
	"quota", "share", "region", "endpoint-url", "sandbox", "sandbox-state", "strict-names",
}

// decidedFlags are all flags that a plan decides.
func decidedFlags() []string { return slices.Concat(resumedFlags, plannedFlags) }

// reviewed is what a plan and an import know before the first call.
type reviewed struct {
	settings   engine.Settings
	connection *target.Connection
	scan       *engine.ScanResult
	quotas     target.Quotas
	check      *attachmentCheck
	policies   *policyJudges
	comparison *engine.Comparison // nil if devices were not compared
}

// savedPlanOf returns the plan of what was reviewed.
func savedPlanOf(r reviewed, args []string, flags *pflag.FlagSet) (savedPlan, error) {
	recorded := recordedOf(r.settings, args, flags)
	settings, err := json.Marshal(r.settings)
	if err != nil {
		return savedPlan{}, fmt.Errorf("settings of the plan: %w", err)
	}
	p := savedPlan{
		Type: "saved_plan", Format: savedPlanFormat, Version: version.Current(), At: time.Now().UTC(),
		Files: recorded.Manifests, Flags: recorded.Flags, Target: r.connection.Target, Manifests: r.scan.Manifests, Settings: settings,
		Quotas: map[string]float64{}, Devices: r.scan.Devices, Rejected: r.scan.Rejected, Skipped: r.scan.Skipped,
	}
	flags.Visit(func(flag *pflag.Flag) {
		if slices.Contains(plannedFlags, flag.Name) {
			p.Flags[flag.Name] = []string{flag.Value.String()}
			if list, ok := flag.Value.(pflag.SliceValue); ok {
				p.Flags[flag.Name] = list.GetSlice()
			}
		}
	})
	if state, ok := p.Flags["sandbox-state"]; ok {
		p.Flags["sandbox-state"] = []string{absolute(state[0])}
	}
	for _, q := range r.quotas.All() {
		if tps := r.quotas.TPS(q.Op); !math.IsInf(tps, 1) {
			p.Quotas[string(q.Op)] = tps
		}
	}
	if r.check != nil {
		for _, policy := range r.check.policies {
			p.Policies = append(p.Policies, plannedPolicyOf(policy))
		}
		for _, name := range r.check.onGroups {
			p.OfGroups = append(p.OfGroups, r.policies.planned(name))
		}
	}
	if c := r.comparison; c != nil {
		p.Existing = &plannedDevices{
			New: c.New, Unchanged: c.Unchanged, Completed: c.Completed, Conflicts: c.Conflicts, Reasons: map[string]int{},
			Calls: map[string]float64{},
		}
		for _, reason := range c.Failures {
			p.Existing.Reasons[reason.Reason] = reason.Count
		}
		for op, n := range c.Calls {
			p.Existing.Calls[string(op)] = n
		}
	}
	return p, nil
}

// planned returns a policy of the thing groups.
func (p *policyJudges) planned(name string) plannedPolicy {
	if policy := p.onGroups[name]; policy != nil {
		return plannedPolicyOf(*policy)
	}
	return plannedPolicy{Name: name}
}

// write writes the plan to a file.
func (p savedPlan) write(path string) error {
	return newfile.Write(path, func(to io.Writer) error {
		encoder := json.NewEncoder(to)
		encoder.SetIndent("", "  ")
		return encoder.Encode(p)
	})
}

// readSavedPlan reads a plan and sets the flags of the import to those of the plan.
func readSavedPlan(path string, flags *pflag.FlagSet, args []string) (*savedPlan, error) {
	if len(args) > 0 {
		return nil, exit.UsageError(errors.New("--plan has the manifests, and the command line names others"), "leave them out")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, exit.UsageError(fmt.Errorf("--plan: %w", err), "write a plan with thingpress plan --out")
	}
	var p savedPlan
	if err := json.Unmarshal(text, &p); err != nil || p.Type != "saved_plan" {
		return nil, exit.UsageError(fmt.Errorf("--plan %s: the file is not a saved plan", path), "write one with thingpress plan --out")
	}
	if p.Format != savedPlanFormat {
		return nil, exit.UsageError(fmt.Errorf("--plan %s: version %s wrote it in format %d; this one knows %d", path,
			p.Version, p.Format, savedPlanFormat),
			"write it again with thingpress plan --out")
	}
	if slices.Contains(p.Files, "-") {
		return nil, exit.UsageError(fmt.Errorf("--plan %s: a manifest came from standard input", path), "plan again with files")
	}
	return &p, setPlannedFlags(flags, p.Flags)
}

// setPlannedFlags sets the flags of an import to those of a plan, whatever the environment and the config
// file say. It returns an error if the command line sets one of them.
func setPlannedFlags(flags *pflag.FlagSet, planned map[string][]string) error {
	decided := decidedFlags()
	for _, name := range decided {
		flag := flags.Lookup(name)
		switch {
		case flag == nil:
		case config.SourceOf(flag).From == config.FromFlag:
			return exit.UsageError(fmt.Errorf("the plan decides --%s, and the command line sets it", name),
				"leave it out, or plan again with it")
		case config.IsPreset(flag):
			if err := resetFlag(flag); err != nil {
				return fmt.Errorf("--%s: %w", name, err)
			}
		}
	}
	for name, values := range planned {
		if !slices.Contains(decided, name) { // such as --yes, which is up to who carries it out
			return exit.UsageError(fmt.Errorf("--plan: a plan does not decide --%s", name), "plan again with thingpress plan --out")
		}
		for _, value := range values {
			if err := flags.Set(name, value); err != nil {
				return fmt.Errorf("--plan: --%s: %w", name, err)
			}
		}
	}
	return nil
}

// stale returns what has changed since the plan was made, a sentence each.
func (p savedPlan) stale(now savedPlan) []string {
	var changes []string
	add := func(format string, args ...any) { changes = append(changes, fmt.Sprintf(format, args...)) }
	if p.Target.Sandbox != "" && now.Target.Sandbox != "" {
		now.Target.Sandbox = p.Target.Sandbox // that of a plan is a copy, with an ID of its own if there was none yet
	}
	if p.Target != now.Target {
		add("the target was %s and is %s", TargetName(p.Target), TargetName(now.Target))
	}
	for i, m := range now.Manifests {
		switch {
		case i >= len(p.Manifests):
			add("manifest %s is new", m.Name)
		case p.Manifests[i].SHA256 != m.SHA256:
			add("manifest %s has other content", m.Name)
		}
	}
	for _, m := range p.Manifests[min(len(now.Manifests), len(p.Manifests)):] {
		add("manifest %s is gone", m.Name)
	}
	var before, after any
	if errors.Join(json.Unmarshal(p.Settings, &before), json.Unmarshal(now.Settings,
		&after)) != nil || fmt.Sprint(before) != fmt.Sprint(after) {
		add("what devices get differs, or a file of --only, --skip or --signer has changed")
	}
	if p.Devices != now.Devices || p.Rejected != now.Rejected || p.Skipped != now.Skipped {
		add("%d devices, %d rejected and %d skipped entries are %d, %d and %d", p.Devices, p.Rejected, p.Skipped,
			now.Devices, now.Rejected, now.Skipped)
	}
	changes = append(changes, changedPolicies("policy", p.Policies, now.Policies)...)
	changes = append(changes, changedPolicies("policy on a thing group,", p.OfGroups, now.OfGroups)...)
	for _, op := range slices.Sorted(maps.Keys(now.Quotas)) {
		if earlier := p.Quotas[op]; earlier != now.Quotas[op] {
			add("the quota of %s was %s and is %s", op, rateText(earlier), rateText(now.Quotas[op]))
		}
	}
	for _, op := range slices.Sorted(maps.Keys(p.Quotas)) {
		if _, ok := now.Quotas[op]; !ok {
			add("the quota of %s was %s and is none", op, rateText(p.Quotas[op]))
		}
	}
	if e, n := p.Existing, now.Existing; e != nil && n != nil && fmt.Sprint(*e) != fmt.Sprint(*n) {
		add("of the devices, %d were new, %d unchanged, %d incomplete and %d in conflict; "+
			"now %d are new, %d unchanged, %d incomplete and %d in conflict",
			e.New, e.Unchanged, e.Completed, e.Conflicts, n.New, n.Unchanged, n.Completed, n.Conflicts)
	}
	return changes
}

// changedPolicies returns what has changed of policies of one kind, a sentence each.
func changedPolicies(kind string, before, now []plannedPolicy) (changes []string) {
	names := map[string]plannedPolicy{}
	for _, p := range before {
		names[p.Name] = p
	}
	for _, p := range now {
		switch earlier, ok := names[p.Name]; {
		case !ok:
			changes = append(changes, fmt.Sprintf("%s %s is new", kind, p.Name))
		case earlier.Version != p.Version:
			changes = append(changes, fmt.Sprintf("%s %s: the default version was %s and is %s", kind, p.Name, earlier.Version, p.Version))
		case earlier.SHA256 != p.SHA256:
			changes = append(changes, fmt.Sprintf("%s %s has another document", kind, p.Name))
		}
		delete(names, p.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		changes = append(changes, fmt.Sprintf("%s %s is gone", kind, name))
	}
	return changes
}

// rateText returns a quota for people; 0 is none.
func rateText(tps float64) string {
	if tps == 0 {
		return "none"
	}
	return fmt.Sprintf("%g/s", tps)
}

// check returns an error if something has changed since the plan was made.
func (p savedPlan) check(now savedPlan) error {
	changes := p.stale(now)
	if len(changes) == 0 {
		return nil
	}
	return exit.WithHint(fmt.Errorf("nothing was imported: the plan of %s is stale:\n%s", p.At.Local().Format(time.DateTime),
		strings.Join(changes, "\n")),
		"review a new plan, with thingpress plan --out")
}

// checkPlan returns an error if the plan of --plan is stale.
func (o *importOptions) checkPlan(ctx context.Context, r reviewed, sources []*engine.Source, args []string, flags *pflag.FlagSet,
	printer *progress.Printer,
) (err error) {
	if o.saved == nil {
		return nil
	}
	if o.saved.Existing != nil {
		if r.comparison, err = r.compare(ctx, sources, printer); err != nil {
			return err
		}
	}
	now, err := savedPlanOf(r, args, flags)
	if err != nil {
		return err
	}
	return o.saved.check(now)
}
