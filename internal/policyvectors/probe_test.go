package policyvectors

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/policy"
)

func plan(t *testing.T, calls int) (*Decisions, *Probe) {
	t.Helper()
	d, err := ReadDecisions()
	if err != nil {
		t.Fatal(err)
	}
	with, err := NewPrincipal(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.PlanProbe(policy.Target{Region: "ap-southeast-2", Account: "111122223333"}, with, time.Now(), calls)
	if err != nil {
		t.Fatal(err)
	}
	return d, p
}

// Each vector must be asked, or have a reason why not; and every open one that TestAuthorization can be
// asked about must be asked first.
func TestProbeAsksEveryOpenVectorThatItCan(t *testing.T) {
	t.Parallel()
	for _, calls := range []int{20, 53} {
		d, p := plan(t, calls)
		if p.Calls() > calls {
			t.Errorf("%d calls of %d", p.Calls(), calls)
		}
		asked := map[int]bool{}
		for _, test := range p.Tests {
			if len(test.Asked) > iot.MaxAuthInfos || test.Document >= len(p.Documents) {
				t.Errorf("test %+v", test)
			}
			for _, a := range test.Asked {
				asked[a.Vector] = true
			}
		}
		var open []string
		for i, v := range d.Vectors {
			if asked[i] == (p.Obstacles[i] != "") {
				t.Errorf("%s: asked %v, obstacle %q", v.Name, asked[i], p.Obstacles[i])
			}
			if len(v.Open) > 0 && (p.Obstacles[i] == ObstacleRegistry || p.Obstacles[i] == ObstacleCalls) {
				open = append(open, v.Name)
			}
		}
		want := []string{"exclusive thing, client ID of another thing", "special character in a key of a condition"}
		slices.Sort(open)
		if calls > 50 && (!slices.Equal(open, want) || len(asked) < 120) {
			t.Errorf("asked %d, open are %q", len(asked), open)
		}
	}
}

// A statement that belongs to other vectors must not be able to match, whatever AWS does with variables and
// wildcards.
func TestVectorsInOnePolicyCannotDisturbEachOther(t *testing.T) {
	t.Parallel()
	_, p := plan(t, 53)
	shared := 0
	for i, text := range p.Documents {
		document, err := policy.Parse(text)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		levels := map[string]bool{}
		for _, s := range document.Statements {
			for _, r := range s.Resources {
				_, name := cutResource(r.Text)
				kind, topic, _ := strings.Cut(name, "/")
				if level, _, ok := strings.Cut(topic, "/"); ok && strings.HasPrefix(kind, "topic") {
					levels[level] = true
				}
				if strings.HasPrefix(r.Text, vectorTarget) {
					t.Errorf("the resource of another account: %s", r.Text)
				}
			}
		}
		if len(levels) < 2 {
			continue
		}
		shared++
		for _, s := range document.Statements {
			for _, r := range s.Resources {
				before, name := cutResource(r.Text)
				kind, topic, _ := strings.Cut(name, "/")
				level, _, _ := strings.Cut(topic, "/")
				if kind != "client" && (strings.ContainsAny(kind+level, "*?$") || before == "" || s.NotResource || s.NotAction) {
					t.Errorf("policy %d: %s could match requests of others", i, r.Text)
				}
			}
		}
	}
	if shared == 0 {
		t.Error("no policy is shared")
	}
}

func TestOnlyOwnPoliciesAreFoundByName(t *testing.T) {
	t.Parallel()
	with, err := NewPrincipal(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		with.PolicyName(0): true, with.PolicyName(11): true, "sensors": false, Prefix: false, Prefix + with.ID: false,
		Prefix + with.ID + "-": false, Prefix + with.ID + "-a": false, Prefix + with.ID[1:] + "-1": false,
		Prefix + strings.Repeat("A", 64) + "-1": false, "my-" + with.PolicyName(0): false,
	} {
		found, ok := PrincipalOfPolicy(name)
		if ok != want || ok && (found.ID != with.ID || found.Thing() != with.Thing()) {
			t.Errorf("%s: %v", name, ok)
		}
	}
}

func TestWordsAreReplacedWhole(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"t1": "X", "topic/t1/a": "topic/X/a", "t10/t1": "t10/X", "at1": "at1", "x-t1": "x-t1", "t1+t1": "X+X", "": "",
		"arn:aws:iot:a:b:client/t1": "arn:aws:iot:a:b:client/X",
	} {
		if got := replaceWord(text, "t1", "X"); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestAllVectorsAreRun(t *testing.T) {
	t.Parallel()
	all, err := RunAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Mismatch != "" || v.Source == "" || !strings.Contains(string(v.Text), `"name"`) {
			t.Errorf("%s: %s", v.Name, v.Mismatch)
		}
	}
}
