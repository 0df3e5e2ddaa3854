package advice_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

var (
	surfaces = []advice.Surface{advice.CLI, advice.Stack, advice.Console}
	flags    = regexp.MustCompile(`--[a-z][a-z-]*`)
	// overImport matches a command over an import, which in a stack has --stack.
	overImport = regexp.MustCompile(`thingpress [a-z]+ IMPORT(?: --[a-z][a-z-]*)*`)
)

// Operators of a stack cannot pass flags to an import or run it again. They can give the stack a command over it.
func TestEveryCodeHasWordsOnEverySurface(t *testing.T) {
	t.Parallel()
	for _, code := range append(advice.Codes(), "aws-SomethingNewException") {
		for _, surface := range surfaces {
			if advice.For(code, surface).Meaning == "" {
				t.Errorf("%s means nothing on surface %d", code, surface)
			}
		}
		checkStack(t, code, advice.For(code, advice.Stack).Todo)
		if nothing := advice.For(code, advice.CLI).Todo == ""; nothing != (advice.For(code, advice.Stack).Todo == "") {
			t.Errorf("%s: there is something to do on one surface alone", code)
		}
	}
	for _, code := range advice.StopCodes() {
		for _, surface := range surfaces {
			if advice.Of(&call.StopError{Code: code, Subject: "aws-LimitExceededException", Cause: errors.New("cause")}, surface).Meaning == "" {
				t.Errorf("%s means nothing on surface %d", code, surface)
			}
		}
		checkStack(t, string(code), advice.Of(&call.StopError{Code: code, Cause: errors.New("cause")}, advice.Stack).Todo)
	}
	if unknown := advice.For("no such code", advice.CLI); unknown != (advice.Advice{}) {
		t.Errorf("an unknown code has the advice %+v", unknown)
	}
}

func checkStack(t *testing.T, code, todo string) {
	t.Helper()
	for _, flag := range flags.FindAllString(overImport.ReplaceAllString(todo, ""), -1) {
		if flag != "--parameter" {
			t.Errorf("%s tells the operator of a stack to use %s: %s", code, flag, todo)
		}
	}
	if strings.Contains(todo, "command again") || strings.Contains(todo, "run the import") {
		t.Errorf("%s tells the operator of a stack to run a command again: %s", code, todo)
	}
}

// Every parameter that an advice names must exist in the template.
func TestEveryParameterExists(t *testing.T) {
	t.Parallel()
	template := readFile(t, filepath.Join(require.Root(t), "stack", "template.yaml"))
	named := regexp.MustCompile(`--parameter '?([A-Za-z]+)=`)
	found := 0
	for _, code := range advice.Codes() {
		for _, match := range named.FindAllStringSubmatch(advice.For(code, advice.Stack).Todo, -1) {
			found++
			if !strings.Contains(template, "\n  "+match[1]+":\n    Type:") {
				t.Errorf("%s names parameter %s, which the template does not have", code, match[1])
			}
		}
	}
	if found == 0 {
		t.Error("no advice names a parameter")
	}
}

// A code without an explanation would leave the operator without help.
func TestEveryDeclaredReasonIsExplained(t *testing.T) {
	t.Parallel()
	codes := advice.Codes()
	for i, code := range codes {
		if slices.Contains(codes[:i], code) {
			t.Errorf("%s is explained twice", code)
		}
	}
	declared := 0
	for _, dir := range []string{"manifest", "internal"} {
		for _, prefix := range []string{"Reason", "Drift"} {
			for name, code := range declaredConstants(t, filepath.Join(require.Root(t), dir), prefix) {
				declared++
				if !slices.Contains(codes, code) {
					t.Errorf("%s (%s) is not explained", name, code)
				}
			}
		}
	}
	if declared < 50 {
		t.Errorf("only %d reasons were found", declared)
	}
}

// A fault without words would leave the operator with AWS's, or with none.
func TestEveryFaultOfACallIsExplained(t *testing.T) {
	t.Parallel()
	faults := declaredConstants(t, filepath.Join(require.Root(t), "internal", "iot"), "Fault")
	if len(faults) < 20 {
		t.Errorf("only %d faults were found", len(faults))
	}
	for name, code := range faults {
		err := &iot.APIError{Operation: "CreateThing", Fault: iot.Fault(code), Host: "a.amazonaws.com"}
		if err.Fault == iot.FaultDenied {
			err.Code, err.Class = "AccessDenied", iot.ClassImport
		}
		for _, surface := range surfaces {
			found := advice.Of(err, surface)
			if found.Meaning == "" || found.Todo == "" && surface != advice.Stack {
				t.Errorf("%s: %+v on surface %d", name, found, surface)
			}
		}
		checkStack(t, code, advice.Of(err, advice.Stack).Todo)
	}
}

