// Package clitest runs thingpress like a user: as a process with its own
// environment. A test package must call [Main] from TestMain.
package clitest
