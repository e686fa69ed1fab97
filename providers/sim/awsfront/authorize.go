package awsfront

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
)

// caller returns the ARN of the signer of a call: a user, or the session of a role.
func (f *front) caller(c *call) string {
	account := f.account(c)
	if c.session == nil {
		return "arn:aws:iam::" + account + ":user/" + cmp.Or(c.user, "ops")
	}
	return "arn:aws:sts::" + account + ":assumed-role/" + f.iam.roleOf(c.session) + "/" + c.session.Name
}

// authorize returns an error if the policies of the caller's role or user do not allow the call. The account's own user
// may do everything.
func (f *front) authorize(c *call) *apiError {
	var policies []string
	switch {
	case c.session != nil:
		policies = f.iam.policiesOf(f.iam.roleOf(c.session))
	case c.user != "":
		policies = f.iam.policiesOfUser(c.user)
	default:
		return nil
	}
	for _, q := range f.asks(c) {
		v := evaluate(policies, &q)
		if c.session != nil && c.session.Policy != "" && v == allowed {
			v = evaluate([]string{c.session.Policy}, &q)
		}
		if v != allowed {
			return f.denied(c, &q, v)
		}
	}
	return nil
}

// denied returns each API's own refusal of a call without permission.
func (f *front) denied(c *call, q *ask, v verdict) *apiError {
	text := "User: " + f.caller(c) + " is not authorized to perform: " + q.action
	if q.resource != "*" {
		text += " on resource: " + q.resource
	}
	text += " because no identity-based policy allows the " + q.action + " action"
	if v == denied {
		text = strings.Replace(text, "because no identity-based policy allows the "+q.action+" action", "with an explicit deny in an identity-based policy", 1)
	}
	switch c.proto {
	case protoEC2:
		encoded, _ := json.Marshal(map[string]any{"allowed": false, "explicitDeny": v == denied, "context": map[string]any{"principal": f.caller(c), "action": q.action, "resource": q.resource, "conditions": q.context}})
		return &apiError{http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. " + text + ". Encoded authorization failure message: " + base64.RawURLEncoding.EncodeToString(encoded)}
	case protoJSON:
		return bad("AccessDeniedException", "%s", text)
	}
	return &apiError{http.StatusForbidden, "AccessDenied", text}
}

// asks returns the permissions that a call needs ("Actions, resources, and condition keys" of each service in the
// Service Authorization Reference).
func (f *front) asks(c *call) []ask {
	switch c.service {
	case "route53":
		return []ask{r53Ask(c)}
	case "ssm":
		return f.ssmAsks(c)
	case "ec2":
		return f.ec2Asks(c)
	case "sts":
		if c.action() == "GetCallerIdentity" || c.action() == webIdentityAction {
			return nil // they need no permission
		}
		return []ask{{action: "sts:" + c.action(), resource: c.form.Get("RoleArn")}}
	case "iam":
		q := ask{action: "iam:" + c.action(), resource: "*"}
		if name := c.form.Get("RoleName"); name != "" {
			q.resource = "arn:aws:iam::" + f.account(c) + ":role/" + name
		} else if name := c.form.Get("InstanceProfileName"); name != "" {
			q.resource = "arn:aws:iam::" + f.account(c) + ":instance-profile/" + name
		} else if name := cmp.Or(c.form.Get("UserName"), c.user); name != "" {
			q.resource = "arn:aws:iam::" + f.account(c) + ":user/" + name
		}
		return []ask{q}
	}
	return []ask{{action: c.service + ":" + c.action(), resource: "*"}}
}

// The condition keys of ChangeResourceRecordSets ("Using IAM policy conditions for fine-grained access
// control" in the Route 53 Developer Guide).
const (
	keyRecordNames = "route53:changeresourcerecordsetsnormalizedrecordnames"
	keyRecordTypes = "route53:changeresourcerecordsetsrecordtypes"
	keyActions     = "route53:changeresourcerecordsetsactions"
)

func r53Ask(c *call) ask {
	parts := c.r53Parts()
	q := ask{action: "route53:" + cmp.Or(r53Operations()[c.r53Key()].name, "Unknown"), resource: "*"}
	if len(parts) > 1 {
		q.resource = "arn:aws:route53:::" + parts[0] + "/" + parts[1]
	}
	var in changeRequest
	if q.action != "route53:ChangeResourceRecordSets" || xml.Unmarshal(c.body, &in) != nil {
		return q // one with unreadable changes is refused because the keys are missing
	}
	q.context = map[string][]string{}
	add := func(key, v string) {
		if !slices.Contains(q.context[key], v) {
			q.context[key] = append(q.context[key], v)
		}
	}
	for i := range in.Batch.Changes {
		ch := &in.Batch.Changes[i]
		add(keyRecordNames, strings.TrimSuffix(octal(fromOctal(ch.Set.Name)), "."))
		add(keyRecordTypes, ch.Set.Type)
		add(keyActions, ch.Action)
	}
	return q
}

func (f *front) ssmAsks(c *call) []ask {
	var in parameterRequest
	if json.Unmarshal(c.body, &in) != nil {
		return nil // it is refused elsewhere for that
	}
	names := in.Names
	if len(names) == 0 {
		names = []string{in.Name}
	}
	var out []ask
	for _, n := range names {
		out = append(out, ask{action: "ssm:" + c.action(), resource: parameterARN(c.scope.region, f.account(c), n)})
	}
	return out
}

// ec2Asks returns the permissions that an EC2 call needs. A launch also needs those to tag, and to pass its profile's
// role.
func (f *front) ec2Asks(c *call) []ask {
	arn := "arn:aws:ec2:" + c.scope.region + ":" + f.account(c) + ":"
	action := c.action()
	q := ask{action: "ec2:" + action, resource: "*"}
	ids := append(list(c.form, "InstanceId"), list(c.form, "ResourceId")...)
	if id := c.form.Get("InstanceId"); id != "" {
		ids = append(ids, id)
	}
	switch {
	case action == "RunInstances":
		q.resource = arn + "instance/*"
		out := []ask{q}
		if c.form.Get("TagSpecification.1.ResourceType") != "" {
			out = append(out, ask{action: "ec2:CreateTags", resource: arn + "instance/*", context: map[string][]string{"ec2:createaction": {"RunInstances"}}})
		}
		name := c.form.Get("IamInstanceProfile.Name")
		if i := c.form.Get("IamInstanceProfile.Arn"); i != "" {
			name = i[strings.LastIndexByte(i, '/')+1:]
		}
		if name != "" {
			out = append(out, ask{
				action: "iam:PassRole", resource: "arn:aws:iam::" + f.account(c) + ":role/" + f.iam.roleOfProfile(name), context: map[string][]string{"iam:passedtoservice": {"ec2.amazonaws.com"}},
			})
		}
		return out
	case strings.HasPrefix(action, "Describe") && action != "DescribeInstanceAttribute", len(ids) == 0:
		return []ask{q}
	}
	var out []ask
	for _, id := range ids {
		one := ask{action: q.action, resource: arn + "instance/" + id, context: map[string][]string{}}
		if c.cloud != nil {
			if i, err := f.w.Instance(c.cloud.Name, id); err == nil {
				for k, v := range i.Tags {
					one.context["aws:resourcetag/"+strings.ToLower(k)] = []string{v}
					one.context["ec2:resourcetag/"+strings.ToLower(k)] = []string{v}
				}
			}
		}
		out = append(out, one)
	}
	return out
}
