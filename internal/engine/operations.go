package engine

import (
	"slices"

	"github.com/thingpress/thingpress/internal/iot"
)

// Operations are all operations that an import may call, in the order of the
// paths: a new device, checks, reading what exists, adopting it.
func Operations() []iot.Operation {
	return []iot.Operation{
		iot.RegisterCertificateWithoutCA, iot.CreateThing, iot.AttachThingPrincipal, iot.AttachPolicy,
		iot.AddThingToThingGroup, iot.UpdateThingGroupsForThing, iot.AddThingToBillingGroup,
		iot.GetPolicy, iot.DescribeThingType, iot.DescribeThingGroup, iot.DescribeBillingGroup,
		iot.DescribeCertificate, iot.DescribeThing, iot.ListAttachedPolicies, iot.ListThingGroupsForThing,
		iot.ListThingPrincipals, iot.ListThingPrincipalsV2, iot.ListPrincipalThings, iot.ListPrincipalThingsV2,
		iot.ListCertificates, iot.ListThings, iot.ListTargetsForPolicy, iot.ListThingsInThingGroup,
		iot.UpdateCertificate, iot.UpdateThing,
	}
}

// CheckOperations are those that [CheckAttachments] may call.
func CheckOperations() []iot.Operation {
	return []iot.Operation{
		iot.GetPolicy, iot.DescribeThingType, iot.DescribeThingGroup, iot.DescribeBillingGroup, iot.ListAttachedPolicies,
	}
}

// BatchOperations are those that a [Batch] may call, unless it adopts.
func BatchOperations() []iot.Operation {
	return slices.DeleteFunc(Operations(), func(op iot.Operation) bool {
		switch op {
		case iot.ListCertificates, iot.ListThings, iot.ListTargetsForPolicy, iot.ListThingsInThingGroup: // pages
			return true
		case iot.UpdateCertificate, iot.UpdateThing, iot.AddThingToBillingGroup: // to adopt
			return true
		}
		return false
	})
}
