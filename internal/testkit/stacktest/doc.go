// Package stacktest runs the functions of the stack as AWS runs them: each
// instance of a [Function] is a process of its own that asks the Lambda Runtime
// API for its invocations, and a [Source] takes messages from a queue and
// invokes a function with them, as an event source mapping of Lambda does. A
// [Meter] stands between a client and a service and counts what AWS would charge for.
//
// It makes common what AWS documents as possible but rare: functions are killed
// in the middle, messages come twice and out of order. Everything random comes
// from a seed, but concurrent steps are not repeated in exactly the same order.
package stacktest
