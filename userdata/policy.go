package userdata

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"rollcall/providers"
)

// Policy is an IAM policy document, or the trust policy of a role.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement is one statement of a policy.
type Statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Principal map[string]string              `json:",omitempty"`
	Action    []string                       `json:",omitempty"`
	Resource  []string                       `json:",omitempty"`
	Condition map[string]map[string][]string `json:",omitempty"`
}

// policyVersion is the version of the policy language.
const policyVersion = "2012-10-17"

// JSON returns the policy as JSON to paste.
func (p Policy) JSON() string {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		panic(err) // strings and maps of strings
	}
	return string(b)
}

// The condition keys of Route 53 (Developer Guide, "Using IAM policy conditions for fine-grained access control"). Each
// has the values of all changes of a batch.
const (
	keyNames   = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
	keyTypes   = "route53:ChangeResourceRecordSetsRecordTypes"
	keyActions = "route53:ChangeResourceRecordSetsActions"
)

// PolicyService describes a service whose nodes write to a Route 53 zone.
type PolicyService struct {
	Name   string
	Kind   string // round-robin or dns-sd
	Zone   string
	ZoneID string
	IPv6   bool
	Host   string // pattern of the nodes' host names; empty for {name}
}

// NodePolicy returns the minimal policy for the agents of nodes whose ids match a pattern (see Traits.IDPattern): in each
// zone it allows reading record sets, and creating and deleting those of the names and types that an agent writes.
// parameters are ARNs of parameters with a Cloudflare token.
func NodePolicy(ids string, services []PolicyService, parameters []string) Policy {
	p := Policy{Version: policyVersion}
	var zones []string
	for i := range services {
		s := &services[i]
		arn := zoneARN(s.ZoneID)
		if !slices.Contains(zones, arn) {
			zones = append(zones, arn)
		}
	}
	slices.Sort(zones)
	if len(zones) > 0 {
		p.Statement = append(p.Statement,
			Statement{Sid: "FindZone", Effect: "Allow", Action: []string{"route53:ListHostedZonesByName"}, Resource: []string{"*"}},
			Statement{Sid: "ReadZone", Effect: "Allow", Action: []string{"route53:ListResourceRecordSets"}, Resource: zones})
	}
	for i := range services {
		s := &services[i]
		var names []string
		for _, n := range s.names(ids) {
			names = append(names, n, ids+"."+providers.MarkerLabel+"."+n)
		}
		p.Statement = append(p.Statement, changes(p.sid(s.Name), zoneARN(s.ZoneID), names, s.types()))
	}
	if len(parameters) > 0 {
		p.Statement = append(p.Statement, Statement{Sid: "ReadToken", Effect: "Allow", Action: []string{"ssm:GetParameter"}, Resource: slices.Sorted(slices.Values(parameters))})
	}
	return p
}

// changes allows batches of creations and deletions of the given names and types only. It requires the condition keys
// to be present, since ForAllValues alone would allow a request without them.
func changes(sid, zone string, names, types []string) Statement {
	return Statement{
		Sid: sid, Effect: "Allow", Action: []string{"route53:ChangeResourceRecordSets"}, Resource: []string{zone},
		Condition: map[string]map[string][]string{
			"ForAllValues:StringLike":   {keyNames: names},
			"ForAllValues:StringEquals": {keyTypes: types, keyActions: {"CREATE", "DELETE"}},
			"Null":                      {keyNames: {"false"}, keyTypes: {"false"}, keyActions: {"false"}},
		},
	}
}

// names returns the names, or patterns of names, of the nodes' records.
func (s *PolicyService) names(ids string) []string {
	names := []string{normalName(s.Name)}
	if s.Kind != "dns-sd" {
		return names
	}
	host := cmp.Or(s.Host, "{name}")
	if !strings.HasSuffix("."+host, "."+s.Zone) {
		host += "." + s.Zone
	}
	names = append(names, strings.NewReplacer("{name}", "*", "{id}", ids).Replace(host))
	return names
}

// Wide reports whether the policy must allow every name below the zone, because host names can be any.
func (s *PolicyService) Wide() bool {
	return s.Kind == "dns-sd" && slices.Contains(s.names("?"), "*."+s.Zone)
}

func (s *PolicyService) types() []string {
	types := []string{"A"}
	if s.IPv6 {
		types = append(types, "AAAA")
	}
	if s.Kind == "dns-sd" {
		types = append(types, "SRV")
	}
	return append(types, "TXT")
}

// normalName returns a name as Route 53 compares it: in lower case, without the last dot, and with octal escapes for
// all but letters, digits, hyphens, underscores and the dots between labels.
func normalName(name string) string {
	var b strings.Builder
	for i, label := range providers.SplitName(strings.ToLower(name)) {
		if i > 0 {
			b.WriteByte('.')
		}
		for _, c := range []byte(label) {
			if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		}
	}
	return b.String()
}

// IAM's limits in characters, without white space ("IAM and AWS STS quotas"): of all inline policies of a role, and of
// a managed policy.
const (
	RolePolicyLimit    = 10240
	ManagedPolicyLimit = 6144
)

// Size returns the number of characters that IAM counts.
func (p Policy) Size() int {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and maps of strings
	}
	return len(b)
}

