package ingest

import (
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultMaxConnections is the number of open connections that zero means.
const DefaultMaxConnections = 4096

// silence is how long a connection carries no byte before it makes room for one of an address with as many connections.
const silence = time.Second

// Connections bounds the connections of all its listeners together. At the bound a new connection takes the place of
// the connection that was silent for the longest time, among the connections of the address with the most. So idle
// connections cost no sender its place, and one address cannot shut out the others: it only displaces its own
// connections. The addresses of an IPv6 network of 64 bits count as one. Make it with NewConnections.
type Connections struct {
	max     int
	refused func()

	mu   sync.Mutex
	open map[netip.Prefix]map[*connection]struct{} // by the address that they come from
	n    int
}

// NewConnections returns a bound on the number of open connections; 0 means DefaultMaxConnections. Refused is called
// for each connection that is closed because of the bound. Nil is not called.
func NewConnections(most int, refused func()) *Connections {
	if most <= 0 {
		most = DefaultMaxConnections
	}
	if refused == nil {
		refused = func() {}
	}
	return &Connections{max: most, refused: refused, open: map[netip.Prefix]map[*connection]struct{}{}}
}

// Listen listens at an address, with TLS if config is not nil.
func (c *Connections) Listen(address string, config *tls.Config) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	l = &boundedListener{l, c}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	return l, nil
}

// admitConn makes a connection one of those that are open. It returns nil, and closes the connection, if none makes
// room.
func (c *Connections) admitConn(raw net.Conn) *connection {
	from := Network(raw.RemoteAddr().String())
	added := &connection{Conn: raw, from: from, all: c}
	added.noteTraffic()
	closed := c.add(added)
	if closed == nil {
		return added
	}
	_ = closed.Conn.Close() // its server sees that, and calls Close
	c.refused()
	if closed == added {
		return nil
	}
	return added
}

// add adds a connection, and returns the one to close at the bound: the added one if no other makes room.
func (c *Connections) add(added *connection) (closed *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n >= c.max {
		if closed = c.findGivingWay(added); closed == nil {
			return added
		}
		c.remove(closed)
	}
	of := c.open[added.from]
	if of == nil {
		of = map[*connection]struct{}{}
		c.open[added.from] = of
	}
	of[added] = struct{}{}
	c.n++
	return closed
}

// findGivingWay returns the connection that makes room for another one; nil if none does.
func (c *Connections) findGivingWay(added *connection) *connection {
	most := 0
	for _, of := range c.open {
		most = max(most, len(of))
	}
	var longest *connection
	for _, of := range c.open {
		if len(of) < most {
			continue
		}
		for one := range of {
			if longest == nil || one.traffic.Load() < longest.traffic.Load() {
				longest = one
			}
		}
	}
	isFair := most > len(c.open[added.from])+1
	if !isFair && added.traffic.Load()-longest.traffic.Load() < int64(silence) {
		return nil
	}
	return longest
}

// remove removes a connection, if it was not removed before. The caller holds mu.
func (c *Connections) remove(one *connection) {
	of := c.open[one.from]
	if _, open := of[one]; !open {
		return
	}
	c.n--
	if delete(of, one); len(of) == 0 {
		delete(c.open, one.from)
	}
}

// Network returns the IPv4 address of a RemoteAddr, or the network of 64 bits of an IPv6 address: one host may have all
// addresses of it. It is the zero Prefix if there is no address.
func Network(remote string) netip.Prefix {
	at, err := netip.ParseAddrPort(remote)
	if err != nil { // no address of TCP
		return netip.Prefix{}
	}
	ip, bits := at.Addr().Unmap().WithZone(""), 64
	if ip.Is4() {
		bits = 32
	}
	network, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}

// boundedListener accepts the connections that the bound admits.
type boundedListener struct {
	net.Listener

	all *Connections
}

// Accept waits for the next connection that is admitted.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if admitted := l.all.admitConn(raw); admitted != nil {
			return admitted, nil
		}
	}
}

// connection remembers when it last carried bytes.
type connection struct {
	net.Conn

	from    netip.Prefix
	all     *Connections
	traffic atomic.Int64 // Unix nanoseconds
}

func (c *connection) noteTraffic() { c.traffic.Store(time.Now().UnixNano()) }

// Read reads as net.Conn does.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.noteTraffic()
	}
	return n, err
}

// Write writes as net.Conn does.
func (c *connection) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if n > 0 {
		c.noteTraffic()
	}
	return n, err
}

// CloseWrite ends what is sent. A server does so before it closes, so that its last answer is not lost.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close closes as net.Conn does, and makes room for another connection.
func (c *connection) Close() error {
	err := c.Conn.Close()
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.all.remove(c)
	return err
}
