// Package decode is the function that reads manifests: it takes the messages
// of the manifests queue, which are events of S3 and tasks of our own.
//
// An upload becomes a job, once, however often its event comes. The job goes
// through phases: hash reads the object and forms its SHA-256; check decodes
// all of it and counts, and nothing is sent before its end; send decodes it
// again, sends every device to the devices queue and records every rejected
// entry in the ledger. Before the first phase the attachments are looked at.
//
// All work is done under the job's lease. Progress is saved every thousand
// entries, and only after what precedes it is durable elsewhere, so that
// whoever goes on later, or does a stretch again, leaves nothing out. Short of
// the invocation's deadline the function hands the job on to itself by a new
// message. What is wrong with the manifest or the stack's parameters stops the
// import with that cause; what is wrong with AWS at the moment is tried again.
package decode
