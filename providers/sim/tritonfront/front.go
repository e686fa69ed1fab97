// Package tritonfront serves the simulation as Triton's CloudAPI, with one handler per data centre.
package tritonfront

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// Options configure one data centre's front.
type Options struct {
	Cloud       string                     // the cloud's name in the world
	Keys        []ssh.PublicKey            // the keys of the account
	Users       map[string][]ssh.PublicKey // the keys of its users, by login
	DataCenters map[string]string          // URL of each data centre, by its name
}

// maxBody is the largest request; user-script and metadata take most of it.
const maxBody = 4 << 20

type front struct {
	w     *world.World
	o     Options
	cloud world.Cloud

	stale faultplay.History[[]world.Instance]
	valid atomic.Value // the last header and text that were verified; a client signs once a second
	mu    sync.Mutex
	audit map[string][]auditEntry // by machine, newest first
}

// New returns a handler that serves the CloudAPI of one data centre.
func New(w *world.World, o Options) http.Handler {
	f := &front{w: w, o: o, audit: map[string][]auditEntry{}}
	for _, c := range w.Clouds() {
		if c.Name == o.Cloud {
			f.cloud = c
		}
	}
	return f
}

// ServeHTTP plays the fault of the cloud, checks the signature and answers.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, _ := f.w.Fault(f.o.Cloud)
	write := r.Method != http.MethodGet && r.Method != http.MethodHead
	w.Header().Set("Date", f.date(kind).UTC().Format(http.TimeFormat))
	faultplay.Serve(w, r, kind, write, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Server", "cloudapi/9.20.0")
		h.Set("Api-Version", "9.20.0")
		h.Set("Request-Id", rand.Text())
		h.Set("Triton-Datacenter-Name", f.cloud.Region)
		if err := f.serve(w, r, kind); err != nil {
			fail(w, r, err)
		}
	})
}

func (f *front) serve(w http.ResponseWriter, r *http.Request, kind world.FaultKind) error {
	switch kind {
	case world.Throttle:
		w.Header().Set("Retry-After", "5")
		return newError(420, "RequestThrottled", "You have exceeded your request rate of 10 r/s.")
	case world.ServerError:
		return newError(http.StatusInternalServerError, "InternalError", "an unexpected error occurred")
	case world.AuthError:
		return newError(http.StatusUnauthorized, "InvalidCredentials", "Invalid key in authorization header")
	}
	if r.URL.Path == "/--ping" {
		return reply(w, r, http.StatusOK, map[string]any{"ping": "pong", "cloudapi": map[string]any{"versions": []string{"7.0.0", "8.0.0", "9.0.0", "9.20.0"}}})
	}
	if kind == world.Expired && f.w.CredentialsExpired(f.o.Cloud, laterPage(r)) { // an operator removed the key from the account
		return newError(http.StatusUnauthorized, "InvalidCredentials", "Invalid key in authorization header")
	}
	caller, err := f.authenticate(r, f.clock(kind))
	if err != nil {
		return err
	}
	c := &call{front: f, w: w, r: r, kind: kind, caller: caller}
	if err := c.read(); err != nil {
		return err
	}
	return c.route()
}

// clock returns the time for checking signatures.
func (f *front) clock(kind world.FaultKind) time.Time {
	if kind == world.ClockSkew {
		return time.Now().Add(world.Skew)
	}
	return time.Now()
}

// date returns the Date of an answer: the world's time, or that of the signature check if the signature is refused.
func (f *front) date(kind world.FaultKind) time.Time {
	if kind == world.ClockSkew {
		return f.clock(kind)
	}
	return f.w.Now()
}

// laterPage reports whether a request is for a page after the first.
func laterPage(r *http.Request) bool {
	offset := r.URL.Query().Get("offset")
	return offset != "" && offset != "0"
}

// call is one authenticated request.
type call struct {
	*front
	w      http.ResponseWriter
	r      *http.Request
	kind   world.FaultKind
	caller caller
	params map[string]any // query and body, merged like CloudAPI does
	rest   []string       // path below the account
}

