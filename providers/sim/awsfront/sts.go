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

// assumeRole answers with credentials of a role, if its trust policy allows the caller.
func (f *front) assumeRole(c *call, x *xmlWriter) *apiError {
	arn, name := c.form.Get("RoleArn"), c.form.Get("RoleSessionName")
	wrong := func(value, field, what string) *apiError {
		return bad("ValidationError", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, field, what)
	}
	m := roleARN().FindStringSubmatch(arn)
	switch {
	case m == nil:
		return bad("ValidationError", "%s is invalid", arn)
	case !sessionName().MatchString(name):
		return wrong(name, "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]*`)
	}
	seconds := usualSession
	if s := c.form.Get("DurationSeconds"); s != "" {
		n, err := strconv.Atoi(s)
		switch {
		case err != nil || n < shortestSession:
			return wrong(s, "durationSeconds", "Member must have value greater than or equal to "+strconv.Itoa(shortestSession))
		case n > longestSession:
			return wrong(s, "durationSeconds", "Member must have value less than or equal to "+strconv.Itoa(longestSession))
		case c.session != nil && n > usualSession:
			return bad("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
		case n > usualSession: // the maximum of every role here
			return bad("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
		}
		seconds = n
	}
	policy := c.form.Get("Policy")
	var doc policyDocument
	if policy != "" && json.Unmarshal([]byte(policy), &doc) != nil {
		return bad("MalformedPolicyDocument", "The policy is not in the valid JSON format.")
	}
	f.iam.mu.Lock()
	r, ok := f.iam.roles[m[2]]
	f.iam.mu.Unlock()
	if !ok || m[1] != f.account(c) || !f.trusts(r.trust, c) {
		return &apiError{http.StatusForbidden, "AccessDenied", "User: " + f.caller(c) + " is not authorized to perform: sts:AssumeRole on resource: " + arn}
	}
	until := f.clock(c).Add(time.Duration(seconds) * time.Second)
	keys := f.w.Credentials.SessionKeys(world.Session{Role: r.name, Name: name, Policy: policy, Until: until})
	x.group("AssumedRoleUser", "AssumedRoleId", r.id+":"+name, "Arn", "arn:aws:sts::"+m[1]+":assumed-role/"+r.name+"/"+name)
	x.group("Credentials",
		"AccessKeyId", keys.KeyID, "SecretAccessKey", keys.Secret, "SessionToken", keys.Token,
		"Expiration", until.UTC().Format(time.RFC3339),
	)
	return nil
}

// trusts reports whether a trust policy allows the caller to assume the role.
func (f *front) trusts(policy string, c *call) bool {
	var doc policyDocument
	if json.Unmarshal([]byte(policy), &doc) != nil {
		return false
	}
	account, caller := f.account(c), f.caller(c)
	names := []string{"*", account, "arn:aws:iam::" + account + ":root", caller}
	if c.session != nil {
		names = append(names, "arn:aws:iam::"+account+":role/"+f.iam.roleOf(c.session))
	}
	q := ask{action: "sts:AssumeRole", resource: "*", context: map[string][]string{}}
	if id := c.form.Get("ExternalId"); id != "" {
		q.context["sts:externalid"] = []string{id}
	}
	ok := false
	for i := range doc.Statement {
		s := &doc.Statement[i]
		named := slices.ContainsFunc(s.Principal["AWS"], func(p string) bool { return slices.Contains(names, strings.TrimSpace(p)) })
		if !named || !s.matches(&q) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		ok = ok || s.Effect == "Allow"
	}
	return ok
}

// idOf returns the unique id of a role.
func (s *iamStore) idOf(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.roles[name]; ok {
		return r.id
	}
	return iamID("AROA", name)
}
