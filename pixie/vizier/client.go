package vizier

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
)

// The limits that the zero Options have.
const (
	DefaultMaxMessage = 4 << 20         // bytes; gRPC's own limit, and a batch of ours has some hundred KiB
	DefaultTimeout    = 3 * time.Minute // Pixie itself gives up after as long without a row
	DefaultAttempts   = 5
	DefaultWait       = 5 * time.Second
)

// Options are the options of a Client. Address, APIKey and ClusterID are required.
type Options struct {
	// Address is host:port of Pixie's cloud, which passes queries on to the cluster.
	Address string
	// APIKey identifies the caller.
	APIKey string
	// ClusterID is the cluster's UUID in Pixie.
	ClusterID string

	// RootCAs are the authorities for the server's certificate; nil means the authorities of the system.
	RootCAs *x509.CertPool
	// Plaintext turns off TLS. It is refused unless Address is loopback.
	Plaintext bool

	// MaxMessage is the greatest length of one message of the server in bytes; 0 means DefaultMaxMessage.
	MaxMessage int
	// Timeout is the longest time that one attempt to run a script may take; 0 means DefaultTimeout.
	Timeout time.Duration
	// Attempts is the number of times that a script is tried before its first row; 0 means DefaultAttempts.
	Attempts int
	// Wait is about the length of the first wait between two attempts; the waits after it grow to six times of it; 0 means
	// DefaultWait.
	Wait time.Duration
}

// Client runs scripts in one cluster. It is safe for concurrent use. Make it with New.
type Client struct {
	options Options
	conn    *grpc.ClientConn
	api     vizierpb.VizierServiceClient
}

// New returns a client. It connects when a script is run for the first time.
func New(o Options) (*Client, error) {
	o.MaxMessage = cmp.Or(o.MaxMessage, DefaultMaxMessage)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.Attempts = cmp.Or(o.Attempts, DefaultAttempts)
	o.Wait = cmp.Or(o.Wait, DefaultWait)
	if err := o.Validate(); err != nil {
		return nil, err
	}
	secure := credentials.NewTLS(&tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12})
	if o.Plaintext {
		secure = insecure.NewCredentials()
	}
	conn, err := grpc.NewClient("dns:///"+o.Address,
		grpc.WithTransportCredentials(secure),
		grpc.WithPerRPCCredentials(apiKey{key: o.APIKey, plaintext: o.Plaintext}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(o.MaxMessage)),
		grpc.WithDisableServiceConfig(), // retries are decided here, not by the server
	)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", o.Address, err)
	}
	return &Client{options: o, conn: conn, api: vizierpb.NewVizierServiceClient(conn)}, nil
}

// Close ends the connection, and the queries that run over it.
func (c *Client) Close() error { return c.conn.Close() }

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Validate returns everything that is wrong with the options.
func (o Options) Validate() error {
	var wrong []error
	host, port, err := net.SplitHostPort(o.Address)
	if err != nil || host == "" || port == "" || strings.ContainsAny(host, "/ ") {
		wrong = append(wrong, fmt.Errorf("address: %q is not host:port, such as work.withpixie.ai:443", o.Address))
	}
	if o.Plaintext && !isLoopback(host) {
		wrong = append(wrong, fmt.Errorf("address: %q is not loopback, and the key must not travel without TLS", o.Address))
	}
	if o.APIKey == "" || strings.ContainsFunc(o.APIKey, func(r rune) bool { return r <= ' ' || r > '~' }) {
		wrong = append(wrong, errors.New("API key: empty, or not printable ASCII without spaces"))
	}
	if !uuid.MatchString(o.ClusterID) {
		wrong = append(wrong,
			fmt.Errorf("cluster ID: %q is not a UUID such as 01234567-89ab-cdef-0123-456789abcdef", o.ClusterID))
	}
	if o.MaxMessage < 0 || o.Timeout < 0 || o.Attempts < 0 || o.Wait < 0 {
		wrong = append(wrong, errors.New("a limit is negative"))
	}
	return errors.Join(wrong...)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// apiKey sends the key with every call. gRPC itself refuses to send it over a connection without TLS.
type apiKey struct {
	key       string
	plaintext bool
}

func (k apiKey) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"pixie-api-key": k.key, "pixie-api-client": "go"}, nil
}

func (k apiKey) RequireTransportSecurity() bool { return !k.plaintext }
