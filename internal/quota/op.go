package quota

// Op names one operation of the AWS IoT control plane, spelled as AWS spells it.
type Op string

// The operations that Thingpress or its sandbox know. Each has a limiter and
// a quota of its own.
const (
	RegisterCertificateWithoutCA Op = "RegisterCertificateWithoutCA"
	CreateThing                  Op = "CreateThing"
	AttachThingPrincipal         Op = "AttachThingPrincipal"
	AttachPolicy                 Op = "AttachPolicy"
	AddThingToThingGroup         Op = "AddThingToThingGroup"
	UpdateThingGroupsForThing    Op = "UpdateThingGroupsForThing"
	AddThingToBillingGroup       Op = "AddThingToBillingGroup"

	DescribeCertificate     Op = "DescribeCertificate"
	DescribeThing           Op = "DescribeThing"
	DescribeThingType       Op = "DescribeThingType"
	DescribeThingGroup      Op = "DescribeThingGroup"
	DescribeBillingGroup    Op = "DescribeBillingGroup"
	DescribeEndpoint        Op = "DescribeEndpoint"
	GetPolicy               Op = "GetPolicy"
	ListAttachedPolicies    Op = "ListAttachedPolicies"
	ListCertificates        Op = "ListCertificates"
	ListPolicies            Op = "ListPolicies"
	ListPrincipalThings     Op = "ListPrincipalThings"
	ListPrincipalThingsV2   Op = "ListPrincipalThingsV2"
	ListTargetsForPolicy    Op = "ListTargetsForPolicy"
	ListThingGroups         Op = "ListThingGroups"
	ListThingGroupsForThing Op = "ListThingGroupsForThing"
	ListThingPrincipals     Op = "ListThingPrincipals"
	ListThingPrincipalsV2   Op = "ListThingPrincipalsV2"
	ListThingTypes          Op = "ListThingTypes"
	ListThings              Op = "ListThings"
	ListThingsInThingGroup  Op = "ListThingsInThingGroup"

	ListThingsInBillingGroup Op = "ListThingsInBillingGroup"

	UpdateCertificate         Op = "UpdateCertificate"
	UpdateThing               Op = "UpdateThing"
	DetachPolicy              Op = "DetachPolicy"
	DetachThingPrincipal      Op = "DetachThingPrincipal"
	RemoveThingFromThingGroup Op = "RemoveThingFromThingGroup"
	DeleteCertificate         Op = "DeleteCertificate"
	DeleteThing               Op = "DeleteThing"

	CreatePolicy       Op = "CreatePolicy"
	DeletePolicy       Op = "DeletePolicy"
	CreateThingType    Op = "CreateThingType"
	DeprecateThingType Op = "DeprecateThingType"
	DeleteThingType    Op = "DeleteThingType"
	CreateThingGroup   Op = "CreateThingGroup"
	DeleteThingGroup   Op = "DeleteThingGroup"
	CreateBillingGroup Op = "CreateBillingGroup"
	DeleteBillingGroup Op = "DeleteBillingGroup"
)
