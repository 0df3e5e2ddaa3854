// Package verdict judges what AWS IoT policies let the devices of a manifest do, before the
// devices exist. For each device it fills in what the policies ask for, such as the name
// of the thing, decides the requests that the device's firmware will make, and looks for
// mistakes.
//
// Package policy decides and finds. This package knows manifests and things.
package verdict
