package awsfront

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

const iamVersion = "2010-05-08"

// NodeProfile is the role and instance profile for nodes of the fleet, which the account has from the start.
const NodeProfile = "rollcall-node"

// iamStore is the account's IAM: roles, instance profiles, users with their access keys, and policies.
type iamStore struct {
	mu       sync.Mutex
	now      func() time.Time
	roles    map[string]*role
	profiles map[string]*profile
	users    map[string]*user
	managed  map[string]*managedPolicy // by ARN
	// secretOfAccount is the seed of users' keys.
	secretOfAccount string
}

func newIAMStore(w *world.World) *iamStore {
	s := &iamStore{now: w.Now, roles: map[string]*role{}, profiles: map[string]*profile{}, users: map[string]*user{}, managed: map[string]*managedPolicy{}, secretOfAccount: w.Credentials.AWSSecret}
	s.roles[NodeProfile] = &role{
		name: NodeProfile, path: "/", id: iamID("AROA", NodeProfile), created: w.Now(), policies: map[string]string{},
		trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
	}
	s.roles[NodeProfile].policies[nodePolicyName] = firstPolicy(w)
	s.profiles[NodeProfile] = &profile{name: NodeProfile, path: "/", id: iamID("AIPA", NodeProfile), created: w.Now(), role: NodeProfile}
	return s
}

// nodePolicyName is the name of NodeProfile's initial inline policy.
const nodePolicyName = "nodes"