func zoneARN(id string) string {
	return "arn:aws:route53:::hostedzone/" + id[strings.LastIndex(id, "/")+1:]
}

// sid returns a statement id for a name: letters and digits only, and unique within the policy.
func (p *Policy) sid(name string) string {
	b := []byte("Write")
	up := true
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z' && up:
			b = append(b, byte(r-'a'+'A'))
			up = false
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			b = append(b, byte(r))
			up = false
		default:
			up = true
		}
	}
	id := string(b)
	for n := 2; slices.ContainsFunc(p.Statement, func(s Statement) bool { return s.Sid == id }); n++ {
		id = fmt.Sprintf("%sNumber%d", b, n)
	}
	return id
}

// TrustPolicy returns the policy that lets EC2 instances assume a role.
func TrustPolicy() Policy {
	return Policy{Version: policyVersion, Statement: []Statement{{
		Effect: "Allow", Principal: map[string]string{"Service": "ec2.amazonaws.com"}, Action: []string{"sts:AssumeRole"},
	}}}
}

// ConsolePolicy returns the policy for the console: it allows listing all instances and addresses, launching and
// terminating, writing the zones, and passing the nodes' role to launches. role is the ARN of that role; it may be
// empty.
func ConsolePolicy(zoneIDs []string, role string) Policy {
	p := Policy{Version: policyVersion, Statement: []Statement{
		{Sid: "See", Effect: "Allow", Action: []string{
			"ec2:DescribeAddresses", "ec2:DescribeImages", "ec2:DescribeInstanceStatus", "ec2:DescribeInstanceTypes", "ec2:DescribeInstances", "ec2:DescribeKeyPairs",
			"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:GetConsoleOutput",
			"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth", "route53:ListHostedZones", "sts:GetCallerIdentity",
		}, Resource: []string{"*"}},
		{Sid: "Launch", Effect: "Allow", Action: []string{"ec2:RunInstances"}, Resource: []string{"*"}},
		{
			Sid: "TagWhatIsLaunched", Effect: "Allow", Action: []string{"ec2:CreateTags"}, Resource: []string{"*"},
			Condition: map[string]map[string][]string{"StringEquals": {"ec2:CreateAction": {"RunInstances"}}},
		},
		// Only instances that a launch of rollcall has tagged; without the condition it covers older ones too. The
		// attribute shows whether an instance may be stopped or terminated, which is checked before it leaves DNS.
		{
			Sid: "Power", Effect: "Allow", Action: []string{"ec2:DescribeInstanceAttribute", "ec2:RebootInstances", "ec2:StartInstances", "ec2:StopInstances", "ec2:TerminateInstances"}, Resource: []string{"*"},
			Condition: map[string]map[string][]string{"Null": {"aws:ResourceTag/" + providers.TagLaunch: {"false"}}},
		},
	}}
	var zones []string
	for _, id := range zoneIDs {
		zones = append(zones, zoneARN(id))
	}
	if len(zones) > 0 {
		slices.Sort(zones)
		p.Statement = append(p.Statement, Statement{
			Sid: "WriteZones", Effect: "Allow", Action: []string{"route53:ChangeResourceRecordSets", "route53:GetHostedZone", "route53:ListResourceRecordSets"}, Resource: slices.Compact(zones),
		}, Statement{
			// GetChange shows whether every name server has removed a node before it is terminated.
			Sid: "SeeChanges", Effect: "Allow", Action: []string{"route53:GetChange"}, Resource: []string{"arn:aws:route53:::change/*"},
		})
	}
	if role != "" {
		p.Statement = append(p.Statement, Statement{
			Sid: "HandOverTheRole", Effect: "Allow", Action: []string{"iam:PassRole"}, Resource: []string{role},
			Condition: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {"ec2.amazonaws.com"}}},
		})
	}
	return p
}

// CloudflareToken is the request that creates an API token (API reference, POST /user/tokens).
type CloudflareToken struct {
	Name     string             `json:"name"`
	Policies []CloudflarePolicy `json:"policies"`
}

// CloudflarePolicy is what a token may do with some resources.
type CloudflarePolicy struct {
	Effect           string            `json:"effect"`
	Resources        map[string]string `json:"resources"`
	PermissionGroups []PermissionGroup `json:"permission_groups"`
}

// PermissionGroup is one of Cloudflare's named permissions. The ids are the same in all accounts (GET
// /user/tokens/permission_groups).
type PermissionGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// NewCloudflareToken returns the narrowest token that can read the zones and edit their DNS records. Cloudflare cannot
// limit it further than to zones.
func NewCloudflareToken(name string, zoneIDs ...string) CloudflareToken {
	resources := map[string]string{}
	for _, id := range zoneIDs {
		resources["com.cloudflare.api.account.zone."+id] = "*"
	}
	return CloudflareToken{Name: name, Policies: []CloudflarePolicy{{
		Effect: "allow", Resources: resources,
		PermissionGroups: []PermissionGroup{
			{ID: "c8fed203ed3043cba015a93ad1616f1f", Name: "Zone Read"},
			{ID: "4755a26eedb94da69e1066d98aa820be", Name: "DNS Write"},
		},
	}}}
}
