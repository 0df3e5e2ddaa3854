package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// populate leaves a trace of every kind of record.
func populate(t *testing.T, s *Server) {
	t.Helper()
	if _, err := s.Ensure([]string{"p", "gone"}, "sensor", []string{"plant", "gone"}, "acme"); err != nil {
		t.Fatal(err)
	}
	c, ctx := direct(s), t.Context()
	_ = must[*iot.CreateThingGroupOutput](t)(c.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: aws.String("line"), ParentGroupName: aws.String("plant")}))
	_ = must[*iot.CreateThingTypeOutput](t)(c.CreateThingType(ctx, &iot.CreateThingTypeInput{ThingTypeName: aws.String("gone")}))
	_ = must[*iot.DeprecateThingTypeOutput](t)(c.DeprecateThingType(ctx, &iot.DeprecateThingTypeInput{ThingTypeName: aws.String("gone")}))
	_ = must[*iot.CreateBillingGroupOutput](t)(c.CreateBillingGroup(ctx, &iot.CreateBillingGroupInput{BillingGroupName: aws.String("gone")}))
	for i := range 6 {
		thing := fmt.Sprint("t", i)
		id, arn := register(t, c, types.CertificateStatusActive)
		_ = must[*iot.CreateThingOutput](t)(c.CreateThing(ctx, &iot.CreateThingInput{ThingName: &thing, BillingGroupName: aws.String("gone"), AttributePayload: attributes(i % 3)}))
		_ = must[*iot.UpdateThingOutput](t)(c.UpdateThing(ctx, &iot.UpdateThingInput{ThingName: &thing, ThingTypeName: aws.String("sensor")}))
		_ = must[*iot.AddThingToBillingGroupOutput](t)(c.AddThingToBillingGroup(ctx, &iot.AddThingToBillingGroupInput{ThingName: &thing, BillingGroupName: aws.String("acme")}))
		_ = must[*iot.AttachThingPrincipalOutput](t)(c.AttachThingPrincipal(ctx, &iot.AttachThingPrincipalInput{ThingName: &thing, Principal: &arn, ThingPrincipalType: types.ThingPrincipalTypeExclusiveThing}))
		for _, name := range []string{"p", "gone"} {
			_ = must[*iot.AttachPolicyOutput](t)(c.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: aws.String(name), Target: &arn}))
		}
		_ = must[*iot.UpdateThingGroupsForThingOutput](t)(c.UpdateThingGroupsForThing(ctx, &iot.UpdateThingGroupsForThingInput{ThingName: &thing, ThingGroupsToAdd: []string{"line", "gone"}}))
		_ = must[*iot.UpdateCertificateOutput](t)(c.UpdateCertificate(ctx, &iot.UpdateCertificateInput{CertificateId: &id, NewStatus: types.CertificateStatusInactive}))
		_ = must[*iot.DetachPolicyOutput](t)(c.DetachPolicy(ctx, &iot.DetachPolicyInput{PolicyName: aws.String("gone"), Target: &arn}))
		if i%2 == 0 {
			_ = must[*iot.DetachThingPrincipalOutput](t)(c.DetachThingPrincipal(ctx, &iot.DetachThingPrincipalInput{ThingName: &thing, Principal: &arn}))
			_ = must[*iot.DeleteThingOutput](t)(c.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: &thing}))
			_ = must[*iot.DeleteCertificateOutput](t)(c.DeleteCertificate(ctx, &iot.DeleteCertificateInput{CertificateId: &id, ForceDelete: true}))
		} else {
			_ = must[*iot.RemoveThingFromThingGroupOutput](t)(c.RemoveThingFromThingGroup(ctx, &iot.RemoveThingFromThingGroupInput{ThingName: &thing, ThingGroupName: aws.String("line")}))
		}
	}
	_ = must[*iot.DeleteThingTypeOutput](t)(c.DeleteThingType(ctx, &iot.DeleteThingTypeInput{ThingTypeName: aws.String("gone")}))
	_ = must[*iot.DeletePolicyOutput](t)(c.DeletePolicy(ctx, &iot.DeletePolicyInput{PolicyName: aws.String("gone")}))
	_ = must[*iot.DeleteThingGroupOutput](t)(c.DeleteThingGroup(ctx, &iot.DeleteThingGroupInput{ThingGroupName: aws.String("gone")}))
	_ = must[*iot.DeleteBillingGroupOutput](t)(c.DeleteBillingGroup(ctx, &iot.DeleteBillingGroupInput{BillingGroupName: aws.String("gone")}))
	_ = must[*iot.RemoveThingFromBillingGroupOutput](t)(c.RemoveThingFromBillingGroup(ctx, &iot.RemoveThingFromBillingGroupInput{ThingName: aws.String("t1"), BillingGroupName: aws.String("acme")}))
}

// everything is the whole state, by the records that would rebuild it.
func everything(s *Server) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []string
	for rec := range s.registry.records() {
		all = append(all, fmt.Sprintf("%d %d %d %q", rec.kind, rec.seq, rec.at, rec.fields))
	}
	return all
}

func TestStateOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state", "sandbox.db")
	s, err := New(Options{StatePath: path, Account: "000000000042", Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	populate(t, s)
	want, state, id := everything(s), s.State(), s.ID()
	if n := s.registry.size(); n != len(want) {
		t.Errorf("size %d, and %d records", n, len(want))
	}
	if len(state.Things) != 3 || len(state.Certificates) != 3 {
		t.Fatalf("%d things and %d certificates to begin with, want 3 and 3", len(state.Things), len(state.Certificates))
	}
	for _, rewritten := range []bool{false, true} {
		// A process that was killed has not closed: what it wrote is all there is.
		copied := filepath.Join(t.TempDir(), "copy")
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied, content, 0o600); err != nil {
			t.Fatal(err)
		}
		again := open(t, Options{StatePath: copied})
		if again.ID() != id || again.Account() != "000000000042" || again.Region() != "eu-central-1" {
			t.Errorf("rewritten %v: opened %s of %s in %s", rewritten, again.ID(), again.Account(), again.Region())
		}
		if diff := cmp.Diff(want, everything(again)); diff != "" {
			t.Errorf("rewritten %v (-before +after):\n%s", rewritten, diff)
		}
		if diff := cmp.Diff(state, again.State()); diff != "" {
			t.Errorf("rewritten %v, state (-before +after):\n%s", rewritten, diff)
		}
		if err := s.journal.rewrite(s.registry); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = register(t, direct(s), "") // a rewritten file is appended to
	want = everything(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, everything(open(t, Options{StatePath: path}))); diff != "" {
		t.Errorf("after Close (-before +after):\n%s", diff)
	}
}

func TestTornRecordLosesNothingBeforeIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	s, err := New(Options{StatePath: path})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = register(t, direct(s), "")
	whole := everything(s)
	before := must[os.FileInfo](t)(os.Stat(path)).Size()
	_, _ = register(t, direct(s), "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content := must[[]byte](t)(os.ReadFile(path))
	for size := before; size < int64(len(content)); size += 7 {
		torn := filepath.Join(t.TempDir(), "torn")
		if err := os.WriteFile(torn, content[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := New(Options{StatePath: torn})
		if err != nil {
			t.Fatalf("cut to %d bytes: %v", size, err)
		}
		// The header has the last sequence number, which may be of the lost record.
		if diff := cmp.Diff(whole[1:], everything(s)[1:]); diff != "" {
			t.Errorf("cut to %d bytes (-want +got):\n%s", size, diff)
		}
		_, _ = register(t, direct(s), "")
		after := everything(s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(after, everything(open(t, Options{StatePath: torn}))); diff != "" {
			t.Errorf("cut to %d bytes, then written to (-want +got):\n%s", size, diff)
		}
	}
}

func TestDamagedStateIsNotOpened(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	s, err := New(Options{StatePath: path})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, _ = register(t, direct(s), "")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content := must[[]byte](t)(os.ReadFile(path))
	for what, damaged := range map[string][]byte{
		"a changed byte in the middle": append(bytes.Clone(content[:len(content)/2]), append([]byte{content[len(content)/2] ^ 1}, content[len(content)/2+1:]...)...),
		"another file":                 []byte("SQLite format 3\x00"),
	} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := New(Options{StatePath: path}); err == nil {
			s.Close()
			t.Errorf("%s: opened", what)
		}
		if left := must[[]byte](t)(os.ReadFile(path)); !bytes.Equal(left, damaged) {
			t.Errorf("%s: the file was changed", what)
		}
	}
}

func TestStateIsOfOneSandbox(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	s := open(t, Options{StatePath: path})
	if _, err := New(Options{StatePath: path}); !errors.Is(err, ErrLocked) {
		t.Errorf("a second sandbox: %v, want ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{StatePath: path, Region: "eu-west-1"}); err == nil {
		t.Error("opened as another region")
	}
	if err := open(t, Options{StatePath: path}).Close(); err != nil {
		t.Error(err)
	}
}

func TestClosedSandboxChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, Options{StatePath: filepath.Join(t.TempDir(), "sandbox.db")})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := direct(s).CreateThing(t.Context(), &iot.CreateThingInput{ThingName: aws.String("late")})
	if codeOf(err) != "InternalFailureException" || len(s.State().Things) != 0 {
		t.Errorf("after Close: %v, %d things", err, len(s.State().Things))
	}
}

// Most of a long life is history, and it goes when the sandbox opens again.
func TestHistoryIsLeftBehind(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	s, err := New(Options{StatePath: path})
	if err != nil {
		t.Fatal(err)
	}
	c := direct(s)
	_ = must[*iot.CreateThingOutput](t)(c.CreateThing(t.Context(), &iot.CreateThingInput{ThingName: aws.String("t")}))
	for range 1100 {
		_ = must[*iot.UpdateThingOutput](t)(c.UpdateThing(t.Context(), &iot.UpdateThingInput{ThingName: aws.String("t")}))
	}
	want := s.State()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	long := must[os.FileInfo](t)(os.Stat(path)).Size()
	if diff := cmp.Diff(want, open(t, Options{StatePath: path}).State()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if short := must[os.FileInfo](t)(os.Stat(path)).Size(); short*10 > long {
		t.Errorf("%d bytes of state, %d before", short, long)
	}
}

func FuzzReplay(f *testing.F) {
	s, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := s.Ensure([]string{"p"}, "k", []string{"g"}, "b"); err != nil {
		f.Fatal(err)
	}
	valid := []byte(journalMagic)
	for rec := range s.registry.records() {
		valid = rec.append(valid)
	}
	f.Add(valid)
	f.Add(valid[:len(valid)-3])
	f.Add([]byte(journalMagic + "\x05\x00\x00\x00\x00\x00\x00\x00\x13\x01\x00\x02\x00"))
	f.Fuzz(func(t *testing.T, content []byte) {
		r := newRegistry()
		end, _, err := replay(bytes.NewReader(content), r)
		if err != nil {
			return
		}
		if end > int64(len(content)) {
			t.Fatalf("%d of %d bytes replayed", end, len(content))
		}
		again := []byte(journalMagic)
		for rec := range r.records() {
			again = rec.append(again)
		}
		if _, _, err := replay(bytes.NewReader(again), newRegistry()); err != nil {
			t.Fatalf("what was replayed cannot be written: %v", err)
		}
	})
}
