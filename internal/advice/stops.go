package advice

import (
	"errors"
	"strings"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
)

const again = " and run the same command again"

// stopRows has the faults that stop an import, except those that AWS reported.
var stopRows = []row{
	{string(call.StopSilence), "nothing answers", "run the same command again", nothing},
	{string(call.StopAttachment), "a policy, type or group was deleted", "recreate it" + again, "recreate it"},
	{
		string(call.StopLedger), "the ledger cannot be read or written", "make sure that the ledger can be written" + again,
		"look for errors of the ledger table in the function's log",
	},
	{
		string(call.StopChanged), "a manifest changed during the import",
		"import the manifest as it is now; what was imported stays", "upload the manifest again; what was imported stays",
	},
	{
		string(call.StopBroker), "the certificate of the broker is not trusted",
		"name the file with its authority with --mqtt-ca, or another broker with --broker", nothing,
	},
	{
		string(call.StopMaxFailures), "as many devices failed as the limit allows",
		"look at the failures below, then run the same command again", nothing,
	},
}

// StopCodes returns the codes of all faults that stop an import.
func StopCodes() []call.StopCode {
	return []call.StopCode{
		call.StopDenied, call.StopRefused, call.StopCredentials, call.StopClock, call.StopSilence, call.StopAttachment,
		call.StopLedger, call.StopChanged, call.StopRefusedAlike, call.StopBroker, call.StopMaxFailures,
	}
}

// ofStop returns the advice for an import that was stopped.
func ofStop(stop *call.StopError, s Surface) Advice {
	for i := range stopRows {
		if stopRows[i].code == string(stop.Code) {
			return stopRows[i].advice(s)
		}
	}
	if stop.Code == call.StopRefusedAlike {
		return Advice{
			"AWS refuses every device for the same reason",
			"the devices are rarely the cause; " + For(stop.Subject, s).Todo,
		}
	}
	class := iot.ClassImport
	switch stop.Code {
	case call.StopCredentials:
		class = iot.ClassCredentials
	case call.StopClock:
		class = iot.ClassClockSkew
	}
	api := &iot.APIError{Operation: stop.Subject, Class: class}
	if stop.Code == call.StopDenied {
		api.Code = "AccessDeniedException"
	}
	errors.As(stop.Cause, &api)
	return ofCall(api, s)
}

// Attachment returns the advice for a finding about attachments. Target has the flags that lead the
// AWS CLI to the same account, region and endpoint, such as "--region eu-west-1"; it may be empty.
func Attachment(f device.Finding, s Surface, target string) Advice {
	switch f.Code {
	case device.FindingMissing:
		create := map[string]string{
			"policy":      "create-policy --policy-document file://examples/policy.json --policy-name ",
			"thing type":  "create-thing-type --thing-type-name ",
			"thing group": "create-thing-group --thing-group-name ", "billing group": "create-billing-group --billing-group-name ",
		}[f.Kind]
		return Advice{Todo: "create it with '" + awsIoT(create+f.Name, target) + "', or correct its name, the region or the account"}
	case device.FindingTooMany:
		switch {
		case f.Kind == "policy":
			return Advice{Todo: "merge policies"}
		case f.Kind == "thing group":
			return Advice{Todo: "name fewer groups"}
		case s == Stack:
			return Advice{Todo: "set a thing type with IoTThingType, or use fewer attributes"}
		}
		return Advice{Todo: "set a thing type with --thing-type, or use fewer attributes"}
	case device.FindingBadName:
		return Advice{Todo: "choose another name"}
	case device.FindingBadValue:
		return Advice{Todo: "choose another value"}
	case device.FindingDeprecated:
		return Advice{Todo: "undo the deprecation with '" +
			awsIoT("deprecate-thing-type --undo-deprecate --thing-type-name "+f.Name, target) + "', or choose another type"}
	case device.FindingDynamic:
		return Advice{Todo: "choose a static group"}
	case device.FindingSameHierarchy:
		return Advice{Todo: "choose one of the two"}
	}
	return Advice{}
}

// awsIoT returns a command line of the AWS CLI.
func awsIoT(command, target string) string {
	return strings.TrimSuffix("aws iot "+command+" "+target, " ")
}
