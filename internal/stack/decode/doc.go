// Package decode is the function that reads manifests. It handles the messages of the
// manifests queue, which are events of S3 and tasks of our own.
//
// An upload becomes one job, however often its event is delivered. The job goes
// through phases. The phase hash first checks the attachments and then computes the
// SHA-256 of the object. The phase check decodes and counts all entries; nothing is
// sent before it ends. The phase send decodes them again, sends every device to the
// devices queue, and records every rejected entry in the ledger. It keeps a bounded
// number of them in flight. When that is reached, the invocation ends, and a message
// with a delay brings the next one.
//
// All work is done under the lease of the job. Progress is saved every thousand
// entries, and only after everything before it is durable elsewhere. So an invocation
// that continues the job, or repeats a part of it, leaves nothing out. Shortly before
// its deadline, an invocation hands the job on to the next one by a new message. A
// fault of the manifest or of the stack's parameters stops the import with that
// cause; a temporary fault of AWS is retried.
package decode
