// Package proof connects to a broker of AWS IoT as a device does, over MQTT 3.1.1 or 5, and finds out
// what the device may do: whether it can connect, publish, subscribe, and receive.
//
// A [Client] sends one packet at a time and waits for the answer, because a refusal of AWS IoT is often
// a closed connection: with several packets under way nobody could tell which of them was refused. It
// needs no goroutine, so that many devices can connect at once.
package proof
