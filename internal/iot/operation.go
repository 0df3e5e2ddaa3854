package iot

// Operation names one operation of AWS IoT, spelled as AWS spells it.
type Operation string

// The operations that Thingpress or its sandbox knows. Each has a quota and a
// limiter of its own.
const (
	RegisterCertificateWithoutCA Operation = "RegisterCertificateWithoutCA"
	CreateThing                  Operation = "CreateThing"
	AttachThingPrincipal         Operation = "AttachThingPrincipal"
	AttachPolicy                 Operation = "AttachPolicy"
	AddThingToThingGroup         Operation = "AddThingToThingGroup"
	UpdateThingGroupsForThing    Operation = "UpdateThingGroupsForThing"
	AddThingToBillingGroup       Operation = "AddThingToBillingGroup"

	DescribeCertificate     Operation = "DescribeCertificate"
	DescribeThing           Operation = "DescribeThing"
	DescribeThingType       Operation = "DescribeThingType"
	DescribeThingGroup      Operation = "DescribeThingGroup"
	DescribeBillingGroup    Operation = "DescribeBillingGroup"
	DescribeEndpoint        Operation = "DescribeEndpoint"
	GetPolicy               Operation = "GetPolicy"
	GetEffectivePolicies    Operation = "GetEffectivePolicies"
	TestAuthorization       Operation = "TestAuthorization"
	ListAttachedPolicies    Operation = "ListAttachedPolicies"
	ListCertificates        Operation = "ListCertificates"
	ListPolicies            Operation = "ListPolicies"
	ListPrincipalThings     Operation = "ListPrincipalThings"
	ListPrincipalThingsV2   Operation = "ListPrincipalThingsV2"
	ListTargetsForPolicy    Operation = "ListTargetsForPolicy"
	ListThingGroups         Operation = "ListThingGroups"
	ListThingGroupsForThing Operation = "ListThingGroupsForThing"
	ListThingPrincipals     Operation = "ListThingPrincipals"
	ListThingPrincipalsV2   Operation = "ListThingPrincipalsV2"
	ListThingTypes          Operation = "ListThingTypes"
	ListThings              Operation = "ListThings"
	ListThingsInThingGroup  Operation = "ListThingsInThingGroup"

	ListThingsInBillingGroup Operation = "ListThingsInBillingGroup"
	GetIndexingConfiguration Operation = "GetIndexingConfiguration"
	SearchIndex              Operation = "SearchIndex"
	GetThingConnectivityData Operation = "GetThingConnectivityData"

	UpdateCertificate         Operation = "UpdateCertificate"
	UpdateThing               Operation = "UpdateThing"
	DetachPolicy              Operation = "DetachPolicy"
	DetachThingPrincipal      Operation = "DetachThingPrincipal"
	RemoveThingFromThingGroup Operation = "RemoveThingFromThingGroup"
	DeleteCertificate         Operation = "DeleteCertificate"
	DeleteThing               Operation = "DeleteThing"
	DeleteConnection          Operation = "DeleteConnection" // of the data plane

	CreatePolicy       Operation = "CreatePolicy"
	DeletePolicy       Operation = "DeletePolicy"
	CreateThingType    Operation = "CreateThingType"
	DeprecateThingType Operation = "DeprecateThingType"
	DeleteThingType    Operation = "DeleteThingType"
	CreateThingGroup   Operation = "CreateThingGroup"
	DeleteThingGroup   Operation = "DeleteThingGroup"
	CreateBillingGroup Operation = "CreateBillingGroup"
	DeleteBillingGroup Operation = "DeleteBillingGroup"
)
