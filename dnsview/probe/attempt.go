package probe

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// maxHeader limits the response header in bytes.
const maxHeader = 64 << 10

// attempt is the outcome of one health check.
type attempt struct {
	at      time.Time
	err     string // empty if it passed
	silent  bool   // nothing was received from the node
	noRoute bool   // this machine has no route to the address
}

// attempt runs one health check.
func (p *Prober) attempt(ctx context.Context, t *Target) attempt {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	var err error
	if t.Health.HTTP != "" {
		err = p.http(ctx, t)
	} else {
		err = p.tcp(ctx, t)
	}
	l := attempt{at: p.o.Now()}
	if err == nil {
		return l
	}
	var status *statusError
	switch ne, isNet := errors.AsType[net.Error](err); {
	case errors.As(err, &status):
		l.err = status.Error()
	case errors.Is(err, context.DeadlineExceeded) || isNet && ne.Timeout():
		l.err, l.silent = "no answer in "+p.o.Timeout.String(), true
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
		l.err, l.silent, l.noRoute = "this machine has no way to it", true, true
	case errors.Is(err, syscall.EHOSTUNREACH):
		l.err, l.silent = "the host cannot be reached", true
	case errors.Is(err, syscall.ECONNREFUSED):
		l.err = "the port is closed"
	default:
		l.err = "broken connection: " + index.Clean(shorten(cause(err).Error()))
	}
	return l
}

// cause returns the innermost error, without the texts of the HTTP client.
func cause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// shorten truncates the text of an error, which a node may have written.
func shorten(s string) string {
	const most = 120
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}

// statusError is an HTTP status outside of 200 to 399.
type statusError struct{ code int }

func (e *statusError) Error() string {
	text := http.StatusText(e.code)
	if text != "" {
		text = " " + text
	}
	return "HTTP " + strconv.Itoa(e.code) + text
}

func (p *Prober) address(t *Target) string {
	port := cmp.Or(t.Health.Port, 80)
	return net.JoinHostPort(t.Addr.String(), strconv.Itoa(int(port)))
}

func (p *Prober) tcp(ctx context.Context, t *Target) error {
	conn, err := p.o.Dial(ctx, "tcp", p.address(t))
	if err != nil {
		return err
	}
	_ = conn.Close()
	return nil
}

// http requests the path of the health check. It returns nil for a status of 200 to 399. It follows no redirection and
// uses no proxy.
func (p *Prober) http(ctx context.Context, t *Target) error {
	addr := p.address(t)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/", http.NoBody)
	if err != nil {
		return err
	}
	u, err := req.URL.Parse(t.Health.HTTP)
	if err != nil {
		return err
	}
	req.URL.Path, req.URL.RawPath, req.URL.RawQuery = u.Path, u.RawPath, u.RawQuery
	if h := hostOf(t.Service); h != "" {
		req.Host = h
	}
	req.Header.Set("User-Agent", "rollcall-probe/1")
	transport := &http.Transport{
		DialContext:            func(ctx context.Context, network, _ string) (net.Conn, error) { return p.o.Dial(ctx, network, addr) },
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: maxHeader,
	}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 399 {
		return &statusError{resp.StatusCode}
	}
	return nil
}

// hostOf returns the host name of a service, or "" for a DNS-SD name, which is no host name.
func hostOf(service string) string {
	for _, l := range providers.SplitName(service) {
		if strings.HasPrefix(l, "_") || l == "*" || providers.EscapeLabel(l) != l {
			return ""
		}
	}
	return service
}
