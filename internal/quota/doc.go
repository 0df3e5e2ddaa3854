// Package quota knows the quotas of AWS IoT and paces calls accordingly.
//
// # Quotas
//
// [Defaults] is the built-in table. [Resolve] overrides it with the account's applied values
// and the values of --quota, and returns a [Set] in which every quota has its source.
//
// # Ceiling
//
// [Ceiling] returns the devices per second that a set allows if each device needs certain
// [Calls]. [FreshPath] returns the calls for a device that AWS does not know yet.
//
// # Limiters
//
// A [Limiter] paces the calls of one operation; [Limiters] contains one for each. Before a
// call, [Limiter.Wait] returns a [Ticket]. After the call, the caller reports the answer by one
// of the ticket's methods. From these answers the limiter finds the real limit if the
// configured one is wrong. The only clock is that of package time, so that testing/synctest can
// run hours in moments.
package quota
