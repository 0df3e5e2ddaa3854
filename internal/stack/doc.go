// Package stack is the domain of the stack: its configuration, the messages on its
// queues, jobs, leases and claims, and the ports through which the functions reach
// the services around them.
//
// Each function has a package below this one. Package decode reads manifests from
// buckets and sends their devices, bring imports devices into AWS IoT Core, complete
// ends an import with report and notice, and deadletter handles the messages that the
// others could not. The packages below aws implement the ports, lambda makes one
// program of all functions, and operate deploys and operates a stack from outside.
package stack
