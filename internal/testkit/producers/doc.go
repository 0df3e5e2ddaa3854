// Package producers has tests of the decoders with files that other programs write: archivers,
// OpenSSL, spreadsheets, and what vendors give their customers. Whatever packs the same ten
// certificates, the decoders must find the same devices.
package producers
