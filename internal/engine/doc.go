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
// [Compare] looks at the devices of a scan and tells what an import would do.
// [Batch] imports devices that somebody else decoded and judged. All three are
// one pipeline (pipeline.go): tasks in, a program for each device (package
// device), what it came to out.
//
// # What is judged where
//
// A [Judge] decides of every entry, once for all passes and commands, whether
// it goes on to AWS, is rejected, or is skipped. What AWS answers is judged by
// package device for one device and by package call for the import.
//
// # What is durable
//
// Before a device's first call its entry is marked in flight (mark.go), and its
// outcome is recorded with the steps that were made (book.go), so that an
// import that is killed at any moment can tell afterwards what it created.
package engine
