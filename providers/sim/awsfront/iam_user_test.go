package awsfront

import (
	"strings"
	"testing"
)

func TestAUserHasKeysThatItsPoliciesAreHeldTo(t *testing.T) {
	s := newSite(t)
	must := func(action string, params ...string) answer {
		t.Helper()
		a := s.iam(action, params...)
		if a.status != 200 {
			t.Fatalf("%s %v: %d %s", action, params, a.status, a.body)
		}
		return a
	}
	field := func(a answer, name string) string {
		_, rest, _ := strings.Cut(a.body, "<"+name+">")
		v, _, _ := strings.Cut(rest, "</"+name+">")
		return v
	}
	must("CreateUser", "UserName", "node")
	if a := s.iam("CreateUser", "UserName", "NODE"); a.code() != "EntityAlreadyExists" {
		t.Error(a.body)
	}
	key := must("CreateAccessKey", "UserName", "node")
	id, secret := field(key, "AccessKeyId"), field(key, "SecretAccessKey")
	if !strings.HasPrefix(id, "AKIA") || len(id) != 20 || len(secret) != 40 {
		t.Fatalf("the key %s with %d characters", id, len(secret))
	}
	second := field(must("CreateAccessKey", "UserName", "node"), "AccessKeyId")
	if a := s.iam("CreateAccessKey", "UserName", "node"); a.code() != "LimitExceeded" || second == id {
		t.Error(a.body)
	}
	must("DeleteAccessKey", "UserName", "node", "AccessKeyId", second)
	as := func(q request) answer {
		q.keyID, q.secret = id, secret
		return s.send(q)
	}
	who := request{service: "sts", body: form(stsVersion, "GetCallerIdentity")}
	list := request{service: "route53", method: "GET", path: r53Path + "hostedzone"}
	if a := as(who); a.status != 200 || !strings.Contains(a.body, ":user/node<") || !strings.Contains(a.body, field(s.iam("GetUser", "UserName", "node"), "UserId")) {
		t.Error(a.body)
	}
	if a := as(list); a.code() != "AccessDenied" || !strings.Contains(a.body, ":user/node is not authorized to perform: route53:ListHostedZones") {
		t.Error(a.body)
	}
	allow := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"route53:ListHostedZones","Resource":"*"}}`
	must("PutUserPolicy", "UserName", "node", "PolicyName", "inline", "PolicyDocument", allow)
	if a := as(list); a.status != 200 {
		t.Error(a.body)
	}
	if a := s.iam("GetUserPolicy", "UserName", "node", "PolicyName", "inline"); !strings.Contains(a.body, "ListHostedZones") || !strings.Contains(must("ListUserPolicies", "UserName", "node").body, "inline") {
		t.Error(a.body)
	}
	must("DeleteUserPolicy", "UserName", "node", "PolicyName", "inline")
	if a := as(list); a.code() != "AccessDenied" {
		t.Error(a.body)
	}
	long := strings.Replace(allow, `"*"`, `"`+strings.Repeat("x", 2000)+`"`, 1)
	if a := s.iam("PutUserPolicy", "UserName", "node", "PolicyName", "long", "PolicyDocument", long); a.code() != "LimitExceeded" {
		t.Error(a.body)
	}
	arn := field(must("CreatePolicy", "PolicyName", "managed", "PolicyDocument", strings.Replace(long, strings.Repeat("x", 2000), "*", 1)), "Arn")
	must("AttachUserPolicy", "UserName", "node", "PolicyArn", arn)
	if a := as(list); a.status != 200 || !strings.Contains(must("ListAttachedUserPolicies", "UserName", "node").body, arn) {
		t.Error(a.body)
	}
	// A denial of one policy counts more than what another allows.
	must("PutUserPolicy", "UserName", "node", "PolicyName", "deny", "PolicyDocument", strings.Replace(allow, "Allow", "Deny", 1))
	if a := as(list); a.code() != "AccessDenied" || !strings.Contains(a.body, "explicit deny") {
		t.Error(a.body)
	}
	for action, params := range map[string][]string{"DeleteUser": {"UserName", "node"}, "DeletePolicy": {"PolicyArn", arn}} {
		if a := s.iam(action, params...); a.code() != "DeleteConflict" {
			t.Errorf("%s: %s", action, a.body)
		}
	}
	must("UpdateAccessKey", "UserName", "node", "AccessKeyId", id, "Status", "Inactive")
	if a := as(who); a.code() != "InvalidClientTokenId" {
		t.Error(a.body)
	}
	must("UpdateAccessKey", "UserName", "node", "AccessKeyId", id, "Status", "Active")
	if a := as(who); a.status != 200 {
		t.Error(a.body)
	}
	must("DeleteAccessKey", "UserName", "node", "AccessKeyId", id)
	if a := as(who); a.code() != "InvalidClientTokenId" {
		t.Error(a.body)
	}
	must("DeleteUserPolicy", "UserName", "node", "PolicyName", "deny")
	must("DetachUserPolicy", "UserName", "node", "PolicyArn", arn)
	must("DeletePolicy", "PolicyArn", arn)
	must("DeleteUser", "UserName", "node")
	if a := s.iam("GetUser", "UserName", "node"); a.code() != "NoSuchEntity" {
		t.Error(a.body)
	}
}
