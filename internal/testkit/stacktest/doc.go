// Package stacktest runs the functions of the stack as AWS runs them. Each instance
// of a [Function] is a separate process that asks the Lambda Runtime API for its
// invocations. A [Source] takes messages from a queue and invokes a function with
// them, like an event source mapping of Lambda. A [Meter] is a proxy between a
// client and a service that counts what AWS would charge for.
//
// Events that AWS documents as possible but rare are frequent here: functions are
// killed before they end, and messages arrive twice and out of order. Everything
// random is derived from a seed, but the order of concurrent steps may vary.
package stacktest
