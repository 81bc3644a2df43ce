// Package vizierpb has the messages of Pixie's API that package vizier needs, generated from vizierapi.proto beside this file. Whoever
// links another package of the same messages that registers with google.golang.org/protobuf gets two of one name, which that refuses.
package vizierpb

//go:generate go tool -modfile=../../../hack/buf.mod buf generate
