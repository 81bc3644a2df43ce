# The operator's image: one static program, no shell, no user but a number.
#   docker build .                               compiled in here; the version comes from the commit, so .git is part of the context
#   docker build --target prebuilt -f Dockerfile DIR   the program is in DIR already, and no other image is needed (make image)
#   docker build --target released …                   the programs are in linux/amd64 and linux/arm64 (.goreleaser.yaml)
# Arguments of all: VERSION and REVISION, for the labels.

FROM scratch AS labelled
ARG VERSION=dev REVISION=unknown
LABEL org.opencontainers.image.title="kernel-gossip-operator" \
      org.opencontainers.image.description="What did the kernel do to this pod that the dashboards do not show?" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/kernel-gossip/kernel-gossip" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 65532:65532
EXPOSE 8080 8081 8443
ENTRYPOINT ["/kernel-gossip-operator"]

FROM labelled AS prebuilt
COPY kernel-gossip-operator /kernel-gossip-operator

FROM labelled AS released
ARG TARGETPLATFORM
COPY ${TARGETPLATFORM}/kernel-gossip-operator /kernel-gossip-operator

# Go compiles for any platform on any other: nothing is emulated.
FROM --platform=${BUILDPLATFORM} golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} \
    go build -trimpath -ldflags='-s -w' -o /out/kernel-gossip-operator ./operator/kernel-gossip-operator

FROM labelled
COPY --from=build /out/kernel-gossip-operator /kernel-gossip-operator
