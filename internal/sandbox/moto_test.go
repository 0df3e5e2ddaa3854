package sandbox

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// Moto and the sandbox must answer one long sequence of calls alike. The sequence leaves out
// what the table of differences names, and nothing else.
func TestMotoAndSandboxAnswerAlike(t *testing.T) {
	t.Parallel()
	const steps = 2000
	moto := connect(require.Moto(t).URL, http.DefaultClient)
	s := open(t, Options{})
	sandbox := direct(s)
	w := newWorld(t, rand.New(rand.NewPCG(31, 26)))
	left := map[string]int{}
	outcomes := map[string]int{}
	for n := range steps {
		step := w.draw()
		if name := avoided(step, s); name != "" {
			left[name]++
			continue
		}
		got, want := step.run(t, sandbox), step.run(t, moto)
		if got != want {
			t.Fatalf("step %d, %+v:\nsandbox %s\nmoto    %s", n, step, got, want)
		}
		outcomes[step.op+" "+strings.SplitN(got, " ", 2)[0]]++
	}
	if diff := gocmp.Diff(w.survey(t, moto), w.survey(t, sandbox)); diff != "" {
		t.Errorf("final state (-moto +sandbox):\n%s", diff)
	}
	for _, op := range operationsOfMoto {
		if outcomes[op+" ok"] == 0 {
			t.Errorf("%s never succeeded", op)
		}
	}
	for _, d := range differences {
		if d.avoid != nil && left[d.name] == 0 {
			t.Errorf("the sequence never met the difference %q", d.name)
		}
	}
	t.Logf("%d steps, %d left out; outcomes %v", steps, sum(left), outcomes)
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

var operationsOfMoto = []string{
	"RegisterCertificateWithoutCA", "DescribeCertificate", "ListCertificates", "UpdateCertificate", "DeleteCertificate",
	"CreateThing", "DescribeThing", "UpdateThing", "DeleteThing", "ListThings",
	"AttachThingPrincipal", "DetachThingPrincipal", "ListThingPrincipals", "ListPrincipalThings",
	"CreatePolicy", "GetPolicy", "ListPolicies", "DeletePolicy", "AttachPolicy", "DetachPolicy", "ListAttachedPolicies",
	"ListTargetsForPolicy",
	"CreateThingType", "DescribeThingType", "ListThingTypes", "DeprecateThingType", "DeleteThingType",
	"CreateThingGroup", "DescribeThingGroup", "ListThingGroups", "DeleteThingGroup",
	"AddThingToThingGroup", "RemoveThingFromThingGroup", "UpdateThingGroupsForThing", "ListThingGroupsForThing", "ListThingsInThingGroup",
	"CreateBillingGroup", "DescribeBillingGroup", "ListBillingGroups", "DeleteBillingGroup", "AddThingToBillingGroup",
	"ListThingsInBillingGroup",
}

// step is one call with all arguments; each operation uses some of them.
type step struct {
	op, thing, policy, group, second, kind, billing string
	certificate, arn, target                        string
	attributes                                      map[string]string
	status                                          types.CertificateStatus
	flag                                            bool
}

// world contains the names from which a sequence is drawn. They are few, so that calls affect
// the same resources.
type world struct {
	dice         *rand.Rand
	certificates []string // PEM
	ids          []string
}

// mintID creates a certificate and returns it with its ID.
func mintID(t *testing.T) (certificate, id string) {
	t.Helper()
	certificate = mint(t, nil)
	return certificate, certificateID(t, certificate)
}

func certificateID(t *testing.T, certificate string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(certificate))
	if block == nil {
		t.Fatalf("not PEM: %q", certificate)
	}
	sum := sha256.Sum256(block.Bytes)
	return hex.EncodeToString(sum[:])
}

func newWorld(t *testing.T, dice *rand.Rand) *world {
	w := &world{dice: dice}
	for range 8 {
		certificate, id := mintID(t)
		w.certificates, w.ids = append(w.certificates, certificate), append(w.ids, id)
	}
	return w
}

func (w *world) name(kind string, n int) string { return fmt.Sprintf("%s%d", kind, w.dice.IntN(n)) }

const account = "arn:aws:iot:us-east-1:123456789012:"

