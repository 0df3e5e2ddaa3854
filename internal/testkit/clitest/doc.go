// Package clitest runs thingpress as a user does: as a process, with an
// environment of its own. A test package begins with [Main].
package clitest
