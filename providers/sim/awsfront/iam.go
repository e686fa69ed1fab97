package awsfront

import (
	"cmp"
	"encoding/json"
	"maps"
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
		entity: entity{NodeProfile, "/", iamID("AROA", NodeProfile), w.Now()}, policies: map[string]string{nodePolicyName: firstPolicy(w)},
		trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
	}
	s.profiles[NodeProfile] = &profile{entity{NodeProfile, "/", iamID("AIPA", NodeProfile), w.Now()}, NodeProfile}
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
		"GetRole":                       show("Role", (*iamCall).role, (*iamCall).writeRole),
		"DeleteRole":                    (*iamCall).deleteRole,
		"ListRoles":                     func(c *iamCall) *apiError { return listEntities(c, "Roles", c.roles, (*iamCall).writeRole) },
		"PutRolePolicy":                 (*iamCall).putInlinePolicy,
		"GetRolePolicy":                 (*iamCall).getInlinePolicy,
		"ListRolePolicies":              (*iamCall).listInlinePolicies,
		"DeleteRolePolicy":              (*iamCall).deleteInlinePolicy,
		"CreateInstanceProfile":         (*iamCall).createInstanceProfile,
		"GetInstanceProfile":            show("InstanceProfile", (*iamCall).profile, (*iamCall).writeProfile),
		"DeleteInstanceProfile":         (*iamCall).deleteInstanceProfile,
		"ListInstanceProfiles":          (*iamCall).listInstanceProfiles,
		"ListInstanceProfilesForRole":   (*iamCall).listInstanceProfiles,
		"AddRoleToInstanceProfile":      (*iamCall).addRoleToInstanceProfile,
		"RemoveRoleFromInstanceProfile": (*iamCall).removeRoleFromInstanceProfile,
		"CreateUser":                    (*iamCall).createUser,
		"GetUser":                       show("User", (*iamCall).user, (*iamCall).writeUser),
		"ListUsers":                     func(c *iamCall) *apiError { return listEntities(c, "Users", c.users, (*iamCall).writeUser) },
		"DeleteUser":                    (*iamCall).deleteUser,
		"CreateAccessKey":               (*iamCall).createAccessKey,
		"ListAccessKeys":                (*iamCall).listAccessKeys,
		"UpdateAccessKey":               (*iamCall).updateAccessKey,
		"DeleteAccessKey":               (*iamCall).deleteAccessKey,
		"PutUserPolicy":                 (*iamCall).putInlinePolicy,
		"GetUserPolicy":                 (*iamCall).getInlinePolicy,
		"ListUserPolicies":              (*iamCall).listInlinePolicies,
		"DeleteUserPolicy":              (*iamCall).deleteInlinePolicy,
		"CreatePolicy":                  (*iamCall).createPolicy,
		"GetPolicy":                     show("Policy", (*iamCall).policy, (*iamCall).writePolicy),
		"GetPolicyVersion":              (*iamCall).getPolicyVersion,
		"DeletePolicy":                  (*iamCall).deletePolicy,
		"AttachUserPolicy":              (*iamCall).attachUserPolicy,
		"DetachUserPolicy":              (*iamCall).attachUserPolicy,
		"ListAttachedUserPolicies":      (*iamCall).listAttachedUserPolicies,
	}
}

// show returns an action that answers with the entity that a call names.
func show[T any](element string, find func(*iamCall) (T, *apiError), write func(*iamCall, T)) func(*iamCall) *apiError {
	return func(c *iamCall) *apiError {
		t, err := find(c)
		if err == nil {
			c.x.in(element, func() { write(c, t) })
		}
		return err
	}
}

// listEntities answers with a page of all entities of a kind.
func listEntities[T any](c *iamCall, element string, all map[string]T, write func(*iamCall, T)) *apiError {
	return c.answerList(element, slices.Sorted(maps.Keys(all)), func(n string) { write(c, all[n]) })
}

// named returns the entity whose name a call has in a parameter. missing is a format for the name.
func named[T any](c *iamCall, all map[string]*T, param string, limit int, missing string) (*T, *apiError) {
	name, err := c.name(param, limit)
	if err != nil {
		return nil, err
	}
	t, ok := all[name]
	if !ok {
		return nil, noEntity(missing, name)
	}
	return t, nil
}

// entity is what roles, instance profiles, users and policies have in common.
type entity struct {
	name, path, id string
	created        time.Time
}

func (c *iamCall) newEntity(name, idPrefix string) entity {
	return entity{name: name, path: cmp.Or(c.form.Get("Path"), "/"), id: iamID(idPrefix, name+c.call.id), created: c.now()}
}

// writeEntity writes an entity with the elements KINDName and KINDId.
func (c *iamCall) writeEntity(kind, arnKind string, e *entity) {
	c.x.els(
		"Path", e.path, kind+"Name", e.name, kind+"Id", e.id,
		"Arn", "arn:aws:iam::"+c.account+":"+arnKind+e.path+e.name, "CreateDate", e.created.UTC().Format(time.RFC3339),
	)
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

// encoded returns a policy in IAM's form: URL-encoded (RFC 3986).
func encoded(policy string) string { return strings.ReplaceAll(url.QueryEscape(policy), "+", "%20") }

// answerList writes the page of a sorted list of names by Marker and MaxItems. each writes the content of a member.
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
			c.x.in("member", func() { each(n) })
		}
	})
	c.x.flag("IsTruncated", limit < len(rest))
	if limit < len(rest) {
		c.x.el("Marker", rest[limit])
	}
	return nil
}