// read parses the parameters of the query and of a JSON or form body.
func (c *call) read() error {
	c.params = map[string]any{}
	body, err := io.ReadAll(io.LimitReader(c.r.Body, maxBody+1))
	if err != nil {
		return newError(http.StatusBadRequest, "BadRequest", "the body could not be read")
	}
	if len(body) > maxBody {
		return newError(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the body is too large")
	}
	switch {
	case len(body) == 0:
	case strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		c.r.Body = io.NopCloser(strings.NewReader(string(body)))
		if err := c.r.ParseForm(); err != nil {
			return newError(http.StatusBadRequest, "InvalidContent", "the form could not be read")
		}
		for k, v := range c.r.PostForm {
			c.params[k] = v[0]
		}
	default:
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber() // keeps a number in a tag as written
		if err := d.Decode(&c.params); err != nil || c.params == nil {
			return newError(http.StatusBadRequest, "InvalidContent", "Invalid JSON: the body must be an object")
		}
	}
	for k, v := range c.r.URL.Query() {
		c.params[k] = v[0]
	}
	return nil
}

// text returns a parameter as text: numbers and booleans as JSON writes them.
func (c *call) text(name string) string { return textOf(c.params[name]) }

func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// route selects the operation of the path.
func (c *call) route() error {
	parts := strings.Split(strings.Trim(c.r.URL.Path, "/"), "/")
	cred := c.front.w.Credentials
	switch parts[0] {
	case "my", cred.TritonAccount, cred.TritonAccountID:
	default:
		return newError(http.StatusNotFound, "ResourceNotFound", parts[0]+" does not exist")
	}
	c.rest = parts[1:]
	kind := ""
	if len(c.rest) > 0 {
		kind = c.rest[0]
	}
	if kind == "machines" {
		return c.machines()
	}
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return newError(http.StatusMethodNotAllowed, "MethodNotAllowed", c.r.Method+" is not allowed")
	}
	switch kind {
	case "":
		return c.account()
	case "keys":
		return c.keys()
	case "datacenters":
		return c.datacenters()
	case "images":
		return c.images()
	case "packages":
		return c.packages()
	case "networks":
		return c.networks()
	case "config":
		return c.ok(map[string]any{"default_network": world.FabricNetwork})
	case "services":
		return c.ok(map[string]any{"cloudapi": c.o.DataCenters[c.cloud.Region]})
	case "fwrules", "users", "roles", "policies", "volumes", "fabrics":
		if len(c.rest) == 1 || kind == "fabrics" {
			return c.ok([]any{})
		}
	}
	return c.noRoute()
}

func (c *call) noRoute() error {
	return newError(http.StatusNotFound, "ResourceNotFound", c.r.URL.Path+" does not exist")
}

// ok answers 200 with a body.
func (c *call) ok(body any) error { return reply(c.w, c.r, http.StatusOK, body) }

// apiError is an error answer in CloudAPI's form.
type apiError struct {
	status  int
	Code    string       `json:"code"`
	Message string       `json:"message"`
	Errors  []fieldError `json:"errors,omitempty"`
}

type fieldError struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

func newError(status int, code, message string) *apiError {
	return &apiError{status: status, Code: code, Message: message}
}

func invalid(message string) *apiError {
	return newError(http.StatusConflict, "InvalidArgument", message)
}

func missing(name string) *apiError {
	return newError(http.StatusConflict, "MissingParameter", name+" must be specified")
}

func fail(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		e = newError(http.StatusInternalServerError, "InternalError", err.Error())
	}
	// A client that has left cannot be answered.
	_ = reply(w, r, e.status, e)
}

func reply(w http.ResponseWriter, r *http.Request, status int, body any) error {
	if body == nil {
		w.WriteHeader(status)
		return nil
	}
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b) // the client may have left
	}
	return nil
}
