package operate

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A bucket is one object of S3 with its versions, oldest first. Like S3 it computes a checksum only
// for those who ask for one.
type bucket struct {
	versions    []version
	unversioned bool
}

type version struct {
	content  string
	checksum string
}

func checksumOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const header = "X-Amz-Checksum-Sha256"
	if r.Method == http.MethodPut {
		body, err := io.ReadAll(r.Body)
		if want := r.Header.Get(header); err != nil || want != "" && want != checksumOf(string(body)) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		b.versions = append(b.versions, version{string(body), r.Header.Get(header)})
	}
	if len(b.versions) == 0 {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if !b.unversioned {
		w.Header().Set("X-Amz-Version-Id", fmt.Sprint("v", len(b.versions)))
	}
	if sum := b.versions[len(b.versions)-1].checksum; sum != "" && r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
		w.Header().Set(header, sum)
	}
}

// Whoever may write to the bucket can put an object under the key of a code that is deployed later,
// or replace it meanwhile. That code would run with the rights of the functions.
func TestPlantedCodeIsNotDeployed(t *testing.T) {
	t.Parallel()
	const code = "PK the zip"
	for name, test := range map[string]struct {
		before      []version
		unversioned bool
		want        string
	}{
		"nothing there":                   {nil, false, "v1"},
		"the same":                        {[]version{{code, checksumOf(code)}}, false, "v1"},
		"of an earlier version":           {[]version{{code, ""}}, false, "v2"},
		"planted":                         {[]version{{"PK evil", checksumOf("PK evil")}}, false, "v2"},
		"planted without a checksum":      {[]version{{"PK evil", ""}}, false, "v2"},
		"planted on top":                  {[]version{{code, checksumOf(code)}, {"PK evil", checksumOf("PK evil")}}, false, "v3"},
		"a bucket that keeps no versions": {nil, true, ""},
		"the same, which can be replaced": {[]version{{code, checksumOf(code)}}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bucket{versions: test.before, unversioned: test.unversioned}
			server := httptest.NewServer(b)
			defer server.Close()
			a := &Account{ID: "123456789012", Region: "eu-central-1", s3: s3.New(s3.Options{
				BaseEndpoint: &server.URL, Region: "eu-central-1", UsePathStyle: true,
				Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
			})}
			key, got, err := a.putArtifact(t.Context(), "artifacts", "code.zip", []byte(code))
			var unversioned *UnversionedError
			if errors.As(err, &unversioned) != test.unversioned || err != nil && !test.unversioned {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("deploys %s of %s, want %s", got, key, test.want)
			}
		})
	}
}

// Behind an endpoint without TLS, the policy that demands TLS would lock us out of the bucket,
// no matter how the endpoint was named.
func TestPolicyThatDemandsTLSIsLeftOutWithoutTLS(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost: // GetCallerIdentity
			fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn>`+
				`<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
		case http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
		default:
			asked = append(asked, r.URL.RequestURI())
		}
	}))
	defer server.Close()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	a, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.ensureArtifacts(t.Context(), "artifacts"); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/artifacts", "/artifacts?versioning=", "/artifacts?publicAccessBlock="}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
}
