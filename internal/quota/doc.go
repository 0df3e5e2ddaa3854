// Package quota knows how fast AWS IoT may be called, and keeps to it.
//
// # Quotas
//
// [Defaults] is the built-in table. [Resolve] puts the values of --quota and the
// account's applied values over it and gives a [Set], in which every quota says
// where it comes from.
//
// # Ceiling
//
// [Ceiling] is the devices per second that a set allows for a device that
// costs certain [Calls]; [FreshPath] gives those of a device that AWS does
// not know yet.
//
// # Limiters
//
// A [Limiter] paces the calls of one operation; [Limiters] holds one for each.
// Before a call, [Limiter.Wait] gives a [Ticket]; after it, exactly one method
// of the ticket tells what the answer was. From these answers the limiter finds
// the real limit where the configured one is wrong. The package reads
// no clock but package time's, so that testing/synctest can run hours in moments.
package quota
