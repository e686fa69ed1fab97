// Package cloudflarefront serves the simulation as Cloudflare's API v4: tokens, zones and DNS records.
package cloudflarefront

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

const (
	prefix  = "/client/v4"
	maxBody = 8 << 20

	// The documented limit of the API: requests per user and window.
	quota  = 1200
	window = 300 * time.Second
)

var (
	// Compiled on first use, as counted repeats take long.
	tokenForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{20,200}$`) })
	idForm    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{32}$`) })
)

type front struct {
	w     *world.World
	stale sync.Map // id of a zone to *faultplay.History[[]*world.Record]

	creating sync.Mutex // held while a zone is created, so that no two are the same

	mu    sync.Mutex
	since time.Time // start of the current window
	used  int       // requests in it

	writes atomic.Int64 // number of writes under world.SecondWriter
}

// New returns the API under /client/v4.
func New(w *world.World) http.Handler {
	return &front{w: w}
}

// history returns the past contents of a zone, for world.Stale.
func (f *front) history(z *world.Zone) *faultplay.History[[]*world.Record] {
	h, _ := f.stale.LoadOrStore(z.ID, new(faultplay.History[[]*world.Record]))
	return h.(*faultplay.History[[]*world.Record])
}

// ServeHTTP plays the fault of the zone in the path, or of the first zone for calls about the whole account, and
// answers.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, _ := f.w.Fault(f.source(r.URL.Path))
	write := r.Method != http.MethodGet && r.Method != http.MethodHead
	w.Header().Set("Date", f.clock(kind).UTC().Format(http.TimeFormat))
	faultplay.Serve(w, r, kind, write, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Server", "cloudflare")
		f.limits(w, kind)
		if err := f.serve(w, r, kind); err != nil {
			fail(w, err)
		}
	})
}

// source returns the zone whose faults apply to a path.
func (f *front) source(path string) string {
	if rest, ok := strings.CutPrefix(path, prefix+"/zones/"); ok {
		id, _, _ := strings.Cut(rest, "/")
		if z, err := f.w.Zone(id); err == nil && z.Provider == providers.Cloudflare {
			return z.Name
		}
	}
	for _, z := range f.w.Zones(providers.Cloudflare) {
		return z.Name
	}
	return ""
}

// limits writes the headers with the number of remaining requests. The embedded API only counts requests; it throttles
// under a fault.
func (f *front) limits(w http.ResponseWriter, kind world.FaultKind) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.w.Now()
	if f.since.IsZero() || now.Sub(f.since) >= window {
		f.since, f.used = now, 0
	}
	f.used++
	left, reset := max(quota-f.used, 1), window-now.Sub(f.since)
	if kind == world.Throttle {
		left, reset = 0, 5*time.Second
		w.Header().Set("Retry-After", "5")
	}
	w.Header().Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, left, int(reset.Seconds())))
	w.Header().Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, quota, int(window.Seconds())))
}

// clock returns the time of the API.
func (f *front) clock(kind world.FaultKind) time.Time {
	if kind == world.ClockSkew {
		return f.w.Now().Add(world.Skew)
	}
	return f.w.Now()
}

func (f *front) serve(w http.ResponseWriter, r *http.Request, kind world.FaultKind) error {
	switch kind {
	case world.Throttle:
		return newError(http.StatusTooManyRequests, 971, "Please wait and consider throttling your request speed")
	case world.ServerError:
		return newError(http.StatusInternalServerError, 10001, "Internal server error")
	case world.AuthError:
		return newError(http.StatusForbidden, 10000, "Authentication error")
	case world.Expired:
		if page := r.URL.Query().Get("page"); f.w.CredentialsExpired(f.source(r.URL.Path), page != "" && page != "1") {
			return newError(http.StatusForbidden, 10000, "Authentication error")
		}
	}
	path, ok := strings.CutPrefix(r.URL.Path, prefix+"/")
	if !ok {
		return noRoute(r)
	}
	c := &call{front: f, w: w, r: r, kind: kind, parts: strings.Split(strings.TrimSuffix(path, "/"), "/")}
	if err := c.authenticate(); err != nil {
		return err
	}
	return c.route()
}

// call is one request.
type call struct {
	*front
	w     http.ResponseWriter
	r     *http.Request
	kind  world.FaultKind
	parts []string // path below the prefix
}