// firstPolicy returns the initial policy of the world's nodes. It allows writing all Route 53 zones and reading the
// token, which is more than the policy of rollcall policy aws.
func firstPolicy(w *world.World) string {
	zones := []string{}
	for _, z := range w.Zones(providers.Route53) {
		zones = append(zones, "arn:aws:route53:::hostedzone/"+z.ID)
	}
	statement := func(actions []string, resources ...string) map[string]any {
		return map[string]any{"Effect": "Allow", "Action": actions, "Resource": resources}
	}
	all := []any{
		statement([]string{"route53:ListHostedZonesByName"}, "*"),
		statement([]string{"ssm:GetParameter"}, "arn:aws:ssm:*:"+w.Credentials.AWSAccount+":parameter/rollcall/*"),
	}
	if len(zones) > 0 {
		all = append(all, statement([]string{"route53:ListResourceRecordSets", "route53:ChangeResourceRecordSets"}, zones...))
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": all})
	if err != nil {
		panic(err) // maps and lists of strings
	}
	return string(text)
}

// iamID returns the unique id of an IAM entity.
func iamID(prefix, of string) string { return prefix + strings.ToUpper(derived("", of)[2:]) }

// iamCall is one call to IAM, under the store's lock.
type iamCall struct {
	*call
	*iamStore
	x       *xmlWriter
	account string
}

func iamActions() map[string]func(*iamCall) *apiError {
	return map[string]func(*iamCall) *apiError{
		"CreateRole":                    (*iamCall).createRole,
		"GetRole":                       (*iamCall).getRole,
		"DeleteRole":                    (*iamCall).deleteRole,
		"ListRoles":                     (*iamCall).listRoles,
		"PutRolePolicy":                 (*iamCall).putRolePolicy,
		"GetRolePolicy":                 (*iamCall).getRolePolicy,
		"ListRolePolicies":              (*iamCall).listRolePolicies,
		"DeleteRolePolicy":              (*iamCall).deleteRolePolicy,
		"CreateInstanceProfile":         (*iamCall).createInstanceProfile,
		"GetInstanceProfile":            (*iamCall).getInstanceProfile,
		"DeleteInstanceProfile":         (*iamCall).deleteInstanceProfile,
		"ListInstanceProfiles":          (*iamCall).listInstanceProfiles,
		"ListInstanceProfilesForRole":   (*iamCall).listInstanceProfiles,
		"AddRoleToInstanceProfile":      (*iamCall).addRoleToInstanceProfile,
		"RemoveRoleFromInstanceProfile": (*iamCall).removeRoleFromInstanceProfile,
		"CreateUser":                    (*iamCall).createUser,
		"GetUser":                       (*iamCall).getUser,
		"ListUsers":                     (*iamCall).listUsers,
		"DeleteUser":                    (*iamCall).deleteUser,
		"CreateAccessKey":               (*iamCall).createAccessKey,
		"ListAccessKeys":                (*iamCall).listAccessKeys,
		"UpdateAccessKey":               (*iamCall).updateAccessKey,
		"DeleteAccessKey":               (*iamCall).deleteAccessKey,
		"PutUserPolicy":                 (*iamCall).putUserPolicy,
		"GetUserPolicy":                 (*iamCall).getUserPolicy,
		"ListUserPolicies":              (*iamCall).listUserPolicies,
		"DeleteUserPolicy":              (*iamCall).deleteUserPolicy,
		"CreatePolicy":                  (*iamCall).createPolicy,
		"GetPolicy":                     (*iamCall).getPolicy,
		"GetPolicyVersion":              (*iamCall).getPolicyVersion,
		"DeletePolicy":                  (*iamCall).deletePolicy,
		"AttachUserPolicy":              (*iamCall).attachUserPolicy,
		"DetachUserPolicy":              (*iamCall).attachUserPolicy,
		"ListAttachedUserPolicies":      (*iamCall).listAttachedUserPolicies,
	}
}

func (f *front) serveIAM(c *call, x *xmlWriter) *apiError {
	do, ok := iamActions()[c.action()]
	if !ok {
		return bad("InvalidAction", "Could not find operation %s for version %s", c.action(), iamVersion)
	}
	if c.fault == world.WrongKey {
		return &apiError{http.StatusForbidden, "AccessDenied", "User: arn:aws:iam::" + otherAccount + ":user/ops is not authorized to perform: iam:" + c.action()}
	}
	f.iam.mu.Lock()
	defer f.iam.mu.Unlock()
	i := &iamCall{call: c, iamStore: f.iam, x: x, account: f.account(c)}
	return queryResult(c, x, func() *apiError { return do(i) })
}

func exists(format string, a ...any) *apiError {
	e := bad("EntityAlreadyExists", format, a...)
	e.status = http.StatusConflict
	return e
}

func noEntity(format string, a ...any) *apiError {
	e := bad("NoSuchEntity", format, a...)
	e.status = http.StatusNotFound
	return e
}

func conflict(code, message string) *apiError { return &apiError{http.StatusConflict, code, message} }

// name returns a checked name of an entity.
func (c *iamCall) name(param string, limit int) (string, *apiError) {
	s := c.form.Get(param)
	field := strings.ToLower(param[:1]) + param[1:]
	switch {
	case s == "":
		return "", bad("ValidationError", "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", field)
	case len(s) > limit:
		return "", bad("ValidationError", "1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", field, limit)
	case !regexp.MustCompile(`^[\w+=,.@-]+$`).MatchString(s):
		return "", bad("ValidationError", "The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", field)
	}
	return s, nil
}

// document returns a checked policy.
func (c *iamCall) document(param string, limit int) (string, *apiError) {
	s := c.form.Get(param)
	var doc map[string]any
	switch {
	case s == "":
		return "", bad("ValidationError", "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", strings.ToLower(param[:1])+param[1:])
	case json.Unmarshal([]byte(s), &doc) != nil:
		return "", bad("MalformedPolicyDocument", "This policy contains invalid Json")
	case doc["Statement"] == nil:
		return "", bad("MalformedPolicyDocument", "Missing required field Statement")
	case len(strings.Join(strings.Fields(s), "")) > limit:
		return "", conflict("LimitExceeded", "Maximum policy size of "+strconv.Itoa(limit)+" bytes exceeded")
	}
	return s, nil
}

func (c *iamCall) path() string {
	if p := c.form.Get("Path"); p != "" {
		return p
	}
	return "/"
}

// encoded returns a policy in IAM's form: URL-encoded (RFC 3986).
func encoded(policy string) string { return strings.ReplaceAll(url.QueryEscape(policy), "+", "%20") }

// answerList writes the page of a sorted list of names by Marker and MaxItems.
func (c *iamCall) answerList(element string, names []string, each func(string)) *apiError {
	limit := 100
	if s := c.form.Get("MaxItems"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 1000 {
			return bad("ValidationError", "1 validation error detected: Value '%s' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000", s)
		}
		limit = n
	}
	from, _ := slices.BinarySearch(names, c.form.Get("Marker"))
	rest := names[from:]
	c.x.in(element, func() {
		for _, n := range rest[:min(limit, len(rest))] {
			each(n)
		}
	})
	c.x.flag("IsTruncated", limit < len(rest))
	if limit < len(rest) {
		c.x.el("Marker", rest[limit])
	}
	return nil
}
