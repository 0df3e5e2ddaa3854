// Package object reads objects of S3 for decoders: with random access, in little
// memory, and always the same content.
package object
