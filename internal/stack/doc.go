// Package stack holds what the functions of the stack have in common: the
// messages on its queues, and the configuration that its template puts into
// their environment.
//
// The functions themselves are the packages below: decoder reads manifests
// from buckets and sends their devices, importer brings devices into AWS IoT
// Core, completion ends an import with report and notice, and undeliverable
// takes what could not be handled; function makes one program of them. Packages
// deploy and operate set up and look after a stack from outside.
package stack
