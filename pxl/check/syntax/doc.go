// Package syntax reads PxL, the language of Pixie's scripts: it divides a script into tokens and makes its tree. It
// knows the grammar, and nothing about what Pixie has.
package syntax
