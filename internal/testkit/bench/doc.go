// Command bench measures imports against what bounds them. Each row is run
// beside its reference in the same run, with the sandbox as its own process;
// no row is a bare time.
//
//	go run ./internal/bench             # every row but million
//	go run ./internal/bench -row faults
//	go run ./internal/bench -row million -million
//
// Generated manifests are kept in bench/cache, results in bench/results.json.
package main
