package rfc2136

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
)

const fudge = 300 // seconds by which clocks may differ (RFC 8945 section 10)

// conn is a TCP connection to the name server. It is for one goroutine.
type conn struct {
	net.Conn
	a    *Account
	zone string // for errors
	op   string

	ended func() error // returns why the context has ended
	stop  func() bool

	// The clock difference by the fastest answer; see providers.Coverage. measured is whether there was one.
	ahead, within time.Duration
	measured      bool
}

// connect opens a connection that ends with ctx.
func (a *Account) connect(ctx context.Context, zone, op string) (*conn, error) {
	timed, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	c := &conn{a: a, zone: zone, op: op, ended: ctx.Err}
	n, err := a.dial(timed, "tcp", a.server)
	if err != nil {
		return nil, c.fail(providers.KindUnreachable, "", fmt.Errorf("no connection to the name server %s: %w", a.server, err))
	}
	c.Conn = n
	c.stop = context.AfterFunc(ctx, func() { _ = n.SetDeadline(time.Unix(1, 0)) })
	return c, nil
}

// limit sets the time by which the next bytes must have come or gone.
func (c *conn) limit() {
	_ = c.SetDeadline(time.Now().Add(c.a.timeout))
	if c.ended() != nil {
		_ = c.SetDeadline(time.Unix(1, 0))
	}
}

func (c *conn) close() {
	c.stop()
	_ = c.Conn.Close()
}

func (c *conn) fail(kind providers.Kind, code string, err error) error {
	return &providers.Error{Kind: kind, Source: c.zone, Op: c.op, Code: code, Err: err}
}

// send signs a message and writes it. It returns the MAC with which the answer is signed. A message of more than 65,535
// bytes is KindLimit.
func (c *conn) send(m *dns.Msg) (mac string, err error) {
	m.Compress = true
	m.SetTsig(dns.Fqdn(c.a.key.Name), c.a.key.Algorithm, fudge, c.a.clock.Now().Unix())
	b, mac, err := dns.TsigGenerate(m, c.a.key.Secret, "", false)
	switch {
	case len(b) > dns.MaxMsgSize || errors.Is(err, dns.ErrBuf):
		return "", c.fail(providers.KindLimit, "", fmt.Errorf("the message would have %d bytes, and DNS takes %d", m.Len(), dns.MaxMsgSize))
	case err != nil:
		return "", c.fail(providers.KindInvalid, "", err)
	}
	c.limit()
	if _, err = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)); err != nil {
		return "", c.fail(providers.KindUnreachable, "", fmt.Errorf("the name server %s closed the connection: %w", c.a.server, err))
	}
	return mac, nil
}

// read reads the next message of the answer to request and verifies its signature. mac is that of the request or of the
// message before; timersOnly is set from the second message on. next is the MAC of this message.
func (c *conn) read(request *dns.Msg, mac string, timersOnly bool) (m *dns.Msg, next string, err error) {
	c.limit()
	var size [2]byte
	raw := []byte(nil)
	if _, err = io.ReadFull(c, size[:]); err == nil {
		raw = make([]byte, binary.BigEndian.Uint16(size[:]))
		_, err = io.ReadFull(c, raw)
	}
	if err != nil {
		return nil, "", c.fail(providers.KindUnreachable, "", fmt.Errorf("no answer of the name server %s: %w", c.a.server, err))
	}
	m = new(dns.Msg)
	if err := m.Unpack(raw); err != nil {
		return nil, "", c.fail(providers.KindIncomplete, "", fmt.Errorf("an answer that cannot be read: %w", err))
	}
	if m.Id != request.Id || !m.Response || m.Opcode != request.Opcode {
		return nil, "", c.fail(providers.KindIncomplete, "", errors.New("an answer to another question"))
	}
	signed := m.IsTsig()
	err = errors.New("the answer is not signed")
	if signed != nil {
		if err = dns.TsigVerify(raw, c.a.key.Secret, mac, timersOnly); err != nil {
			err = fmt.Errorf("the signature of the answer is wrong: %w", err)
		}
	}
	// What is not signed says nothing of an update, but that its own signature was refused (RFC 8945 section 5.2).
	if refused := c.refusal(m, signed); refused != nil && (err == nil || m.Opcode != dns.OpcodeUpdate || m.Rcode == dns.RcodeNotAuth) {
		return nil, "", refused
	}
	if err != nil {
		return nil, "", c.fail(providers.KindIncomplete, "", err)
	}
	return m, signed.MAC, nil
}