// declaredConstants returns the values of all constants below a directory whose names begin with
// prefix, by name.
func declaredConstants(t *testing.T, root, prefix string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, prefix) {
				return true
			}
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
				if code, err := strconv.Unquote(literal.Value); err == nil {
					found[path+" "+spec.Names[0].Name] = code
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A hint that repeats what the operator did already sends them round in a circle.
func TestAnAllowedAuthorityIsNotAllowedAgain(t *testing.T) {
	t.Parallel()
	for allowed, want := range map[bool]bool{false: true, true: false} {
		remedy := engine.Remedy{AllowCA: allowed}
		cli := advice.ForRejected(manifest.ReasonCACertificate, remedy, advice.CLI).Todo
		if strings.Contains(cli, "--allow-ca") != want || cli == "" {
			t.Errorf("allowed %t: %q", allowed, cli)
		}
	}
}

// The advice for an exceeded limit must name the flag of that limit.
func TestAnExceededLimitNamesItsFlag(t *testing.T) {
	t.Parallel()
	for _, name := range []manifest.LimitName{
		manifest.LimitEntryBytes, manifest.LimitEntries, manifest.LimitDepth, manifest.LimitArchiveMembers,
		manifest.LimitExpandedBytes, manifest.LimitExpansionRatio, manifest.LimitDictionaryBytes,
	} {
		err := &manifest.FileError{Err: manifest.Exceeded(manifest.ReasonLimitExceeded, manifest.Limit{Name: name, Value: 1}, "more than 1")}
		err.Reason, err.Limit = manifest.ReasonOf(err.Err), manifest.LimitOf(err.Err)
		if todo := advice.Of(err, advice.CLI).Todo; advice.Flag(name) == "" || !strings.Contains(todo, "--"+advice.Flag(name)) {
			t.Errorf("%s: %q", name, todo)
		}
		checkStack(t, string(name), advice.Of(err, advice.Stack).Todo)
	}
}

// A call that AWS IoT refuses for every device stops an import. Credentials of a
// stack are those of its roles.
func TestACallThatStopsAnImportIsExplained(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err        iot.APIError
		cli, stack string
	}{
		{
			iot.APIError{Class: iot.ClassImport, Code: "AccessDeniedException", Operation: "CreateThing"},
			"allow iot:CreateThing for these credentials", "allow iot:CreateThing for the role",
		},
		{iot.APIError{Class: iot.ClassImport, Code: "AccountSuspended"}, "run the same command again", "fix what"},
		{iot.APIError{Class: iot.ClassCredentials}, "aws sso login", "role"},
		{iot.APIError{Fault: iot.FaultNoEndpoint, Host: "sts.us-esat-1.amazonaws.com"}, "--region us-east-1", ""},
		{iot.APIError{Fault: iot.FaultNoEndpoint, Host: "sts.mars.amazonaws.com"}, "correct the region with --region", ""},
		{iot.APIError{Fault: iot.FaultCredentials, Action: "sts:AssumeRole"}, "allow sts:AssumeRole", "role"},
		{iot.APIError{Class: iot.ClassClockSkew}, "set the clock", ""},
		{iot.APIError{Class: iot.ClassThrottled}, "", ""},
	} {
		cli, stack := advice.Of(&test.err, advice.CLI).Todo, advice.Of(&test.err, advice.Stack).Todo
		if !strings.Contains(cli, test.cli) || !strings.Contains(stack, test.stack) || (test.cli == "") != (cli == "") {
			t.Errorf("%v: %q and %q", test.err.Class, cli, stack)
		}
		checkStack(t, test.err.Code, stack)
	}
}

// A hint that has to be completed before it can be pasted helps nobody.
func TestMissingAttachmentsAreCreatedByACompleteCommand(t *testing.T) {
	t.Parallel()
	for kind, command := range map[string]string{
		"policy":        "'aws iot create-policy --policy-document file://examples/policy.json --policy-name a --region eu-west-1'",
		"thing type":    "'aws iot create-thing-type --thing-type-name a --region eu-west-1'",
		"thing group":   "'aws iot create-thing-group --thing-group-name a --region eu-west-1'",
		"billing group": "'aws iot create-billing-group --billing-group-name a --region eu-west-1'",
	} {
		f := device.Finding{Code: device.FindingMissing, Kind: kind, Name: "a"}
		if todo := advice.Attachment(f, advice.CLI, "--region eu-west-1").Todo; !strings.Contains(todo, command) {
			t.Errorf("%s: %s", kind, todo)
		}
	}
}

// The policy commands would otherwise print codes alone.
func TestEveryRuleReasonAndQuestionOfPoliciesHasWords(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(require.Root(t), "docs", "policies.md"))
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.ReplaceAll(string(page), "`", "")
	for _, rule := range policy.Rules() {
		words := advice.ForRule(rule, "")
		if words.Meaning == "" {
			t.Errorf("rule %s means nothing", rule)
		}
		if row := "\n| " + string(rule) + " | " + words.Meaning + " | " + words.Todo + " |"; !strings.Contains(plain, row) {
			t.Errorf("docs/policies.md does not have %q", row)
		}
	}
	set := token.NewFileSet()
	for _, file := range []string{"decision.go", "policy.go"} {
		parsed, err := parser.ParseFile(set, filepath.Join(require.Root(t), "policy", file), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		warnings := false
		ast.Inspect(parsed, func(n ast.Node) bool {
			if group, ok := n.(*ast.GenDecl); ok {
				warnings = strings.Contains(group.Doc.Text(), "Codes of warnings")
			}
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			kind, isIdent := spec.Type.(*ast.Ident)
			text, isText := spec.Values[0].(*ast.BasicLit)
			if !isIdent || !isText {
				return true
			}
			code, _ := strconv.Unquote(text.Value)
			switch {
			case kind.Name == "Reason" && advice.ForReason(policy.Reason(code)).Meaning == "":
				t.Errorf("reason %s means nothing", code)
			case kind.Name == "Code" && warnings && advice.ForProblem(policy.Code(code)) == "":
				t.Errorf("warning %s means nothing", code)
			case kind.Name == "Question" && advice.ForQuestion(policy.Question(code)).Meaning == "":
				t.Errorf("question %s means nothing", code)
			}
			return true
		})
	}
}
