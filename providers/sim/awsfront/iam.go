package awsfront

import (
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

// NodeProfile is the name of the role and instance profile that the account
// has from the start: what a node of the fleet runs with.
const NodeProfile = "rollcall-node"

// iamStore is the IAM of the account: roles, their inline policies and instance profiles.
type iamStore struct {
	mu       sync.Mutex
	now      func() time.Time
	roles    map[string]*role
	profiles map[string]*profile
}

type role struct {
	name, path, id, trust, description string
	created                            time.Time
	policies                           map[string]string
}

type profile struct {
	name, path, id string
	created        time.Time
	role           string
}

func newIAMStore(w *world.World) *iamStore {
	s := &iamStore{now: w.Now, roles: map[string]*role{}, profiles: map[string]*profile{}}
	s.roles[NodeProfile] = &role{
		name: NodeProfile, path: "/", id: iamID("AROA", NodeProfile), created: w.Now(), policies: map[string]string{},
		trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
	}
	s.roles[NodeProfile].policies[nodePolicyName] = firstPolicy(w)
	s.profiles[NodeProfile] = &profile{name: NodeProfile, path: "/", id: iamID("AIPA", NodeProfile), created: w.Now(), role: NodeProfile}
	return s
}

// nodePolicyName is the name of the inline policy that the role of NodeProfile has from the start.
const nodePolicyName = "nodes"

// firstPolicy lets the nodes of the world write its Route 53 zones and read its token: what an operator
// gives who does not ask rollcall policy aws for less.
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

// roleOfProfile returns the name of an instance profile's role. An instance that the world itself has
// put up can have a profile that IAM was never told of: it has the role of NodeProfile.
func (s *iamStore) roleOfProfile(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.profiles[name]; ok {
		return p.role
	}
	return NodeProfile
}

// roleOf returns the name of the role that a session has.
func (s *iamStore) roleOf(session *world.Session) string {
	if session.Role != "" {
		return session.Role
	}
	return s.roleOfProfile(session.Profile)
}

// policiesOf returns the policies of a role; one that is gone has none.
func (s *iamStore) policiesOf(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.roles[name]; ok {
		return slices.Collect(maps.Values(r.policies))
	}
	return nil
}

// iamID makes the unique id that IAM gives to an entity.
func iamID(prefix, of string) string { return prefix + strings.ToUpper(derived("", of)[2:]) }

// hasProfile reports whether an instance may be launched with a profile.
func (s *iamStore) hasProfile(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.profiles[name]
	return ok
}

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

// name reads the name of an entity and checks it.
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

// document reads a policy and checks that it is one.
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

func (c *iamCall) role() (*role, *apiError) {
	name, err := c.name("RoleName", 64)
	if err != nil {
		return nil, err
	}
	r, ok := c.roles[name]
	if !ok {
		return nil, noEntity("The role with name %s cannot be found.", name)
	}
	return r, nil
}

func (c *iamCall) profile() (*profile, *apiError) {
	name, err := c.name("InstanceProfileName", 128)
	if err != nil {
		return nil, err
	}
	p, ok := c.profiles[name]
	if !ok {
		return nil, noEntity("Instance Profile %s cannot be found.", name)
	}
	return p, nil
}

func (c *iamCall) path() string {
	if p := c.form.Get("Path"); p != "" {
		return p
	}
	return "/"
}

// encoded writes a policy as IAM answers it: URL-encoded (RFC 3986).
func encoded(policy string) string { return strings.ReplaceAll(url.QueryEscape(policy), "+", "%20") }

func (c *iamCall) writeRole(r *role) {
	c.x.el("Path", r.path)
	c.x.el("RoleName", r.name)
	c.x.el("RoleId", r.id)
	c.x.el("Arn", "arn:aws:iam::"+c.account+":role"+r.path+r.name)
	c.x.el("CreateDate", r.created.UTC().Format(time.RFC3339))
	c.x.el("AssumeRolePolicyDocument", encoded(r.trust))
	c.x.opt("Description", r.description)
	c.x.num("MaxSessionDuration", 3600)
}

func (c *iamCall) writeProfile(p *profile) {
	c.x.el("Path", p.path)
	c.x.el("InstanceProfileName", p.name)
	c.x.el("InstanceProfileId", p.id)
	c.x.el("Arn", "arn:aws:iam::"+c.account+":instance-profile"+p.path+p.name)
	c.x.el("CreateDate", p.created.UTC().Format(time.RFC3339))
	c.x.in("Roles", func() {
		if r, ok := c.roles[p.role]; ok {
			c.x.in("member", func() { c.writeRole(r) })
		}
	})
}

func (c *iamCall) createRole() *apiError {
	name, err := c.name("RoleName", 64)
	if err != nil {
		return err
	}
	trust, err := c.document("AssumeRolePolicyDocument", 2048)
	if err != nil {
		return err
	}
	if _, ok := c.roles[name]; ok {
		return exists("Role with name %s already exists.", name)
	}
	r := &role{name: name, path: c.path(), id: iamID("AROA", name+c.call.id), trust: trust, description: c.form.Get("Description"), created: c.now(), policies: map[string]string{}}
	c.roles[name] = r
	c.x.in("Role", func() { c.writeRole(r) })
	return nil
}

func (c *iamCall) getRole() *apiError {
	r, err := c.role()
	if err != nil {
		return err
	}
	c.x.in("Role", func() { c.writeRole(r) })
	return nil
}

func (c *iamCall) deleteRole() *apiError {
	r, err := c.role()
	if err != nil {
		return err
	}
	if len(r.policies) > 0 {
		return conflict("DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	for _, p := range c.profiles {
		if p.role == r.name {
			return conflict("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
		}
	}
	delete(c.roles, r.name)
	return nil
}

// answerList writes the page of a sorted list of names that Marker and MaxItems ask for.
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

func (c *iamCall) listRoles() *apiError {
	return c.answerList("Roles", slices.Sorted(maps.Keys(c.roles)), func(n string) {
		c.x.in("member", func() { c.writeRole(c.roles[n]) })
	})
}

func (c *iamCall) putRolePolicy() *apiError {
	r, err := c.role()
	if err != nil {
		return err
	}
	name, err := c.name("PolicyName", 128)
	if err != nil {
		return err
	}
	doc, err := c.document("PolicyDocument", 10240)
	if err != nil {
		return err
	}
	r.policies[name] = doc
	return nil
}

func (c *iamCall) rolePolicy() (r *role, name string, err *apiError) {
	if r, err = c.role(); err != nil {
		return nil, "", err
	}
	if name, err = c.name("PolicyName", 128); err != nil {
		return nil, "", err
	}
	if _, ok := r.policies[name]; !ok {
		return nil, "", noEntity("The role policy with name %s cannot be found.", name)
	}
	return r, name, nil
}

func (c *iamCall) getRolePolicy() *apiError {
	r, name, err := c.rolePolicy()
	if err != nil {
		return err
	}
	c.x.el("RoleName", r.name)
	c.x.el("PolicyName", name)
	c.x.el("PolicyDocument", encoded(r.policies[name]))
	return nil
}

func (c *iamCall) deleteRolePolicy() *apiError {
	r, name, err := c.rolePolicy()
	if err != nil {
		return err
	}
	delete(r.policies, name)
	return nil
}

func (c *iamCall) listRolePolicies() *apiError {
	r, err := c.role()
	if err != nil {
		return err
	}
	return c.answerList("PolicyNames", slices.Sorted(maps.Keys(r.policies)), func(n string) { c.x.el("member", n) })
}

func (c *iamCall) createInstanceProfile() *apiError {
	name, err := c.name("InstanceProfileName", 128)
	if err != nil {
		return err
	}
	if _, ok := c.profiles[name]; ok {
		return exists("Instance Profile %s already exists.", name)
	}
	p := &profile{name: name, path: c.path(), id: iamID("AIPA", name+c.call.id), created: c.now()}
	c.profiles[name] = p
	c.x.in("InstanceProfile", func() { c.writeProfile(p) })
	return nil
}

func (c *iamCall) getInstanceProfile() *apiError {
	p, err := c.profile()
	if err != nil {
		return err
	}
	c.x.in("InstanceProfile", func() { c.writeProfile(p) })
	return nil
}

func (c *iamCall) deleteInstanceProfile() *apiError {
	p, err := c.profile()
	if err != nil {
		return err
	}
	if p.role != "" {
		return conflict("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
	}
	delete(c.profiles, p.name)
	return nil
}

// listInstanceProfiles answers ListInstanceProfiles, and ListInstanceProfilesForRole.
func (c *iamCall) listInstanceProfiles() *apiError {
	names := slices.Sorted(maps.Keys(c.profiles))
	if c.action() == "ListInstanceProfilesForRole" {
		r, err := c.role()
		if err != nil {
			return err
		}
		names = slices.DeleteFunc(names, func(n string) bool { return c.profiles[n].role != r.name })
	}
	return c.answerList("InstanceProfiles", names, func(n string) {
		c.x.in("member", func() { c.writeProfile(c.profiles[n]) })
	})
}

func (c *iamCall) addRoleToInstanceProfile() *apiError {
	p, err := c.profile()
	if err != nil {
		return err
	}
	r, err := c.role()
	if err != nil {
		return err
	}
	if p.role != "" {
		return conflict("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	}
	p.role = r.name
	return nil
}

func (c *iamCall) removeRoleFromInstanceProfile() *apiError {
	p, err := c.profile()
	if err != nil {
		return err
	}
	r, err := c.role()
	if err != nil {
		return err
	}
	if p.role != r.name {
		return noEntity("The role with name %s is not associated with instance profile %s.", r.name, p.name)
	}
	p.role = ""
	return nil
}
