// Package engine takes manifests and makes every device in them able to
// connect to AWS IoT Core.
//
// An import makes two passes. [Scan] decodes and judges every entry, so that
// totals, rejects and duplicates are known before anything is called. [Run]
// reads the same content again and imports it:
//
//	source, err := engine.OpenSource(ctx, input, decoder)
//	scan, err := engine.Scan(ctx, sources, settings, events)
//	report, err := device.CheckAttachments(ctx, aws, limiters, settings.Attachments)
//	summary, err := engine.Run(ctx, config, engine.Import{...})
//
// [Compare] finds out what an import would do for the devices of a scan. [Batch]
// imports devices that the caller decoded and judged. All three use one pipeline
// (pipeline.go), which takes tasks, runs a program of package device for each,
// and hands the result to a sink.
//
// # Judging
//
// A [Judge] decides whether an entry goes on to AWS, is rejected, or is skipped.
// All passes and commands share it. Package device judges what AWS answers for
// one device, package call what concerns the whole import.
//
// # Durability
//
// The engine marks an entry in flight before the first call for it (mark.go),
// and records its outcome together with the steps that were made (book.go). An
// import that is killed at any moment therefore knows afterwards what it created.
package engine
