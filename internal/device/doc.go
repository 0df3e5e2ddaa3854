// Package device has the programs that are run for one device.
//
// A program consists of steps: calls as data, with operation, parameters and
// effect. It passes them, stage by stage, to a function that carries them out,
// and continues according to the results. [Runner.Do] carries out steps in AWS. A
// [Rehearsal] runs the same program against the observed state of a device and
// collects its steps, so a plan shows exactly the steps that an import makes.
//
// [Import] makes a device able to connect. A device that is new to AWS costs
// 3 + P + g calls and no read, for P policies and g calls for groups. If AWS
// answers "already exists" the program reads the state of the device, detects
// conflicts, and makes only the calls that are missing.
package device
