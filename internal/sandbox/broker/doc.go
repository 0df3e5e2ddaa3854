// Package broker is the MQTT broker of the sandbox. It lets devices whose certificates are in the
// registry connect as AWS IoT Core would, over TLS with their certificates, and decides every
// connection, message and subscription by the policies in the registry.
//
// It follows AWS where AWS differs from the MQTT specification: a client that may not do something is
// disconnected, "#" does not match the level above, there is no QoS 2, and retained messages are only
// sent to filters without wildcards (AWS IoT Core developer guide, "MQTT"). What AWS never tells a
// device, the broker tells the operator: see [Event].
//
// Sessions, subscriptions and retained messages are kept in memory.
package broker
