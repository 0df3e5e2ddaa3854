// Package object reads objects of S3 as decoders want them: with random
// access, in little memory, and always the same content.
package object
