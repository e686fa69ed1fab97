package awsfront

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rollcall/providers/sim/world"
)

const stsVersion = "2011-06-15"

// serveSTS answers calls to the Security Token Service.
func (f *front) serveSTS(c *call, x *xmlWriter) *apiError {
	switch a := c.action(); a {
	case "GetCallerIdentity":
		account := f.account(c)
		return queryResult(c, x, func() *apiError {
			x.el("Arn", f.caller(c))
			if c.session != nil {
				x.el("UserId", f.iam.idOf(f.iam.roleOf(c.session))+":"+c.session.Name)
			} else {
				x.el("UserId", f.iam.userID(c.user, account))
			}
			x.el("Account", account)
			return nil
		})
	case "AssumeRole":
		return queryResult(c, x, func() *apiError { return f.assumeRole(c, x) })
	case webIdentityAction:
		return queryResult(c, x, func() *apiError { return f.assumeRoleWithWebIdentity(c, x) })
	case "":
		return bad("MissingAction", "The request is missing an action or a required parameter")
	default:
		return bad("InvalidAction", "Could not find operation %s for version %s", a, stsVersion)
	}
}

// queryResult writes the answer of an AWS query API around the output of f.
func queryResult(c *call, x *xmlWriter, f func() *apiError) *apiError {
	a := c.action()
	x.open(a+"Response", namespaceOf(c.service))
	var err *apiError
	x.in(a+"Result", func() { err = f() })
	x.in("ResponseMetadata", func() { x.el("RequestId", c.id) })
	x.close(a + "Response")
	return err
}

// How long a session may last, in seconds (AssumeRole in the STS API reference). A role assumed by another role lasts
// an hour at most.
const (
	shortestSession = 900
	longestSession  = 43200
	usualSession    = 3600
)

var (
	// Compiled on first use, as counted repeats take long.
	sessionName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w+=,.@-]{2,64}$`) })
	roleARN     = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^arn:aws:iam::(\d{12}):role/(?:.*/)?([\w+=,.@-]{1,64})$`)
	})
)

// roleRequest is what a call asks for that assumes a role.
type roleRequest struct {
	arn, account, role, name, policy string
	until                            time.Time
}

// roleRequest reads and checks the parameters that both calls share which assume a role.
func (f *front) roleRequest(c *call) (q roleRequest, e *apiError) {
	q.arn, q.name, q.policy = c.form.Get("RoleArn"), c.form.Get("RoleSessionName"), c.form.Get("Policy")
	wrong := func(value, field, what string) (roleRequest, *apiError) {
		return q, bad("ValidationError", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, field, what)
	}
	m := roleARN().FindStringSubmatch(q.arn)
	switch {
	case m == nil:
		return q, bad("ValidationError", "%s is invalid", q.arn)
	case !sessionName().MatchString(q.name):
		return wrong(q.name, "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]*`)
	}
	q.account, q.role = m[1], m[2]
	seconds := usualSession
	if s := c.form.Get("DurationSeconds"); s != "" {
		n, err := strconv.Atoi(s)
		switch {
		case err != nil || n < shortestSession:
			return wrong(s, "durationSeconds", "Member must have value greater than or equal to "+strconv.Itoa(shortestSession))
		case n > longestSession:
			return wrong(s, "durationSeconds", "Member must have value less than or equal to "+strconv.Itoa(longestSession))
		case c.session != nil && n > usualSession:
			return q, bad("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
		case n > usualSession: // the maximum of every role here
			return q, bad("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
		}
		seconds = n
	}
	q.until = f.clock(c).Add(time.Duration(seconds) * time.Second)
	var doc policyDocument
	if q.policy != "" && json.Unmarshal([]byte(q.policy), &doc) != nil {
		return q, bad("MalformedPolicyDocument", "The policy is not in the valid JSON format.")
	}
	return q, nil
}

// assumeRole answers with credentials of a role, if its trust policy allows the caller.
func (f *front) assumeRole(c *call, x *xmlWriter) *apiError {
	q, e := f.roleRequest(c)
	if e != nil {
		return e
	}
	mfa, e := f.mfa(c)
	if e != nil {
		return e
	}
	account, caller := f.account(c), f.caller(c)
	principals := []string{"*", account, "arn:aws:iam::" + account + ":root", caller}
	if c.session != nil {
		principals = append(principals, "arn:aws:iam::"+account+":role/"+f.iam.roleOf(c.session))
	}
	context := map[string][]string{}
	if id := c.form.Get("ExternalId"); id != "" {
		context["sts:externalid"] = []string{id}
	}
	if mfa {
		context["aws:multifactorauthpresent"] = []string{"true"}
	}
	r, ok := f.iam.role(q.role)
	if !ok || q.account != account || !trusts(r.trust, "AWS", principals, &ask{action: "sts:AssumeRole", resource: "*", context: context}) {
		return &apiError{http.StatusForbidden, "AccessDenied", "User: " + caller + " is not authorized to perform: sts:AssumeRole on resource: " + q.arn}
	}
	f.writeSession(x, r, &q, mfa)
	return nil
}

// writeSession answers with credentials of a role.
func (f *front) writeSession(x *xmlWriter, r *role, q *roleRequest, mfa bool) {
	keys := f.w.Credentials.SessionKeys(world.Session{Role: r.name, Name: q.name, Policy: q.policy, Until: q.until, MFA: mfa})
	x.group("AssumedRoleUser", "AssumedRoleId", r.id+":"+q.name, "Arn", "arn:aws:sts::"+q.account+":assumed-role/"+r.name+"/"+q.name)
	x.group("Credentials",
		"AccessKeyId", keys.KeyID, "SecretAccessKey", keys.Secret, "SessionToken", keys.Token,
		"Expiration", q.until.UTC().Format(time.RFC3339),
	)
}

// trusts reports whether a trust policy allows q to one of the principals of a kind.
func trusts(policy, kind string, names []string, q *ask) bool {
	var doc policyDocument
	if json.Unmarshal([]byte(policy), &doc) != nil {
		return false
	}
	ok := false
	for i := range doc.Statement {
		s := &doc.Statement[i]
		named := slices.ContainsFunc(s.Principal[kind], func(p string) bool { return slices.Contains(names, strings.TrimSpace(p)) })
		if !named || !s.matches(q) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		ok = ok || s.Effect == "Allow"
	}
	return ok
}

// role returns a role of the account.
func (s *iamStore) role(name string) (*role, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.roles[name]
	return r, ok
}

// idOf returns the unique id of a role.
func (s *iamStore) idOf(name string) string {
	if r, ok := s.role(name); ok {
		return r.id
	}
	return iamID("AROA", name)
}
