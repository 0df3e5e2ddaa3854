// Package engine it takes manifests and makes every device in
// them able to connect to AWS IoT Core.
//
// An import makes two passes. [Scan] decodes and judges every entry, so that
// totals, rejects and duplicates are known before anything is called. [Run]
// reads the same content again and imports it:
//
//	source, err := importer.OpenSource(ctx, input, decoder)
//	scan, err := importer.Scan(ctx, sources, settings, events)
//	report, err := importer.CheckAttachments(ctx, aws, settings.Attachments)
//	summary, err := importer.Run(ctx, importer.Config{...})
//
// # What happens to one device
//
// A device that is new to AWS costs 3 + P + g calls and no read (fresh.go). An
// answer "already exists" switches it to the reconcile path, which reads the
// state, judges conflicts, and makes only the calls that are missing
// (reconcile.go). Where many devices exist, the state is read in pages
// (snapshot.go).
//
// # What may go wrong
//
// Retry lives here and nowhere else (call.go). Throttling slows an operation
// down and never fails a device. Transient faults are tried again, and pause
// the import where nothing answers (outage.go). What is wrong with a device
// fails that device with a stable reason (reasons.go). What is wrong with the
// import stops it in order with a *[StopError] (stop.go): no device is failed
// for it, and the same command line resumes.
//
// # What is durable
//
// Before a device's first call its entry is marked in flight (marks.go), and
// its outcome is recorded with the steps that were made (outcomes.go), so that
// an import that is killed at any moment can tell afterwards what it created.
//
// The engine sees AWS through the small interfaces of aws.go; package awsiot
// implements them.
package engine
