// Package policyvectors runs the test vectors of package policy, and plans how AWS is asked about them.
package policyvectors
