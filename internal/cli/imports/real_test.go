package imports_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// TestRealManifests imports manifests that vendors shipped into the sandbox and into
// moto, twice each, with two policies, three groups, a type and an attribute.
func TestRealManifests(t *testing.T) {
	t.Parallel()
	data := require.Data(t)
	tests := []struct {
		name    string
		args    []string
		devices int
	}{
		{"espressif", []string{"--attribute", "mac={mac}", filepath.Join(data, "espressif", "manifest-espressif.csv")}, 7},
		{"infineon E0E0", []string{"--attribute", "chip={chip_id}", filepath.Join(data, "infineon", "manifest-infineon.7z")}, 200},
		{"infineon E0E2", []string{"--bundle", "E0E2", "--attribute", "chip={chip_id}", filepath.Join(data, "infineon",
			"manifest-infineon.7z")}, 200},
		{"microchip", []string{
			"--signer", filepath.Join(data, "microchip", "signers"), "--attribute", "unique={unique_id}",
			filepath.Join(data, "microchip", "ECC608C-TNGTLSU-B.json"),
		}, 10},
		{"generated", []string{"--allow-expired", "--attribute", "cn={cn}", filepath.Join(data, "generated", "certificates_test.txt")}, 100},
	}
	endpoints := map[string]func(*testing.T) string{
		"sandbox": func(t *testing.T) string { t.Helper(); return clitest.StartSandbox(t) },
		"moto":    func(t *testing.T) string { t.Helper(); return require.Moto(t).URL },
	}
	for endpoint, start := range endpoints {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			url := start(t)
			clitest.CreateAttachments(t, clitest.Client(url), []string{"p1", "p,2"}, []string{"g1", "g2", "g3"}, "sensor")
			env := clitest.Environment(t)
			for _, test := range tests {
				args := append(append([]string{"--endpoint-url", url}, unlimited()...),
					"--policy", "p1", "--policy", "p,2", "--thing-group", "g1", "--thing-group", "g2", "--thing-group", "g3", "--thing-type", "sensor")
				args = append(args, test.args...)
				first, code := clitest.Import(t, env, args...)
				if code != 0 || first.Imported != test.devices {
					t.Fatalf("%s: exit code %d, %+v", test.name, code, first)
				}
				want := map[string]int{
					"RegisterCertificateWithoutCA": test.devices, "CreateThing": test.devices, "AttachThingPrincipal": test.devices,
					"AttachPolicy": 2 * test.devices, "UpdateThingGroupsForThing": test.devices,
				}
				// How many pages the list of things has depends on the imports before.
				if first.Calls["ListThings"] == 0 {
					t.Errorf("%s: the things were not listed before the first call", test.name)
				}
				delete(first.Calls, "ListThings")
				// moto may exceed the timeout of a call, which is then made again.
				if diff := cmp.Diff(want, first.Calls); diff != "" && endpoint == "sandbox" {
					t.Errorf("%s: calls of new devices:\n%s", test.name, diff)
				}
				again, code := clitest.Import(t, env, args...)
				if code != 0 || again.Unchanged != test.devices || again.Imported != 0 {
					t.Errorf("%s: again: exit code %d, %+v", test.name, code, again)
				}
			}
		})
	}
}

// unlimited returns flags without quotas, which moto does not have, so that the test is fast.
func unlimited() (flags []string) {
	for _, operation := range []string{
		"RegisterCertificateWithoutCA", "CreateThing", "AttachThingPrincipal", "AttachPolicy", "AddThingToThingGroup",
		"UpdateThingGroupsForThing",
		"DescribeCertificate", "DescribeThing", "ListThingPrincipals", "ListThingPrincipalsV2", "ListPrincipalThings", "ListPrincipalThingsV2",
		"ListAttachedPolicies", "ListThingGroupsForThing", "ListCertificates", "ListThings", "ListTargetsForPolicy", "ListThingsInThingGroup",
	} {
		flags = append(flags, "--quota", operation+"=none")
	}
	return flags
}
