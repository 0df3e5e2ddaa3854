// Package stack is the domain of the stack: its configuration, the messages on
// its queues, jobs, leases and claims, and the ports through which the functions
// reach what is around them.
//
// The functions are the packages below. Package decode reads manifests from
// buckets and sends their devices, bring brings devices into AWS IoT Core,
// complete ends an import with report and notice, and deadletter takes what could
// not be handled. Packages below aws implement the ports, lambda makes one program
// of it all, and operate sets up and looks after a stack from outside.
package stack
