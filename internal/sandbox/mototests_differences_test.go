package sandbox

import (
	"slices"
	"strings"
)

// motoTestDifference returns the name of the difference because of which a test of moto fails, or "".
func motoTestDifference(test, failure string) string {
	for _, d := range motoTestDifferences {
		of := func(prefix string) bool { return strings.HasPrefix(test, prefix) }
		if strings.Contains(failure, d.shows) && slices.ContainsFunc(d.tests, of) {
			return d.name
		}
	}
	return ""
}

// motoTestDifferences are the reasons for which tests of moto fail although the sandbox has their operations. Each has why AWS is on
// our side, a part of every failure that it explains, and the tests, by the beginning of their names.
var motoTestDifferences = []struct {
	name, why, shows string
	tests            []string
}{
	{
		"policies without statements",
		"CreatePolicy and CreatePolicyVersion of AWS answer MalformedPolicyException to {} and to doc",
		"MalformedPolicyException",
		[]string{"test_iot_policies.py::", "test_iot.py::test_principal_policy", "test_iot_certificates.py::test_delete_certificate_force"},
	},
	{
		"CA certificates that are not certificates",
		"AWS parses a CA certificate (CertificateValidationException), and the verification certificate proves that the caller has its key",
		"CertificateValidationException",
		[]string{"test_iot_ca_certificates.py::"},
	},
	{
		"a certificate ID of 70 characters",
		"the service model wants 64, so AWS answers InvalidRequestException before it looks for the certificate",
		"'InvalidRequestException' == 'ResourceNotFoundException'",
		[]string{"test_iot_ca_certificates.py::test_describe_ca_certificate_unknown"},
	},
	{
		"registering a certificate without its CA",
		"RegisterCertificate is for certificates of a registered CA; AWS answers CertificateStateException",
		"CertificateStateException",
		[]string{"test_iot_certificates.py::test_certificate_id_generation_deterministic"},
	},
	{
		"creating a billing group again, and deleting a missing one",
		"the reference of CreateBillingGroup: repeated with the same configuration, the call succeeds; DeleteBillingGroup has no error for it",
		"DID NOT RAISE",
		[]string{"test_iot_billing_groups.py::test_create_billing_group", "test_iot_billing_groups.py::test_delete_billing_group"},
	},
	{
		"connected devices",
		"SearchIndex returns connectivity only if connectivity indexing is enabled, and no device of these tests is connected",
		"connectivity",
		[]string{"test_iot_search.py::test_search_things["},
	},
	{
		"parts of names",
		"the developer guide on query syntax: a term matches a whole value, and abc* what begins with it",
		"assert 1 == 3",
		[]string{"test_iot_search.py::test_search_things[abc-"},
	},
	{
		"regular expressions in queries",
		"the developer guide on query syntax: only * and ? stand for other characters",
		"assert set() ==",
		[]string{"test_iot_search.py::test_search_by_thing_type[", "test_iot_search.py::test_search_by_thing_groups_and_billing_groups["},
	},
	{
		"queries that are not valid",
		"the service model of SearchIndex has InvalidQueryException for them; moto answers InvalidRequestException, or finds nothing",
		"InvalidQueryException",
		[]string{
			"test_iot_search.py::test_search_invalid_queries[", "test_iot_search.py::test_search_things[  -",
			"test_iot_search.py::test_search_attribute_specific_value[attributes.attr1:-",
		},
	},
	{
		"pages of 50",
		"the reference of the list operations: the default is 25",
		"25 == 50",
		[]string{"test_iot_thing_types.py::test_list_thing_types", "test_iot_things.py::test_list_things_with_"},
	},
	{
		"thing types with spaces",
		"the service model has the pattern [a-zA-Z0-9:_-]+",
		"find me it shall not",
		[]string{"test_iot_thing_types.py::test_list_thing_types_with_typename_filter"},
	},
	{
		"deleting a thing type that is in use",
		"the reference of DeleteThingType: it has to be deprecated first",
		"Can not delete thing type",
		[]string{"test_iot_thing_types.py::test_delete_thing_type"},
	},
	{
		"the version of a thing after an update",
		"the reference of DescribeThing: it increases with every update",
		"assert 2 == 1",
		[]string{"test_iot_things.py::test_describe_thing"},
	},
}