// ask sends a message and returns the one message of its answer.
func (c *conn) ask(m *dns.Msg) (*dns.Msg, error) {
	sent := c.a.clock.Now()
	mac, err := c.send(m)
	if err != nil {
		return nil, err
	}
	in, _, err := c.read(m, mac, false)
	if err != nil {
		return nil, err
	}
	took := max(0, c.a.clock.Now().Sub(sent))
	// The signature has whole seconds, so the true time is half a second later, plus or minus half a second.
	signed := time.Unix(int64(in.IsTsig().TimeSigned), 0).Add(time.Second / 2)
	ahead, within := signed.Sub(sent.Round(0).Add(took/2)), took/2+time.Second
	if !c.measured || within <= c.within {
		c.ahead, c.within, c.measured = ahead, within, true
	}
	return in, nil
}

// skew returns how far the server's clock is ahead, or zero if the time in transit explains the difference.
func (c *conn) skew() time.Duration {
	if c.ahead.Abs() <= c.within {
		return 0
	}
	return c.ahead.Round(time.Second)
}

// refusal returns the error that an answer reports, or nil.
func (c *conn) refusal(m *dns.Msg, signed *dns.TSIG) error {
	if m.Rcode == dns.RcodeSuccess {
		return nil
	}
	code, kind := dns.RcodeToString[m.Rcode], providers.KindOther
	key, server := c.a.key.Name, c.a.server
	why := fmt.Errorf("the name server %s answers %s", server, code)
	update := m.Opcode == dns.OpcodeUpdate
	switch {
	case m.Rcode == dns.RcodeNotAuth && signed != nil && signed.Error != 0:
		kind, code = providers.KindAuth, dns.RcodeToString[int(signed.Error)]
		switch signed.Error {
		case dns.RcodeBadKey:
			why = fmt.Errorf("the name server %s does not know the key %s with this algorithm: its config needs the same key statement as the key file", server, key)
		case dns.RcodeBadSig:
			code = "BADSIG"
			why = fmt.Errorf("the name server %s has another secret for the key %s: compare its key statement with the key file", server, key)
		case dns.RcodeBadTime:
			why = fmt.Errorf("the clocks of this machine and of the name server %s differ by more than %d seconds: set the one that is wrong", server, fudge)
		}
	case m.Rcode == dns.RcodeNotAuth:
		kind, why = providers.KindAuth, fmt.Errorf("the name server %s is not the primary server of %s: name that one as server", server, c.zone)
	case m.Rcode == dns.RcodeRefused && update:
		kind, why = providers.KindAuth, fmt.Errorf("the name server %s lets the key %s not make this change: its update-policy or allow-update must grant it, and the zone must not be frozen", server, key)
	case m.Rcode == dns.RcodeRefused:
		kind, why = providers.KindAuth, fmt.Errorf("the name server %s does not have the zone %s, or lets the key %s not transfer it: its allow-transfer must name the key", server, c.zone, key)
	case m.Rcode == dns.RcodeServerFailure:
		kind = providers.KindUnreachable
	case m.Rcode == dns.RcodeNameError && !update:
		kind, why = providers.KindNotFound, fmt.Errorf("the name server %s has no zone %s", server, c.zone)
	case raced[m.Rcode]:
		kind, why = providers.KindConflict, fmt.Errorf("the zone is not as it was read (%s)", code)
	case m.Rcode == dns.RcodeFormatError, m.Rcode == dns.RcodeNotImplemented, m.Rcode == dns.RcodeNotZone:
		kind = providers.KindInvalid
	}
	return c.fail(kind, code, why)
}

// raced are the answers to an update whose prerequisites are not met (RFC 2136 section 3.2).
var raced = map[int]bool{dns.RcodeYXDomain: true, dns.RcodeYXRrset: true, dns.RcodeNXRrset: true, dns.RcodeNameError: true}
