// Command bench compares imports with what bounds them. Each row runs with its
// reference in the same run, and with the sandbox in a separate process; no result
// is only a time.
//
//	go run ./internal/testkit/bench             # every row but million
//	go run ./internal/testkit/bench -row faults
//	go run ./internal/testkit/bench -row million -million
//
// It keeps generated manifests in bench/cache and results in bench/results.json.
package main
