package quota

import (
	"slices"

	"github.com/thingpress/thingpress/internal/iot"
)

// ServiceCode is the service code of these quotas in Service Quotas.
const ServiceCode = "iotcore"

// Registrations is the Service Quotas code of the joint limit on device certificates registered
// per second by any operation. AWS listed it in 2024 with 15/s and no longer did in 2026, so it
// applies only if the account reports it.
const Registrations = "L-3E927DFC"

// RegistrationsDefault is the value that AWS listed for [Registrations], in certificates per second.
const RegistrationsDefault = 15.0

// A Default is the quota of an account that never requested more.
type Default struct {
	Op iot.Operation
	// TPS is the default quota in calls per second, per account and region.
	TPS float64
	// Code is the Service Quotas code, such as "L-4671C7C8"; empty if none is known.
	Code string
	// Adjustable reports whether AWS accepts requests to raise it.
	Adjustable bool
	// Note describes what is uncertain about TPS, which is a cautious value then. It is empty
	// if a published copy of the Service Quotas table has the value.
	Note string
}

const (
	noCopy  = "AWS publishes neither the value nor whether it is adjustable; 10 is assumed"
	noValue = "AWS does not publish the value; 10 is assumed"
	noCode  = "AWS publishes neither the value nor a code of Service Quotas; 10 is assumed"
)

// The values are those of copies of the Service Quotas table from 2024, the adjustable codes
// those of a copy from 2026. AWS documents that some are lower in some regions.
var defaults = [...]Default{
	{iot.RegisterCertificateWithoutCA, 10, "L-4671C7C8", true, ""},
	{iot.CreateThing, 100, "L-64CBACAC", true, ""},
	{iot.AttachThingPrincipal, 100, "L-F64D1AA6", true, ""},
	{iot.AttachPolicy, 15, "L-CA7D4E3E", true, ""},
	{iot.AddThingToThingGroup, 100, "L-2904683A", true, ""},
	{iot.UpdateThingGroupsForThing, 10, "L-638916DB", true, noValue},
	{iot.AddThingToBillingGroup, 60, "L-1F4BE39E", true, ""},

	{iot.DescribeCertificate, 10, "L-FC864907", true, ""},
	{iot.DescribeThing, 350, "L-0EF0F5EE", true, ""},
	{iot.DescribeThingType, 100, "L-DDCF8E97", true, ""},
	{iot.DescribeThingGroup, 100, "L-52E1E197", true, ""},
	{iot.DescribeBillingGroup, 10, "L-23DF46E7", false, noCopy},
	{iot.DescribeEndpoint, 10, "L-F30831DF", false, noCopy},
	{iot.GetPolicy, 10, "L-5CE9072D", true, ""},
	{iot.GetEffectivePolicies, 5, "L-CE45290D", false, "published copies have 5 or 50; the lower is used"},
	{iot.TestAuthorization, 10, "L-31D9CC26", false, noCopy},
	{iot.ListAttachedPolicies, 15, "L-B2DA2A45", true, ""},
	{iot.ListCertificates, 10, "L-97DA2C60", true, ""},
	{iot.ListPolicies, 10, "L-2B86A5A0", false, noCopy},
	{iot.ListPrincipalThings, 10, "L-C481616A", true, ""},
	{iot.ListPrincipalThingsV2, 10, "L-ED45A70B", true, noValue},
	{iot.ListTargetsForPolicy, 10, "L-D7C50543", false, noCopy},
	{iot.ListThingGroups, 10, "L-1E5260D6", false, noCopy},
	{iot.ListThingGroupsForThing, 100, "L-75F129AD", true, ""},
	{iot.ListThingPrincipals, 10, "L-FC3EF4D9", true, "published copies have 10 or 20; the lower is used"},
	{iot.ListThingPrincipalsV2, 10, "L-00ACEBE9", true, noValue},
	{iot.ListThingTypes, 10, "L-F9EBF527", false, noCopy},
	{iot.ListThings, 10, "L-57AAC135", true, ""},
	{iot.ListThingsInThingGroup, 10, "L-D33FD5F9", false, noCopy},
	{iot.ListThingsInBillingGroup, 10, "L-E8797DCC", false, noCopy},
	{iot.SearchIndex, 10, "L-908D0FBE", false, noCopy},
	{iot.GetThingConnectivityData, 10, "L-48D98BA3", false, noCopy},

	{iot.UpdateCertificate, 10, "L-77B523DC", true, ""},
	{iot.UpdateThing, 100, "L-211F680E", true, ""},
	{iot.DetachPolicy, 15, "L-EC88D510", true, ""},
	{iot.DetachThingPrincipal, 100, "L-B5EE4A16", true, ""},
	{iot.RemoveThingFromThingGroup, 100, "L-2A81A394", true, ""},
	{iot.DeleteCertificate, 10, "L-EEB8F0B1", true, ""},
	{iot.DeleteThing, 100, "L-889800F7", true, ""},
	{iot.DeleteConnection, 10, "", false, noCode},

	{iot.CreatePolicy, 10, "L-1B2EEF52", true, ""},
	{iot.DeletePolicy, 10, "L-58129C66", true, ""},
	{iot.CreateThingType, 15, "L-8650816F", true, ""},
	{iot.DeprecateThingType, 10, "L-7F1DBFAE", false, noCopy},
	{iot.DeleteThingType, 10, "L-CFBDB489", false, noCopy},
	{iot.CreateThingGroup, 25, "L-512F449C", true, ""},
	{iot.DeleteThingGroup, 10, "L-FCAB1AF4", false, noCopy},
	{iot.CreateBillingGroup, 25, "L-F2D09BC8", true, ""},
	{iot.DeleteBillingGroup, 10, "L-6C20C764", false, noCopy},
}

// Defaults returns an independent copy of the built-in table, import path first.
func Defaults() []Default { return slices.Clone(defaults[:]) }
