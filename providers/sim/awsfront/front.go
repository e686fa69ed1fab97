// Package awsfront serves the simulation as Amazon Web Services: the EC2 query API, the target groups of Elastic Load
// Balancing, STS, IAM, the parameter store and Route 53 on one listener, distinguished by the credential scope of each request's signature. It answers as AWS does,
// including errors, so that third-party clients work with it.
//
// Faults are set per source. A call to EC2, Elastic Load Balancing, STS or the parameter store belongs to the cloud of the region that it is
// signed for, and a call about one hosted zone to that zone. Calls about the whole account (IAM, ListHostedZones,
// GetChange and the like) have a fault only if every EC2 cloud, or every Route 53 zone, has it, and their lists are
// never truncated.
package awsfront

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// bodyLimit is the largest request, above all limits of AWS.
const bodyLimit = 10 << 20

// An Option configures a front.
type Option func(*front)

// WithSecret adds a secure string to the parameter store of every region with a cloud, as an operator would.
func WithSecret(name, value string) Option {
	return func(f *front) {
		for _, cloud := range f.w.Clouds() {
			if cloud.Provider == providers.EC2 {
				f.ssm.values[[2]string{cloud.Region, name}] = parameter{
					Name: name, Value: value, Type: "SecureString", Version: 1, DataType: "text",
					LastModifiedDate: float64(f.w.Now().UnixMilli()) / 1000,
					ARN:              parameterARN(cloud.Region, cloud.Account, name),
				}
			}
		}
	}
}

// WithRolePolicy replaces the initial policy of a role of the account, as an operator would.
func WithRolePolicy(role, policy string) Option {
	return func(f *front) {
		if r, ok := f.iam.roles[role]; ok {
			r.policies = map[string]string{nodePolicyName: policy}
		}
	}
}

// New returns a handler that serves w as the APIs of AWS. Requests must be signed with
// w.Credentials (signature version 4, in the Authorization header).
func New(w *world.World, options ...Option) http.Handler {
	f := &front{w: w, ec2: newEC2State(w), iam: newIAMStore(w), ssm: &parameterStore{values: map[[2]string]parameter{}}}
	for _, o := range options {
		o(f)
	}
	return f
}

type front struct {
	w   *world.World
	seq atomic.Uint64
	// dates holds by how many seconds the Date of answers was ahead.
	dates sync.Map

	ec2   map[string]*ec2State // by cloud
	iam   *iamStore
	ssm   *parameterStore
	codes sync.Map // periods whose MFA code was used
	zones sync.Map // of Route 53: zone id to *zoneState
	// changes are Route 53 changes outside zones, by id.
	changes  sync.Map
	creating sync.Mutex // held while a zone is created, so that no two are the same
}

// protocol is the protocol of an API.
type protocol int

const (
	protoQuery protocol = iota // STS, IAM, Elastic Load Balancing
	protoEC2
	protoREST // Route 53
	protoJSON // parameter store
)

// call is one request being answered.
type call struct {
	r        *http.Request
	body     []byte
	form     url.Values // of the query APIs
	scope    scope
	service  string
	proto    protocol
	id       string // request id
	fault    world.FaultKind
	source   string         // source of its faults
	session  *world.Session // of temporary credentials; nil for a user
	user     string         // IAM user of the key; empty for sessions and for the account's own user, who may do everything
	status   int            // of the answer if it is not 200
	location string         // Location header of the answer, or empty
	cloud    *world.Cloud   // of EC2, ELB, STS and SSM calls, if the region has one
}

// action returns the operation of a call.
func (c *call) action() string {
	if c.proto == protoJSON {
		_, a, _ := strings.Cut(c.r.Header.Get("X-Amz-Target"), ".")
		return a
	}
	return c.form.Get("Action")
}

// writes reports whether the call changes something.
func (c *call) writes() bool {
	if c.proto == protoREST {
		return c.r.Method != http.MethodGet
	}
	a := c.action()
	return !strings.HasPrefix(a, "Describe") && !strings.HasPrefix(a, "Get") && !strings.HasPrefix(a, "List")
}

// ServeHTTP answers one AWS request.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	n := f.seq.Add(1)
	c := &call{r: r, body: body, id: fmt.Sprintf("%08x-5c1e-4d2a-9f00-%012x", n*2654435761&0xffffffff, n)}
	c.form = r.URL.Query()
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		posted, _ := url.ParseQuery(string(body)) // a malformed part counts as missing, and is refused as that
		maps.Copy(c.form, posted)
	}
	c.scope, _ = parseAuthorization(r.Header.Get("Authorization"))
	c.route()
	if cloud, ok := f.w.CloudIn("ec2", c.scope.region); ok {
		c.cloud = &cloud
	}
	c.fault = f.faultOf(c)
	w.Header().Set("Date", f.date(c).UTC().Format(http.TimeFormat))
	faultplay.Serve(w, r, c.fault, c.writes() && c.form.Get("DryRun") != "true", func(w http.ResponseWriter, _ *http.Request) { f.answer(w, c) })
}

