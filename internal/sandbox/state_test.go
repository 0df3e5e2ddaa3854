package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/google/go-cmp/cmp"
)

// A sandbox of version 1 wrote testdata/v1.state and was killed; testdata/v1.answers.json
// contains its last answers. The first sandbox that wrote version 2 rewrote the same state as
// testdata/v2.state, before groups and policies had versions. The answers must be the same after
// either file is opened, and after the file of the new version is opened again.
func TestStatesOfEarlierVersionsOpen(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"v1.state", "v2.state"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			openEarlierState(t, must[[]byte](t)(os.ReadFile(filepath.Join("testdata", name))))
		})
	}
}

func openEarlierState(t *testing.T, content []byte) {
	path := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	var asked []struct{ Method, Path, Principal, Answer string }
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile(filepath.Join("testdata", "v1.answers.json"))), &asked); err != nil {
		t.Fatal(err)
	}
	if len(asked) < 50 {
		t.Fatalf("%d answers to compare", len(asked))
	}
	for _, when := range []string{"opened", "opened again"} {
		s := must[*Server](t)(New(Options{StatePath: path}))
		for _, one := range asked {
			request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), one.Method, "http://sandbox.invalid"+one.Path, nil))
			request.Header.Set("X-Amzn-Principal", one.Principal)
			response := must[*http.Response](t)(Transport(s).RoundTrip(request))
			body := must[[]byte](t)(io.ReadAll(response.Body))
			response.Body.Close()
			before, failed := strings.CutPrefix(one.Answer, "error ")
			if failed { // the status comes first
				_, before, _ = strings.Cut(before, " ")
			}
			if diff := cmp.Diff(decoded(t, before), decoded(t, string(body))); diff != "" || failed != (response.StatusCode >= 400) {
				t.Errorf("%s: %s %s (-before +after):\n%s", when, one.Method, one.Path, diff)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if content := must[[]byte](t)(os.ReadFile(path)); !strings.HasPrefix(string(content), "thingpress sandbox state 2\n") {
		t.Error("the file does not have the new version")
	}
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
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
