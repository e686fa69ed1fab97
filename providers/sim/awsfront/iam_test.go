package awsfront

import (
	"strings"
	"testing"
)

const somePolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

func TestIAMRefusesWhatIsThereTwiceOrStillInUse(t *testing.T) {
	s := newSite(t)
	for n, c := range []struct {
		action string
		params []string
		status int
		code   string
	}{
		{"CreateRole", []string{"RoleName", "r", "AssumeRolePolicyDocument", somePolicy}, 200, ""},
		{"CreateRole", []string{"RoleName", "r", "AssumeRolePolicyDocument", somePolicy}, 409, "EntityAlreadyExists"},
		{"CreateRole", []string{"RoleName", "q", "AssumeRolePolicyDocument", "no json"}, 400, "MalformedPolicyDocument"},
		{"CreateRole", []string{"RoleName", "a b", "AssumeRolePolicyDocument", somePolicy}, 400, "ValidationError"},
		{"GetRole", []string{"RoleName", "q"}, 404, "NoSuchEntity"},
		{"PutRolePolicy", []string{"RoleName", "r", "PolicyName", "p", "PolicyDocument", somePolicy}, 200, ""},
		{"GetRolePolicy", []string{"RoleName", "r", "PolicyName", "q"}, 404, "NoSuchEntity"},
		{"DeleteRole", []string{"RoleName", "r"}, 409, "DeleteConflict"},
		{"DeleteRolePolicy", []string{"RoleName", "r", "PolicyName", "p"}, 200, ""},
		{"CreateInstanceProfile", []string{"InstanceProfileName", "i"}, 200, ""},
		{"CreateInstanceProfile", []string{"InstanceProfileName", "i"}, 409, "EntityAlreadyExists"},
		{"AddRoleToInstanceProfile", []string{"InstanceProfileName", "i", "RoleName", "r"}, 200, ""},
		{"AddRoleToInstanceProfile", []string{"InstanceProfileName", "i", "RoleName", "r"}, 409, "LimitExceeded"},
		{"DeleteRole", []string{"RoleName", "r"}, 409, "DeleteConflict"},
		{"DeleteInstanceProfile", []string{"InstanceProfileName", "i"}, 409, "DeleteConflict"},
		{"RemoveRoleFromInstanceProfile", []string{"InstanceProfileName", "i", "RoleName", "r"}, 200, ""},
		{"DeleteInstanceProfile", []string{"InstanceProfileName", "i"}, 200, ""},
		{"DeleteRole", []string{"RoleName", "r"}, 200, ""},
		{"GetInstanceProfile", []string{"InstanceProfileName", "i"}, 404, "NoSuchEntity"},
	} {
		if a := s.iam(c.action, c.params...); a.status != c.status || a.code() != c.code {
			t.Errorf("step %d, %s %v: %d %s, want %d %s", n, c.action, c.params, a.status, a.body, c.status, c.code)
		}
	}
}

func TestPoliciesAreAnsweredURLEncodedAndListsComeInPages(t *testing.T) {
	s := newSite(t)
	s.iam("CreateRole", "RoleName", "a-role", "AssumeRolePolicyDocument", somePolicy)
	s.iam("PutRolePolicy", "RoleName", "a-role", "PolicyName", "p", "PolicyDocument", somePolicy)
	if a := s.iam("GetRolePolicy", "RoleName", "a-role", "PolicyName", "p"); !strings.Contains(a.body, "<PolicyDocument>%7B%22Version%22%3A%222012-10-17%22") {
		t.Errorf("policy: %s", a.body)
	}
	one := s.iam("ListRoles", "MaxItems", "1")
	if !strings.Contains(one.body, "<RoleName>a-role<") || !strings.Contains(one.body, "<IsTruncated>true</IsTruncated><Marker>"+NodeProfile+"<") {
		t.Errorf("first page: %s", one.body)
	}
	if two := s.iam("ListRoles", "MaxItems", "1", "Marker", NodeProfile); !strings.Contains(two.body, NodeProfile) || strings.Contains(two.body, "a-role") {
		t.Errorf("second page: %s", two.body)
	}
	if a := s.ec2("RunInstances", launchParams("IamInstanceProfile.Name", NodeProfile)...); !strings.Contains(a.body, ":instance-profile/"+NodeProfile+"<") {
		t.Errorf("launch with a profile: %s", a.body)
	}
}

func (s *site) ssm(action, body string) answer {
	s.t.Helper()
	return s.send(request{service: "ssm", body: body, header: map[string]string{"X-Amz-Target": "AmazonSSM." + action, "Content-Type": "application/x-amz-json-1.1"}})
}

func TestASecretParameterIsToldOnlyToWhoAsksForItDecrypted(t *testing.T) {
	s := newSite(t)
	if a := s.ssm("PutParameter", `{"Name":"/rollcall/token","Value":"hunter2","Type":"SecureString"}`); a.status != 200 {
		t.Fatal(a.body)
	}
	if a := s.ssm("PutParameter", `{"Name":"/rollcall/token","Value":"x","Type":"SecureString"}`); a.status != 400 || !strings.Contains(a.body, "ParameterAlreadyExists") {
		t.Errorf("again: %s", a.body)
	}
	if a := s.ssm("GetParameter", `{"Name":"/rollcall/token"}`); strings.Contains(a.body, "hunter2") || !strings.Contains(a.body, `"Type":"SecureString"`) {
		t.Errorf("encrypted: %s", a.body)
	}
	if a := s.ssm("GetParameter", `{"Name":"/rollcall/token","WithDecryption":true}`); !strings.Contains(a.body, `"Value":"hunter2"`) || !strings.Contains(a.body, `"Version":1`) {
		t.Errorf("decrypted: %s", a.body)
	}
	if a := s.ssm("GetParameters", `{"Names":["/rollcall/token","/x"],"WithDecryption":true}`); !strings.Contains(a.body, `"InvalidParameters":["/x"]`) {
		t.Errorf("several: %s", a.body)
	}
	s.fault("aws-use1", "auth")
	if a := s.ssm("GetParameter", `{"Name":"/rollcall/token"}`); !strings.Contains(a.body, "UnrecognizedClientException") {
		t.Errorf("refused: %s", a.body)
	}
}
