package sandbox

// Quota is one quota of AWS IoT Core.
type Quota struct {
	// Code is the quota code of Service Quotas.
	Code string
	// Operation is the name of the operation, or [RegistrationQuota].
	Operation string
	// TPS is the default, in calls per second.
	TPS float64
	// Adjustable says that AWS raises it on request.
	Adjustable bool
}

// RegistrationQuota stands in the place of an operation for the quota on
// certificates registered per second (L-3E927DFC), whatever operation registers
// them.
const RegistrationQuota = "CertificateRegistration"

// Defaults returns the default quotas, in the order of the operations' names.
func Defaults() []Quota {
	return []Quota{
		{"L-1F4BE39E", "AddThingToBillingGroup", 60, true},
		{"L-2904683A", "AddThingToThingGroup", 100, true},
		{"L-CA7D4E3E", "AttachPolicy", 15, true},
		{"L-F64D1AA6", "AttachThingPrincipal", 100, true},
		{"L-3E927DFC", RegistrationQuota, 15, true},
		{"L-F2D09BC8", "CreateBillingGroup", 25, true},
		{"L-1B2EEF52", "CreatePolicy", 10, true},
		{"L-64CBACAC", "CreateThing", 100, true},
		{"L-512F449C", "CreateThingGroup", 25, true},
		{"L-8650816F", "CreateThingType", 15, true},
		{"L-EEB8F0B1", "DeleteCertificate", 10, true},
		{"L-58129C66", "DeletePolicy", 10, true},
		{"L-889800F7", "DeleteThing", 100, true},
		{"L-FC864907", "DescribeCertificate", 10, true},
		{"L-0EF0F5EE", "DescribeThing", 350, true},
		{"L-52E1E197", "DescribeThingGroup", 100, true},
		{"L-DDCF8E97", "DescribeThingType", 100, true},
		{"L-EC88D510", "DetachPolicy", 15, true},
		{"L-B5EE4A16", "DetachThingPrincipal", 100, true},
		{"L-5CE9072D", "GetPolicy", 10, true},
		{"L-B2DA2A45", "ListAttachedPolicies", 15, true},
		{"L-97DA2C60", "ListCertificates", 10, true},
		{"L-C481616A", "ListPrincipalThings", 10, true},
		{"L-ED45A70B", "ListPrincipalThingsV2", 10, true},
		{"L-75F129AD", "ListThingGroupsForThing", 100, true},
		{"L-FC3EF4D9", "ListThingPrincipals", 10, true},
		{"L-00ACEBE9", "ListThingPrincipalsV2", 10, true},
		{"L-57AAC135", "ListThings", 10, true},
		{"L-4671C7C8", "RegisterCertificateWithoutCA", 10, true},
		{"L-2A81A394", "RemoveThingFromThingGroup", 100, true},
		{"L-77B523DC", "UpdateCertificate", 10, true},
		{"L-211F680E", "UpdateThing", 100, true},
		{"L-638916DB", "UpdateThingGroupsForThing", 10, true},
	}
}
