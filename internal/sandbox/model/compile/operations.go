package main

// operations are the operations in the table: those that the sandbox has, and those next to
// them in AWS IoT's registry.
var operations = []string{
	// certificates
	"CreateCertificateFromCsr",
	"CreateKeysAndCertificate",
	"DeleteCertificate",
	"DescribeCertificate",
	"ListCertificates",
	"ListCertificatesByCA",
	"RegisterCertificate",
	"RegisterCertificateWithoutCA",
	"UpdateCertificate",

	// CA certificates
	"DeleteCACertificate",
	"DescribeCACertificate",
	"GetRegistrationCode",
	"ListCACertificates",
	"RegisterCACertificate",
	"UpdateCACertificate",

	// transfers
	"AcceptCertificateTransfer",
	"CancelCertificateTransfer",
	"ListOutgoingCertificates",
	"RejectCertificateTransfer",
	"TransferCertificate",

	// things
	"CreateThing",
	"DeleteThing",
	"DescribeThing",
	"ListThings",
	"RegisterThing",
	"UpdateThing",

	// principals
	"AttachThingPrincipal",
	"DetachThingPrincipal",
	"ListPrincipalThings",
	"ListPrincipalThingsV2",
	"ListThingPrincipals",
	"ListThingPrincipalsV2",

	// policies
	"AttachPolicy",
	"AttachPrincipalPolicy",
	"CreatePolicy",
	"CreatePolicyVersion",
	"DeletePolicy",
	"DeletePolicyVersion",
	"DetachPolicy",
	"DetachPrincipalPolicy",
	"GetEffectivePolicies",
	"GetPolicy",
	"GetPolicyVersion",
	"ListAttachedPolicies",
	"ListPolicies",
	"ListPolicyPrincipals",
	"ListPolicyVersions",
	"ListPrincipalPolicies",
	"ListTargetsForPolicy",
	"SetDefaultPolicyVersion",
	"TestAuthorization",

	// thing types
	"CreateThingType",
	"DeleteThingType",
	"DeprecateThingType",
	"DescribeThingType",
	"ListThingTypes",
	"UpdateThingType",

	// thing groups
	"AddThingToThingGroup",
	"CreateDynamicThingGroup",
	"CreateThingGroup",
	"DeleteDynamicThingGroup",
	"DeleteThingGroup",
	"DescribeThingGroup",
	"ListThingGroups",
	"ListThingGroupsForThing",
	"ListThingsInThingGroup",
	"RemoveThingFromThingGroup",
	"UpdateDynamicThingGroup",
	"UpdateThingGroup",
	"UpdateThingGroupsForThing",

	// billing groups
	"AddThingToBillingGroup",
	"CreateBillingGroup",
	"DeleteBillingGroup",
	"DescribeBillingGroup",
	"ListBillingGroups",
	"ListThingsInBillingGroup",
	"RemoveThingFromBillingGroup",
	"UpdateBillingGroup",

	// the index
	"DescribeIndex",
	"GetCardinality",
	"GetIndexingConfiguration",
	"GetPercentiles",
	"GetStatistics",
	"GetThingConnectivityData",
	"ListIndices",
	"SearchIndex",
	"UpdateIndexingConfiguration",

	// registration tasks
	"DescribeThingRegistrationTask",
	"ListThingRegistrationTaskReports",
	"ListThingRegistrationTasks",
	"StartThingRegistrationTask",
	"StopThingRegistrationTask",

	// tags
	"ListTagsForResource",
	"TagResource",
	"UntagResource",

	// the endpoint
	"DescribeEndpoint",
}

// dataOperations are those of the data plane, whose model botocore has in data/iot-data.
var dataOperations = []string{"DeleteConnection"}
