// Command bench measures imports against what bounds them. Each row runs next to its reference in the same run, with the sandbox
// in a process of its own; no row is a bare time.
//
//	go run ./internal/testkit/bench             # every row but million
//	go run ./internal/testkit/bench -row faults
//	go run ./internal/testkit/bench -row million -million
//
// It keeps generated manifests in bench/cache and results in bench/results.json.
package main
