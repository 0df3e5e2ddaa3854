// Package release has the tests of what `make snapshot` builds. They install it as a user
// does.
package release
