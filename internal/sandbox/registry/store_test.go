package registry

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// open opens a store that is closed at the end of the test.
func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func inFile(path string) Options { return Options{Path: path} }

func create[In, Out any](t testing.TB, s *Store, operation func(*State, *In) (Out, []Change, error), in In) (out Out) {
	t.Helper()
	if _, err := s.Change(func(st *State) (changes []Change, err error) {
		out, changes, err = operation(st, &in)
		return changes, err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func change[In any](t testing.TB, s *Store, operation func(*State, *In) ([]Change, error), in In) {
	t.Helper()
	create(t, s, func(st *State, in *In) (struct{}, []Change, error) {
		changes, err := operation(st, in)
		return struct{}{}, changes, err
	}, in)
}

var serial atomic.Int64

// mint returns the PEM of a new certificate.
func mint(t testing.TB) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial.Add(1)), NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func register(t testing.TB, s *Store, status string) CertificateRef {
	t.Helper()
	return create(t, s, (*State).RegisterCertificate, RegisterCertificate{PEM: mint(t), Status: status})
}

func read[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

const sample = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}`

// catalogue adds the resources to which devices are attached.
func catalogue(t testing.TB, s *Store, policies, types, groups, billing []string) {
	t.Helper()
	for _, name := range policies {
		create(t, s, (*State).CreatePolicy, CreatePolicy{ByName: ByName{name}, Document: sample})
	}
	for _, name := range types {
		create(t, s, (*State).CreateThingType, CreateThingType{ByName: ByName{name}})
	}
	for _, name := range groups {
		create(t, s, (*State).CreateThingGroup, CreateThingGroup{ByName: ByName{name}})
	}
	for _, name := range billing {
		create(t, s, (*State).CreateBillingGroup, CreateBillingGroup{ByName: ByName{name}})
	}
}

// populate makes a change of every kind.
func populate(t *testing.T, s *Store) {
	t.Helper()
	catalogue(t, s, []string{"p", "gone"}, []string{"sensor", "gone"}, []string{"plant", "gone"}, []string{"acme", "gone"})
	create(t, s, (*State).CreateThingGroup, CreateThingGroup{ByName: ByName{"line"}, Parent: "plant"})
	create(t, s, (*State).CreateDynamicThingGroup,
		CreateDynamicThingGroup{ByName: ByName{"hot"}, DynamicQuery: DynamicQuery{Query: "\t*\n\"<\u2028\""}})
	change(t, s, (*State).DeprecateThingType, DeprecateThingType{ByName: ByName{"gone"}})
	for i := range 6 {
		name := fmt.Sprint("t", i)
		ref := register(t, s, "ACTIVE")
		value := "x"
		attributes := map[string]*string{}
		for k := range i % 3 {
			attributes[fmt.Sprint("a", k)] = &value
		}
		create(t, s, (*State).CreateThing, CreateThing{ByName{name}, "", &AttributePayload{Attributes: attributes}, "gone"})
		change(t, s, (*State).UpdateThing, UpdateThing{ByName: ByName{name}, Type: "sensor"})
		change(t, s, (*State).AddThingToBillingGroup, BillingMembership{Group: "acme", namedThing: namedThing{Thing: name}})
		change(t, s, (*State).AttachThingPrincipal, ThingPrincipal{name, ref.ARN, exclusiveThing})
		change(t, s, (*State).AttachPolicy, PolicyTarget{ByName{"p"}, ref.ARN})
		change(t, s, (*State).AttachPolicy, PolicyTarget{ByName{"gone"}, ref.ARN})
		change(t, s, (*State).UpdateThingGroupsForThing, UpdateThingGroupsForThing{Thing: name, Add: []string{"line", "gone"}})
		change(t, s, (*State).UpdateCertificate, UpdateCertificate{ref.ID, "INACTIVE"})
		change(t, s, (*State).DetachPolicy, PolicyTarget{ByName{"gone"}, ref.ARN})
		if i%2 == 0 {
			change(t, s, (*State).DetachThingPrincipal, ThingPrincipal{Thing: name, Principal: ref.ARN})
			change(t, s, (*State).DeleteThing, Deletion{ByName: ByName{name}})
			change(t, s, (*State).DeleteCertificate, DeleteCertificate{ref.ID, "true"})
		} else {
			change(t, s, (*State).RemoveThingFromThingGroup, Membership{Group: "line", namedThing: namedThing{Thing: name}})
		}
	}
	change(t, s, (*State).DeleteThingType, ByName{"gone"})
	change(t, s, (*State).DeletePolicy, ByName{"gone"})
	change(t, s, (*State).DeleteThingGroup, Deletion{ByName: ByName{"gone"}})
	change(t, s, (*State).DeleteBillingGroup, Deletion{ByName: ByName{"gone"}})
	change(t, s, (*State).RemoveThingFromBillingGroup, BillingMembership{Group: "acme", namedThing: namedThing{Thing: "t1"}})
	var group string
	s.View(func(st *State) { group = st.groups.by["plant"].arn(st) })
	change(t, s, (*State).AttachPolicy, PolicyTarget{ByName{"p"}, group})
	populateAccount(t, s)
}

// everything returns the records that would rebuild the whole state.
func everything(t testing.TB, s *Store) []string {
	t.Helper()
	var all []string
	for line, err := range s.lines() {
		all = append(all, string(read[[]byte](t)(line, err)))
	}
	return all
}

func TestEveryKindOfChangeIsTried(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	s := open(t, inFile(path))
	populate(t, s)
	content := read[[]byte](t)(os.ReadFile(path))
	for name := range changeNames {
		if !bytes.Contains(content, []byte(" "+name+" {")) && !bytes.Contains(content, []byte("\t"+name+" {")) {
			t.Errorf("no %s in the state file", name)
		}
	}
}

func TestStateOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state", "sandbox.db")
	s := read[*Store](t)(Open(Options{Path: path, Account: "000000000042", Region: "eu-central-1"}))
	populate(t, s)
	want, state := everything(t, s), s.Snapshot()
	if n := s.state.size(); n != len(want) {
		t.Errorf("size %d, and %d records", n, len(want))
	}
	if len(state.Things) != 3 || len(state.Certificates) != 4 {
		t.Fatalf("%d things and %d certificates at the start, want 3 and 4", len(state.Things), len(state.Certificates))
	}
	for _, rewritten := range []bool{false, true} {
		// A process that is killed does not close the store. Everything must be in the file
		// already.
		copied := filepath.Join(t.TempDir(), "copy")
		if err := os.WriteFile(copied, read[[]byte](t)(os.ReadFile(path)), 0o600); err != nil {
			t.Fatal(err)
		}
		again := open(t, inFile(copied))
		if again.Identity() != (Identity{s.Identity().ID, "000000000042", "eu-central-1"}) {
			t.Errorf("rewritten %v: opened %+v", rewritten, again.Identity())
		}
		if diff := cmp.Diff(want, everything(t, again)); diff != "" {
			t.Errorf("rewritten %v (-before +after):\n%s", rewritten, diff)
		}
		if diff := cmp.Diff(state, again.Snapshot()); diff != "" {
			t.Errorf("rewritten %v, state (-before +after):\n%s", rewritten, diff)
		}
		if err := s.journal.Rewrite(s.lines()); err != nil {
			t.Fatal(err)
		}
	}
	register(t, s, "") // a rewritten file accepts records
	want = everything(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, everything(t, open(t, inFile(path)))); diff != "" {
		t.Errorf("after Close (-before +after):\n%s", diff)
	}
}

func TestTornRecordLosesNothingBeforeIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	s := read[*Store](t)(Open(inFile(path)))
	catalogue(t, s, nil, nil, nil, []string{"acme"})
	whole := everything(t, s)
	before := read[os.FileInfo](t)(os.Stat(path)).Size()
	// The changes of one call are kept together or not at all.
	create(t, s, (*State).CreateThing, CreateThing{ByName: ByName{"t"}, BillingGroup: "acme"})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content := read[[]byte](t)(os.ReadFile(path))
	for size := before; size < int64(len(content)); size += 7 {
		torn := filepath.Join(t.TempDir(), "torn")
		if err := os.WriteFile(torn, content[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(inFile(torn))
		if err != nil {
			t.Fatalf("cut to %d bytes: %v", size, err)
		}
		// The identity has the last sequence number, which may belong to the lost record.
		if diff := cmp.Diff(whole[1:], everything(t, s)[1:]); diff != "" {
			t.Errorf("cut to %d bytes (-want +got):\n%s", size, diff)
		}
		register(t, s, "")
		after := everything(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(after, everything(t, open(t, inFile(torn)))); diff != "" {
			t.Errorf("cut to %d bytes, then written to (-want +got):\n%s", size, diff)
		}
	}
}

func TestDamagedStateIsNotOpened(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	s := read[*Store](t)(Open(inFile(path)))
	for range 3 {
		register(t, s, "")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content := read[[]byte](t)(os.ReadFile(path))
	changed := bytes.Clone(content)
	changed[len(content)/2] ^= 1
	for what, damaged := range map[string][]byte{
		"a changed byte in the middle": changed,
		"another file":                 []byte("SQLite format 3\x00"),
	} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(inFile(path)); err == nil {
			s.Close()
			t.Errorf("%s: opened", what)
		}
		if left := read[[]byte](t)(os.ReadFile(path)); !bytes.Equal(left, damaged) {
			t.Errorf("%s: the file was changed", what)
		}
	}
}

// Most of an old file is history, which disappears when the sandbox opens it again.
func TestHistoryIsLeftBehind(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sandbox.db")
	s := read[*Store](t)(Open(inFile(path)))
	create(t, s, (*State).CreateThing, CreateThing{ByName: ByName{"t"}})
	for range 1100 {
		change(t, s, (*State).UpdateThing, UpdateThing{ByName: ByName{"t"}})
	}
	want := s.Snapshot()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	long := read[os.FileInfo](t)(os.Stat(path)).Size()
	if diff := cmp.Diff(want, open(t, inFile(path)).Snapshot()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if short := read[os.FileInfo](t)(os.Stat(path)).Size(); short*10 > long {
		t.Errorf("%d bytes of state, %d before", short, long)
	}
}

// A record that another version or an editor wrote is refused, or is as good as one of this
// version.
func FuzzRecord(f *testing.F) {
	s := open(f, Options{})
	catalogue(f, s, []string{"p"}, []string{"k"}, []string{"g"}, []string{"b"})
	register(f, s, "")
	create(f, s, (*State).CreateThing, CreateThing{ByName{"t"}, "k", nil, "b"})
	for _, line := range everything(f, s) {
		f.Add([]byte(line), false)
	}
	f.Add([]byte("\x13\x01\x00\x02\x01g\x01t"), true)
	f.Add([]byte("\x05\x01\x00\x06\x01t\x240195f3b0-0000-7000-8000-000000000000\x011\x00\x01a\x01b"), true)
	f.Fuzz(func(t *testing.T, line []byte, old bool) {
		parse := parseRecord
		if old {
			parse = parseRecordV1
		}
		rec, err := parse(line)
		if err != nil {
			return
		}
		s := open(t, Options{})
		if s.state.apply(rec) != nil {
			return
		}
		again := open(t, Options{})
		for _, line := range everything(t, s) {
			rec, err := parseRecord([]byte(line))
			if err != nil {
				t.Fatalf("%q was accepted, and %q is not: %v", line, line, err)
			}
			if err := again.state.apply(rec); err != nil && !old { // version 1 allowed any bytes in names
				t.Fatal(err)
			}
		}
	})
}
