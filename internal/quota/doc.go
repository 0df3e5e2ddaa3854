// Package quota knows how fast AWS IoT may be called, and paces calls accordingly.
//
// # Quotas
//
// [Defaults] is the built-in table. [Resolve] puts the values of --quota and the
// account's applied values over it and returns a [Set], in which every quota has
// its source.
//
// # Ceiling
//
// [Ceiling] is the devices per second that a set allows for a device that
// costs certain [Calls]; [FreshPath] returns those of a device that AWS does
// not know yet.
//
// # Limiters
//
// A [Limiter] paces the calls of one operation; [Limiters] holds one for each.
// Before a call, [Limiter.Wait] returns a [Ticket]; after it, the caller calls
// the one method of the ticket that fits the answer. From these answers the
// limiter finds the real limit if the configured one is wrong. The package reads
// no clock but package time's, so that testing/synctest can run hours in moments.
package quota
