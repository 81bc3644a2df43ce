// Package vizierpb has the messages of Pixie's API that package vizier needs, generated from vizierapi.proto beside
// this file. A program that links another package of the same messages has two of each name, which
// google.golang.org/protobuf refuses.
package vizierpb

//go:generate go tool -modfile=../../../hack/buf.mod buf generate