// authenticate checks the API token. It distinguishes malformed tokens from unknown ones.
func (c *call) authenticate() error {
	header := c.r.Header.Get("Authorization")
	if header == "" {
		if c.r.Header.Get("X-Auth-Key") != "" {
			return chained(6003, "Invalid request headers", 6103, "Invalid format for X-Auth-Key header")
		}
		return newError(http.StatusBadRequest, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
	}
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	switch {
	case !strings.EqualFold(scheme, "Bearer") || !tokenForm().MatchString(token):
		return chained(6003, "Invalid request headers", 6111, "Invalid format for Authorization header")
	case subtle.ConstantTimeCompare([]byte(token), []byte(c.front.w.Credentials.CloudflareToken)) == 1,
		subtle.ConstantTimeCompare([]byte(token), []byte(c.front.w.Credentials.NodeToken)) == 1:
		return nil
	case len(c.parts) == 3 && c.parts[1] == "tokens":
		return newError(http.StatusUnauthorized, 1000, "Invalid API Token")
	case len(c.parts) > 2 && c.parts[2] == "dns_records":
		return newError(http.StatusForbidden, 10000, "Authentication error")
	}
	return newError(http.StatusForbidden, 9109, "Invalid access token")
}

func (c *call) route() error {
	get := c.r.Method == http.MethodGet
	p := c.parts
	switch {
	case get && len(p) == 3 && p[0] == "user" && p[1] == "tokens" && p[2] == "verify":
		return c.ok(map[string]any{"id": c.tokenID(), "status": "active"}, nil, message{Code: 10000, Message: "This API Token is valid and active"})
	case get && len(p) == 1 && p[0] == "zones":
		return c.listZones()
	case c.r.Method == http.MethodPost && len(p) == 1 && p[0] == "zones":
		return c.createZone()
	case get && len(p) == 1 && p[0] == "accounts":
		list := []any{c.account()}
		return c.ok(list, pageInfo(1, 20, len(list), len(list)))
	case len(p) >= 2 && p[0] == "zones":
		return c.zone()
	}
	return noRoute(c.r)
}

// tokenID returns the id of the token; under world.WrongKey, another one.
func (c *call) tokenID() string {
	id := c.front.w.Credentials.CloudflareUser
	if c.kind == world.WrongKey {
		b := []byte(id)
		slices.Reverse(b)
		return string(b)
	}
	return id
}

func (c *call) account() map[string]any {
	return map[string]any{"id": c.tokenID(), "name": "Scalability", "type": "standard"}
}

// read decodes the body, which must be a JSON object.
func (c *call) read(into any) error {
	b, err := io.ReadAll(io.LimitReader(c.r.Body, maxBody+1))
	if err != nil || len(b) > maxBody || json.Unmarshal(b, into) != nil {
		return newError(http.StatusBadRequest, 9207, "Request body is invalid.")
	}
	return nil
}

// message is an error or a message of the envelope.
type message struct {
	Code    int       `json:"code"`
	Message string    `json:"message"`
	Chain   []message `json:"error_chain,omitempty"`
}

// envelope is the form of every answer.
type envelope struct {
	Result   any       `json:"result"`
	Success  bool      `json:"success"`
	Errors   []message `json:"errors"`
	Messages []message `json:"messages"`
	Info     *info     `json:"result_info,omitempty"`
}

type info struct {
	Page       int `json:"page"`
	PerPage    int `json:"per_page"`
	Count      int `json:"count"`
	TotalCount int `json:"total_count"`
	TotalPages int `json:"total_pages"`
}

func pageInfo(page, perPage, count, total int) *info {
	return &info{Page: page, PerPage: perPage, Count: count, TotalCount: total, TotalPages: (total + perPage - 1) / perPage}
}

// ok answers 200 and returns nil. It ignores write errors, because the client may have left.
func (c *call) ok(result any, i *info, messages ...message) error {
	_ = json.NewEncoder(c.w).Encode(envelope{Result: result, Success: true, Errors: []message{}, Messages: append([]message{}, messages...), Info: i})
	return nil
}

// apiError is an error answer.
type apiError struct {
	status int
	message
}

func (e *apiError) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }

func newError(status, code int, format string, args ...any) *apiError {
	return &apiError{status: status, message: message{Code: code, Message: fmt.Sprintf(format, args...)}}
}

func chained(code int, text string, cause int, causeText string) *apiError {
	e := newError(http.StatusBadRequest, code, "%s", text)
	e.Chain = []message{{Code: cause, Message: causeText}}
	return e
}

func noRoute(r *http.Request) *apiError {
	return newError(http.StatusNotFound, 7003, "Could not route to %s, perhaps your object identifier is invalid?", r.URL.Path)
}

func fail(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		e = newError(http.StatusInternalServerError, 10001, "%s", err.Error())
	}
	errs := []message{e.message}
	if e.Code == 7003 {
		errs = append(errs, message{Code: 7000, Message: "No route for that URI"})
	}
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(envelope{Errors: errs, Messages: []message{}})
}