// route sets the service and the protocol of a call.
func (c *call) route() {
	c.service = c.scope.service
	if c.service == "" { // it is unsigned, and is refused in the form of the API that it was meant for
		switch {
		case strings.HasPrefix(c.r.URL.Path, r53Path):
			c.service = "route53"
		case c.r.Header.Get("X-Amz-Target") != "":
			c.service = "ssm"
		case c.form.Get("Version") == iamVersion:
			c.service = "iam"
		case c.form.Get("Version") == stsVersion:
			c.service = "sts"
		case c.form.Get("Version") == elbVersion:
			c.service = elbService
		default:
			c.service = "ec2"
		}
	}
	switch c.service {
	case "ec2":
		c.proto = protoEC2
	case "route53":
		c.proto = protoREST
	case "ssm":
		c.proto = protoJSON
	}
}

func (f *front) answer(w http.ResponseWriter, c *call) {
	if e := f.refuse(c); e != nil {
		c.fail(w, e)
		return
	}
	var e *apiError
	out := &xmlWriter{}
	switch c.service {
	case "ec2":
		e = f.serveEC2(c, out)
	case elbService:
		e = f.serveELB(c, out)
	case "sts":
		e = f.serveSTS(c, out)
	case "iam":
		e = f.serveIAM(c, out)
	case "ssm":
		f.serveSSM(w, c)
		return
	case "route53":
		e = f.serveRoute53(c, out)
	default:
		e = &apiError{http.StatusNotFound, "UnknownOperationException", "There is no service " + c.service + " here"}
	}
	if e != nil {
		c.fail(w, e)
		return
	}
	if c.location != "" {
		w.Header().Set("Location", c.location)
	}
	c.send(w, cmp.Or(c.status, http.StatusOK), out.b.Bytes())
}

// refuse returns why a call is not carried out at all: its signature, or a fault.
func (f *front) refuse(c *call) *apiError {
	if p := verify(c, &f.w.Credentials, f.iam, f.signedBy(c)); p != "" && (p != missing || c.service != "sts" || c.action() != webIdentityAction) {
		return authError(c, p)
	}
	if (c.service == "ec2" || c.service == elbService) && c.cloud == nil {
		return authError(c, unknownKey) // keys are invalid in a region without a cloud
	}
	switch c.fault {
	case world.AuthError:
		return authError(c, unknownKey)
	case world.Throttle:
		return throttled(c)
	case world.ServerError:
		return serverError(c)
	case world.Expired:
		if f.w.CredentialsExpired(c.source, c.laterPage()) {
			return authError(c, spent)
		}
	}
	return f.authorize(c)
}

// clock returns the time for checking a call's signature.
func (f *front) clock(c *call) time.Time {
	if c.fault == world.ClockSkew {
		return time.Now().Add(world.Skew)
	}
	return time.Now()
}

// date returns the Date of an answer: the world's time, or that of the signature check if the signature is refused,
// because clients correct their clock by it.
func (f *front) date(c *call) time.Time {
	if c.fault == world.ClockSkew {
		return f.clock(c)
	}
	now := f.w.Now()
	f.dates.Store(int64(time.Until(now).Round(time.Second).Seconds()), true)
	return now
}

// signedBy returns the time by which a signature is checked: this front's, or the world's at the last answer with its
// time, because the SDK signs by the Date of the last answer.
func (f *front) signedBy(c *call) time.Time {
	at, err := time.Parse(dateFormat, c.r.Header.Get("X-Amz-Date"))
	if err != nil || c.fault == world.ClockSkew {
		return f.clock(c)
	}
	ahead := int64(time.Until(at).Round(time.Second).Seconds())
	for n := ahead - 5; n <= ahead+5; n++ {
		if _, given := f.dates.Load(n); given {
			return at
		}
	}
	return f.clock(c)
}

// laterPage reports whether a call is for a page after the first.
func (c *call) laterPage() bool {
	if c.proto == protoREST {
		return c.r.Method == http.MethodGet && c.r.URL.Query().Get("name") != ""
	}
	return c.form.Get("NextToken") != ""
}
