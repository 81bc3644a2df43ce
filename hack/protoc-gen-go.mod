// protoc-gen-go and protoc-gen-go-grpc: what buf calls for Go (pixie/vizier/vizierpb/buf.gen.yaml). Apart from buf, because the first
// has the version of the module in go.mod.
// Run:     go tool -modfile=hack/protoc-gen-go.mod protoc-gen-go …
// Upgrade: go get -tool -modfile=hack/protoc-gen-go.mod google.golang.org/protobuf/cmd/protoc-gen-go@latest google.golang.org/grpc/cmd/protoc-gen-go-grpc@latest
// Tools have module files of their own so that users of the library do not inherit what they require.
module github.com/kernel-gossip/kernel-gossip/hack/protoc-gen-go

go 1.26.0

tool (
	google.golang.org/grpc/cmd/protoc-gen-go-grpc
	google.golang.org/protobuf/cmd/protoc-gen-go
)

require (
	google.golang.org/grpc/cmd/protoc-gen-go-grpc v1.6.2 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
