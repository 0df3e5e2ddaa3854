// Package pemjson decodes JSON with certificates of any source: what aws iot describe-certificate
// prints, and lists of objects with a member that holds PEM.
//
// # Entries
//
// The file is one JSON value or several, one after the other. Without
// [manifest.Options.JSONPointer] the first string that is a certificate in PEM shows where the
// entries are: they are the elements of the array that is closest around it, or of the array around
// that one if the closest has only strings. Without an array each value is an entry. The pointer (RFC
// 6901, with * for every element or member) leads to the certificates instead: what the last * stands
// for is an entry. A pointer may also lead to base64 of DER.
//
// The certificate of an entry is the only one in it that is not an authority's. Its members with
// text or numbers are [manifest.Device.Columns], except secrets. The thing is named by the member
// thingName or thing_name, if there is one and no template is set.
//
// An entry with the member [ExportMember] also has [manifest.Device.Settings]: thingTypeName, billingGroupName,
// status, the arrays policyNames and thingGroupNames, and the object attributes. In other entries these
// names mean nothing, because what describes a certificate elsewhere is not an order.
//
// # Trust
//
// Nothing is signed.
package pemjson
