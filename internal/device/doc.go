// Package device has the programs that are run for one device.
//
// A program makes steps: calls as data, with operation, parameters and effect.
// It hands them, stage by stage, to a function that carries them out, and goes
// on by what they found. [Runner.Do] carries steps out in AWS; [Rehearse] only
// collects the steps of a program, against a device as it was observed. So a
// plan shows the very steps that an import makes.
//
// [Import] makes a device able to connect. A device that is new to AWS costs
// 3 + P + g calls and no read. An answer "already exists" switches it to
// reconciling: the program reads the state, finds conflicts, and makes only
// the calls that are missing.
package device
