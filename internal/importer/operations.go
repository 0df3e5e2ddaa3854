package importer

import (
	"slices"

	"github.com/thingpress/thingpress/internal/quota"
)

// Operations are all operations that an import may call, in the order of the
// paths: a new device, checks, reading what exists, adopting it.
func Operations() []quota.Op {
	return []quota.Op{
		quota.RegisterCertificateWithoutCA, quota.CreateThing, quota.AttachThingPrincipal, quota.AttachPolicy,
		quota.AddThingToThingGroup, quota.UpdateThingGroupsForThing, quota.AddThingToBillingGroup,
		quota.GetPolicy, quota.DescribeThingType, quota.DescribeThingGroup, quota.DescribeBillingGroup,
		quota.DescribeCertificate, quota.DescribeThing, quota.ListAttachedPolicies, quota.ListThingGroupsForThing,
		quota.ListThingPrincipals, quota.ListThingPrincipalsV2, quota.ListPrincipalThings, quota.ListPrincipalThingsV2,
		quota.ListCertificates, quota.ListThings, quota.ListTargetsForPolicy, quota.ListThingsInThingGroup,
		quota.UpdateCertificate, quota.UpdateThing,
	}
}

// CheckOperations are those that [CheckAttachments] may call.
func CheckOperations() []quota.Op {
	return []quota.Op{
		quota.GetPolicy, quota.DescribeThingType, quota.DescribeThingGroup, quota.DescribeBillingGroup, quota.ListAttachedPolicies,
	}
}

// BatchOperations are those that a [Batch] may call, unless it adopts.
func BatchOperations() []quota.Op {
	return slices.DeleteFunc(Operations(), func(op quota.Op) bool {
		switch op {
		case quota.ListCertificates, quota.ListThings, quota.ListTargetsForPolicy, quota.ListThingsInThingGroup: // pages
			return true
		case quota.UpdateCertificate, quota.UpdateThing, quota.AddThingToBillingGroup: // to adopt
			return true
		}
		return false
	})
}