func (w *world) draw() step {
	i := w.dice.IntN(len(w.ids))
	s := step{
		op:    operationsOfMoto[w.dice.IntN(len(operationsOfMoto))],
		thing: w.name("t:", 6), policy: w.name("p,@=+", 6), group: w.name("g", 5), second: w.name("g", 5), kind: w.name("k", 3),
		billing:     w.name("b", 3),
		certificate: w.certificates[i], arn: account + "cert/" + w.ids[i],
		status: []types.CertificateStatus{"ACTIVE", "INACTIVE", "REVOKED"}[min(2, w.dice.IntN(9)/4)],
		flag:   w.dice.IntN(2) == 0,
	}
	s.target = s.arn
	if w.dice.IntN(8) == 0 {
		s.target = account + "thinggroup/" + s.group
	}
	if w.dice.IntN(2) == 0 {
		s.attributes = map[string]string{"a": fmt.Sprint(w.dice.IntN(3)), "b": strings.Repeat("x", w.dice.IntN(2))}
	}
	// Creation must be more frequent than deletion, or all lists stay empty.
	if strings.HasPrefix(s.op, "De") && !strings.HasPrefix(s.op, "Describe") && w.dice.IntN(4) == 0 {
		return w.draw()
	}
	return s
}

// id returns the ID of the step's certificate.
func (s step) id() string { return s.arn[strings.LastIndex(s.arn, "/")+1:] }

// optional returns the name in half of the steps, and nothing in the others.
func (s step) optional(name string) *string {
	if s.flag {
		return &name
	}
	return nil
}

// other returns a name in some steps, whatever the flag.
func (s step) other(name string) *string {
	if s.status == types.CertificateStatusActive {
		return &name
	}
	return nil
}

// recursion returns each of the three values of an optional flag.
func (s step) recursion() *bool {
	if s.status == types.CertificateStatusActive {
		return nil
	}
	recursive := s.status == types.CertificateStatusInactive
	return &recursive
}

// run makes the call and returns the comparable part of the answer: the error code, or the
// members that do not differ by nature (IDs, dates).
func (s step) run(t *testing.T, c clients) string {
	answer, err := s.call(t, c)
	var response *awshttp.ResponseError
	switch {
	case errors.As(err, &response) && response.HTTPStatusCode() >= http.StatusInternalServerError:
		return "500"
	case err != nil:
		return codeOf(err)
	case answer == nil:
		return "ok"
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return "ok " + string(text)
}

// sorted returns a list in an order that does not depend on the server.
func sorted[T cmp.Ordered](list []T) []T {
	list = append([]T{}, list...)
	slices.Sort(list)
	return list
}

// survey returns the whole state as the operations report it.
func (w *world) survey(t *testing.T, c clients) []string {
	var all []string
	look := func(s step) {
		all = append(all, fmt.Sprintf("%s %s%s%s%s%s: %s", s.op, s.thing, s.policy, s.group, s.target, s.arn, s.run(t, c)))
	}
	for i := range 6 {
		thing := fmt.Sprintf("t:%d", i)
		for _, op := range []string{"DescribeThing", "ListThingPrincipals", "ListThingGroupsForThing"} {
			look(step{op: op, thing: thing})
		}
	}
	for i := range w.ids {
		arn := account + "cert/" + w.ids[i]
		look(step{op: "DescribeCertificate", arn: arn})
		if !strings.HasSuffix(all[len(all)-1], ": ResourceNotFoundException") {
			look(step{op: "ListAttachedPolicies", target: arn})
			look(step{op: "ListPrincipalThings", arn: arn})
		}
	}
	for i := range 5 {
		look(step{op: "DescribeThingGroup", group: fmt.Sprintf("g%d", i)})
		look(step{op: "ListThingsInThingGroup", group: fmt.Sprintf("g%d", i)})
	}
	for i := range 6 {
		look(step{op: "ListTargetsForPolicy", policy: fmt.Sprintf("p,@=+%d", i)})
	}
	for _, op := range []string{"ListThings", "ListCertificates", "ListPolicies", "ListThingTypes", "ListBillingGroups"} {
		look(step{op: op})
	}
	return all
}
