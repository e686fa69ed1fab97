package boot

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// The addresses of a Cluster's router namespace. The first two are EC2's (EC2 User Guide, "Instance metadata service";
// VPC User Guide, "Amazon DNS server").
const (
	metadataAddress = "169.254.169.254"
	resolverAddress = "169.254.169.253"
	gatewayAddress  = "169.254.0.1"
	apiAddress      = "198.51.100.1" // of every API of the clouds
	clientAddress   = "203.0.113.9"  // source address of a client on the internet
)

// api is one API on the machines' internet.
type api int

const (
	elsewhere api = iota
	atAWS
	atCloudflare
)

func kindOf(host string) api {
	switch host = strings.ToLower(strings.TrimSuffix(host, ".")); {
	case host == "api.cloudflare.com":
		return atCloudflare
	case strings.HasSuffix(host, ".amazonaws.com"):
		return atAWS
	}
	return elsewhere
}

// forward accepts TLS connections for the APIs' real names, and forwards their content to the embedded clouds.
type forward struct {
	listener net.Listener
	config   *tls.Config
	to       map[api]string // host:port
}

func newForward(l net.Listener, a *authority, aws, cloudflare string) (*forward, error) {
	f := &forward{listener: l, config: &tls.Config{GetCertificate: a.leaf, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, to: map[api]string{}}
	for k, base := range map[api]string{atAWS: aws, atCloudflare: cloudflare} {
		u, err := url.Parse(base)
		if err != nil {
			return nil, err
		}
		f.to[k] = u.Host
	}
	return f, nil
}

// serve accepts connections until the listener is closed; track runs each of them.
func (f *forward) serve(ctx context.Context, track func(func())) {
	for {
		c, err := f.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(50 * time.Millisecond) // a temporary error, perhaps too many open files
			continue
		}
		track(func() { f.relay(ctx, c) })
	}
}

func (f *forward) relay(ctx context.Context, raw net.Conn) {
	c := tls.Server(raw, f.config)
	defer c.Close() //nolint:errcheck // the peer has its answer, or has left
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	limited, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if c.HandshakeContext(limited) != nil {
		return
	}
	var d net.Dialer
	up, err := d.DialContext(limited, "tcp4", f.to[kindOf(c.ConnectionState().ServerName)])
	if err != nil {
		return
	}
	defer up.Close() //nolint:errcheck // as above
	stopUp := context.AfterFunc(ctx, func() { _ = up.Close() })
	defer stopUp()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(up, c)
		_ = up.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(c, up)
	_ = c.Close() // wakes the other direction
	<-done
}

// resolver answers for the APIs itself, and forwards everything else to the embedded name server.
type resolver struct{ upstream string }

// ServeDNS answers one question.
func (r *resolver) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	answer := new(dns.Msg)
	if len(q.Question) == 1 && kindOf(q.Question[0].Name) != elsewhere {
		answer.SetReply(q)
		answer.RecursionAvailable = true
		if q.Question[0].Qtype == dns.TypeA {
			answer.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60},
				A:   net.ParseIP(apiAddress).To4(),
			}}
		}
	} else {
		c := dns.Client{Net: w.LocalAddr().Network(), Timeout: 5 * time.Second}
		got, _, err := c.Exchange(q, r.upstream)
		if err != nil {
			answer.SetRcode(q, dns.RcodeServerFailure)
		} else {
			answer = got
			answer.RecursionAvailable = true
		}
	}
	_ = w.WriteMsg(answer) // the client may have left
}

// hostOf returns the address of a request's client.
func hostOf(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}
