package awsfront

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

const trustRoot = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}}`

// role makes a role with a policy; the policy may be empty.
func (s *site) role(name, trust, policy string) {
	s.t.Helper()
	if a := s.iam("CreateRole", "RoleName", name, "AssumeRolePolicyDocument", trust); a.status != 200 {
		s.t.Fatal(a.body)
	}
	if policy == "" {
		return
	}
	if a := s.iam("PutRolePolicy", "RoleName", name, "PolicyName", "p", "PolicyDocument", policy); a.status != 200 {
		s.t.Fatal(a.body)
	}
}

// as returns the configuration of who has taken on a role.
func (s *site) as(role string) aws.Config {
	s.t.Helper()
	out, err := sts.NewFromConfig(s.config("us-east-1")).AssumeRole(s.t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/" + role), RoleSessionName: aws.String("tester")})
	if err != nil {
		s.t.Fatal(err)
	}
	c := s.config("us-east-1")
	c.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return c
}

// nodePolicy is of the shape that rollcall policy aws prints for a dns-sd service.
func nodePolicy(zone string) string {
	return `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["route53:ListHostedZonesByName"],"Resource":["*"]},
	{"Effect":"Allow","Action":["route53:ListResourceRecordSets"],"Resource":["arn:aws:route53:::hostedzone/` + zone + `"]},
	{"Sid":"Write","Effect":"Allow","Action":["route53:ChangeResourceRecordSets"],"Resource":["arn:aws:route53:::hostedzone/` + zone + `"],"Condition":{
	"ForAllValues:StringLike":{"route53:ChangeResourceRecordSetsNormalizedRecordNames":["v1._theservice._tcp.unilans.net","*.nodes.unilans.net","\\052.star.unilans.net"]},
	"ForAllValues:StringEquals":{"route53:ChangeResourceRecordSetsRecordTypes":["A","SRV","TXT"],"route53:ChangeResourceRecordSetsActions":["CREATE","DELETE"]},
	"Null":{"route53:ChangeResourceRecordSetsNormalizedRecordNames":"false","route53:ChangeResourceRecordSetsRecordTypes":["false"],"route53:ChangeResourceRecordSetsActions":["false"]}}}]}`
}

func TestABatchIsJudgedByItsNamesItsTypesAndItsActions(t *testing.T) {
	s := newSite(t)
	zone := s.w.Zones(providers.Route53)[0].ID
	value := map[string]string{"A": "192.0.2.7", "TXT": `"x"`, "MX": "10 mail.example.", "SRV": "1 1 1 a.example.", "CNAME": "a.example."}
	n := 0
	try := func(c aws.Config, zone string, changes ...string) error {
		n++
		var list []types.Change
		for _, x := range changes {
			f := strings.Fields(x)
			list = append(list, types.Change{Action: types.ChangeAction(f[0]), ResourceRecordSet: &types.ResourceRecordSet{
				Name: aws.String(f[1]), Type: types.RRType(f[2]), TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String(value[f[2]])}},
			}})
		}
		_, err := route53.NewFromConfig(c).ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{HostedZoneId: aws.String(zone), ChangeBatch: &types.ChangeBatch{Changes: list}})
		return err
	}
	s.role("nodes", trustRoot, nodePolicy(zone))
	nodes := s.as("nodes")
	for _, ok := range [][]string{
		{"CREATE a.nodes.unilans.net A"},
		{"CREATE B.NODES.unilans.net. A", "CREATE i-1._rollcall.b.nodes.unilans.net TXT"},
		{"DELETE a.nodes.unilans.net A", "CREATE a.b.c.nodes.unilans.net TXT"},
		{`CREATE \052.star.unilans.net A`},
	} {
		if err := try(nodes, zone, ok...); err != nil {
			t.Errorf("%v: %v", ok, err)
		}
	}
	for _, no := range [][]string{
		{"CREATE other.unilans.net A"},
		{"CREATE nodes.unilans.net A"},
		{"CREATE x.star.unilans.net A"},
		{"CREATE c.nodes.unilans.net MX"},
		{"CREATE c.nodes.unilans.net CNAME"},
		{"UPSERT c.nodes.unilans.net A"},
		{"CREATE c.nodes.unilans.net A", "CREATE other.unilans.net A"},
		{"CREATE c.nodes.unilans.net A", "CREATE c.nodes.unilans.net MX"},
		{"CREATE c.nodes.unilans.net A", "UPSERT d.nodes.unilans.net A"},
	} {
		if err := try(nodes, zone, no...); err == nil || !strings.Contains(err.Error(), "AccessDenied") || !strings.Contains(err.Error(), "assumed-role/nodes/tester is not authorized to perform: route53:ChangeResourceRecordSets on resource: arn:aws:route53:::hostedzone/"+zone) {
			t.Errorf("%v: %v", no, err)
		}
	}
	if err := try(nodes, "Z0OTHER", "CREATE c.nodes.unilans.net A"); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("another zone: %v", err)
	}
	// Each of these takes something away that a node needs.
	for _, less := range [][2]string{
		{`["CREATE","DELETE"]`, `["DELETE"]`},
		{`"*.nodes.unilans.net"`, `"*.hosts.unilans.net"`},
		{`["A","SRV","TXT"]`, `["SRV","TXT"]`},
		{"hostedzone/" + zone, "hostedzone/Z0OTHER"},
		{`"Sid":"Write","Effect":"Allow"`, `"Sid":"Write","Effect":"Deny"`},
		{`ForAllValues:StringLike`, `ForNobody:StringLike`},
		{`ForAllValues:StringEquals`, `StringNotEquals`},
		{`NormalizedRecordNames":"false"`, `NormalizedRecordNames":"true"`},
		{`"route53:ChangeResourceRecordSets"`, `"route53:ChangeRecordSets"`},
	} {
		text := strings.ReplaceAll(nodePolicy(zone), less[0], less[1])
		if text == nodePolicy(zone) {
			t.Fatalf("there is no %s", less[0])
		}
		if a := s.iam("PutRolePolicy", "RoleName", "nodes", "PolicyName", "p", "PolicyDocument", text); a.status != 200 {
			t.Fatal(a.body)
		}
		if err := try(nodes, zone, "CREATE z.nodes.unilans.net A"); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("%s for %s: %v", less[1], less[0], err)
		}
	}
	// And a role without any policy may do nothing, but ask who it is.
	s.role("bare", trustRoot, "")
	bare := s.as("bare")
	if err := try(bare, zone, "CREATE z.nodes.unilans.net A"); err == nil {
		t.Error("a role without a policy wrote")
	}
	if _, err := sts.NewFromConfig(bare).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Error(err)
	}
}

func TestConditionsHoldAsTheGuideSaysOfThem(t *testing.T) {
	for _, tc := range []struct {
		operator      string
		wanted, given []string
		want          bool
	}{
		{"StringEquals", []string{"a", "b"}, []string{"b"}, true},
		{"StringEquals", []string{"a"}, []string{"A"}, false},
		{"StringEquals", []string{"a"}, nil, false},
		{"StringEqualsIfExists", []string{"a"}, nil, true},
		{"StringEqualsIgnoreCase", []string{"a"}, []string{"A"}, true},
		{"StringNotEquals", []string{"a"}, []string{"b"}, true},
		{"StringNotEquals", []string{"a"}, []string{"a"}, false},
		{"StringNotEquals", []string{"a"}, nil, true},
		{"StringLike", []string{"i-*._rollcall.?ww"}, []string{"i-0._rollcall.www"}, true},
		{"StringLike", []string{"i-*"}, []string{"xi-1"}, false},
		{"ForAllValues:StringEquals", []string{"a", "b"}, []string{"b", "a"}, true},
		{"ForAllValues:StringEquals", []string{"a", "b"}, []string{"b", "c"}, false},
		{"ForAllValues:StringEquals", []string{"a"}, nil, true},
		{"ForAllValues:StringEquals", []string{"a"}, []string{""}, true},
		{"ForAllValues:StringNotEquals", []string{"a"}, []string{"b", "a"}, false},
		{"ForAllValues:StringNotEquals", []string{"a"}, []string{"b", "c"}, true},
		{"ForAllValues:StringNotEquals", []string{"a"}, nil, true},
		{"ForAllValues:StringLike", []string{"a*"}, []string{"ab", "ac"}, true},
		{"ForAllValues:StringLike", []string{"a*"}, []string{"ab", "xc"}, false},
		{"ForAnyValue:StringEquals", []string{"a"}, []string{""}, false},
		{"ForAnyValue:StringNotEquals", []string{"a"}, []string{"a", "b"}, true},
		{"ForAnyValue:StringNotEquals", []string{"a"}, nil, false},
		{"Null", []string{"false"}, []string{""}, false},
		{"ForAnyValue:StringEquals", []string{"a"}, []string{"c", "a"}, true},
		{"ForAnyValue:StringEquals", []string{"a"}, nil, false},
		{"Null", []string{"false"}, []string{"x"}, true},
		{"Null", []string{"false"}, nil, false},
		{"Null", []string{"true"}, nil, true},
		{"Null", []string{"true"}, []string{"x"}, false},
		{"DateGreaterThan", []string{"x"}, []string{"x"}, false},
	} {
		if got := holds(tc.operator, tc.wanted, tc.given); got != tc.want {
			t.Errorf("%s %v of %v: %v", tc.operator, tc.wanted, tc.given, got)
		}
	}
}

func TestARoleIsTakenOnForAWhileByWhomItTrusts(t *testing.T) {
	s := newSite(t)
	s.role("trusting", trustRoot, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:*","Resource":"*"}]}`)
	s.role("guarded", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"sesame"}}}]}`, "")
	ask := func(params ...string) answer {
		return s.send(request{service: "sts", body: form(stsVersion, "AssumeRole", params...)})
	}
	arn := "arn:aws:iam::123456789012:role/"
	for what, tc := range map[string]struct {
		params []string
		code   string
	}{
		"a role for machines":  {[]string{"RoleArn", arn + NodeProfile, "RoleSessionName", "me"}, "AccessDenied"},
		"no such role":         {[]string{"RoleArn", arn + "nobody", "RoleSessionName", "me"}, "AccessDenied"},
		"another account":      {[]string{"RoleArn", "arn:aws:iam::999988887777:role/trusting", "RoleSessionName", "me"}, "AccessDenied"},
		"without external id":  {[]string{"RoleArn", arn + "guarded", "RoleSessionName", "me"}, "AccessDenied"},
		"no role":              {[]string{"RoleSessionName", "me"}, "ValidationError"},
		"no session name":      {[]string{"RoleArn", arn + "trusting"}, "ValidationError"},
		"a short session name": {[]string{"RoleArn", arn + "trusting", "RoleSessionName", "x"}, "ValidationError"},
		"an odd session name":  {[]string{"RoleArn", arn + "trusting", "RoleSessionName", "a b"}, "ValidationError"},
		"too short":            {[]string{"RoleArn", arn + "trusting", "RoleSessionName", "me", "DurationSeconds", "899"}, "ValidationError"},
		"too long":             {[]string{"RoleArn", arn + "trusting", "RoleSessionName", "me", "DurationSeconds", "43201"}, "ValidationError"},
		"longer than the role": {[]string{"RoleArn", arn + "trusting", "RoleSessionName", "me", "DurationSeconds", "7200"}, "ValidationError"},
	} {
		if a := ask(tc.params...); a.code() != tc.code {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	if a := ask("RoleArn", arn+"guarded", "RoleSessionName", "me", "ExternalId", "sesame"); a.status != 200 {
		t.Error(a.body)
	}
	a := ask("RoleArn", arn+"trusting", "RoleSessionName", "me", "DurationSeconds", "900")
	field := func(name string) string {
		_, rest, _ := strings.Cut(a.body, "<"+name+">")
		v, _, _ := strings.Cut(rest, "</"+name+">")
		return v
	}
	if a.status != 200 || !strings.HasPrefix(field("AccessKeyId"), "ASIA") || field("Arn") != "arn:aws:sts::123456789012:assumed-role/trusting/me" {
		t.Fatal(a.body)
	}
	until, err := time.Parse(time.RFC3339, field("Expiration"))
	if left := time.Until(until); err != nil || left < 14*time.Minute || left > 15*time.Minute {
		t.Errorf("it is good for %s, %v", left, err)
	}
	with := func(key, secret, token string) answer {
		return s.send(request{service: "sts", body: form(stsVersion, "GetCallerIdentity"), keyID: key, secret: secret, header: map[string]string{"X-Amz-Security-Token": token}})
	}
	id, secret, token := field("AccessKeyId"), field("SecretAccessKey"), field("SessionToken")
	if got := with(id, secret, token); got.status != 200 || !strings.Contains(got.body, "assumed-role/trusting/me") {
		t.Error(got.body)
	}
	old := s.w.Credentials.SessionKeys(world.Session{Role: "trusting", Name: "me", Until: time.Now().Add(-time.Second)})
	for what, tc := range map[string]struct {
		got  answer
		code string
	}{
		"ended":               {with(old.KeyID, old.Secret, old.Token), "ExpiredToken"},
		"no token":            {s.send(request{service: "sts", body: form(stsVersion, "GetCallerIdentity"), keyID: id, secret: secret}), "InvalidClientTokenId"},
		"another token":       {with(id, secret, old.Token), "InvalidClientTokenId"},
		"a token of nobody":   {with(id, secret, "e30=."+url.QueryEscape(token)), "InvalidClientTokenId"},
		"another secret":      {with(id, "wrong", token), "SignatureDoesNotMatch"},
		"the user's own keys": {with(s.w.Credentials.AWSKeyID, s.w.Credentials.AWSSecret, token), "InvalidClientTokenId"},
	} {
		if tc.got.code() != tc.code {
			t.Errorf("%s: %d %s", what, tc.got.status, tc.got.body)
		}
	}
}
