package ec2_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"rollcall/providers"
	"rollcall/providers/ec2"
	"rollcall/providers/sim/world"
)

func testProfile(name string) ec2.NodeProfile {
	return ec2.NodeProfile{
		Name: name, Description: "nodes of fleet 7f3a9c1e",
		Trust:  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":["sts:AssumeRole"]}]}`,
		Policy: `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":["route53:ListResourceRecordSets"],"Resource":["arn:aws:route53:::hostedzone/Z1 +%"]}]}`,
	}
}

func TestAProfileIsMadeOnceAndLaunchesRunWithIt(t *testing.T) {
	s, cfg := startSim(t, 0)
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	p := testProfile("www-nodes")
	todo, err := c.MissingProfile(ctx, p)
	if err != nil || len(todo) != 4 || !strings.HasPrefix(todo[0], "role www-nodes") {
		t.Fatalf("to do: %q, %v", todo, err)
	}
	if again, _ := c.MissingProfile(ctx, p); len(again) != 4 {
		t.Error("asking made something")
	}
	if err := s.World().SetFault("aws-use1", world.LostReply); err != nil {
		t.Fatal(err)
	}
	for range 8 { // a lost reply may end a try; the next one carries on
		if err = c.CreateProfile(ctx, p); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.World().SetFault("aws-use1", world.NoFault); err != nil {
		t.Fatal(err)
	}
	if todo, err := c.MissingProfile(ctx, p); err != nil || len(todo) != 0 {
		t.Errorf("still to do: %q, %v", todo, err)
	}
	if err := c.CreateProfile(ctx, p); err != nil {
		t.Errorf("a second time: %v", err)
	}
	api := iam.New(iam.Options{Region: "us-east-1", BaseEndpoint: aws.String(s.Endpoints().AWS), Credentials: cfg.AWS.Credentials})
	got, err := api.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: aws.String("www-nodes")})
	if err != nil || len(got.InstanceProfile.Roles) != 1 || aws.ToString(got.InstanceProfile.Roles[0].RoleName) != "www-nodes" {
		t.Errorf("%+v %v", got, err)
	}
	cat, err := c.Catalogue(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Launch(ctx, providers.LaunchRequest{LaunchID: "p1", Name: "www-77", Image: cat.Images[0].ID, Size: cat.Sizes[0].ID, Profile: "www-nodes"}); err != nil {
		t.Error(err)
	}
}

func TestARoleOrProfileOfSomebodyElseIsLeftAlone(t *testing.T) {
	_, cfg := startSim(t, 0)
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	mine := testProfile("mine")
	if err := c.CreateProfile(ctx, mine); err != nil {
		t.Fatal(err)
	}
	other := mine
	other.Policy = strings.Replace(mine.Policy, "ListResourceRecordSets", "*", 1)
	for what, p := range map[string]ec2.NodeProfile{"was not made for these nodes": testProfile("rollcall-node"), "has another policy": other} {
		for _, call := range []func() error{
			func() error { _, err := c.MissingProfile(ctx, p); return err },
			func() error { return c.CreateProfile(ctx, p) },
		} {
			if err := call(); providers.KindOf(err) != providers.KindConflict || !strings.Contains(err.Error(), what) {
				t.Errorf("%s: error %v", what, err)
			}
		}
	}
	if todo, err := c.MissingProfile(ctx, mine); err != nil || len(todo) != 0 {
		t.Errorf("ours was changed: %q %v", todo, err)
	}
}

func TestALaunchWaitsForAProfileThatWasJustMade(t *testing.T) {
	p := testProfile("new")
	made, runs := false, 0
	there := func(ok bool, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if !ok && !made {
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, `<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no</Message></Error></ErrorResponse>`)
				return
			}
			fmt.Fprint(w, body)
		}
	}
	done := func(w http.ResponseWriter, r *http.Request) {
		a := r.PostForm.Get("Action")
		made = a == "AddRoleToInstanceProfile"
		fmt.Fprintf(w, "<%sResponse><%sResult></%sResult></%sResponse>", a, a, a, a)
	}
	enc := func(s string) string {
		return strings.NewReplacer("%", "%25", "{", "%7B", `"`, "%22", "+", "%2B").Replace(s)
	}
	c, _ := fakeCloud(t, handlers{
		"GetRole":                  there(false, "<GetRoleResponse><GetRoleResult><Role><RoleName>new</RoleName><Description>"+p.Description+"</Description><AssumeRolePolicyDocument>"+enc(p.Trust)+"</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>"),
		"GetRolePolicy":            there(false, "<GetRolePolicyResponse><GetRolePolicyResult><PolicyDocument>"+enc(p.Policy)+"</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>"),
		"GetInstanceProfile":       there(false, "<GetInstanceProfileResponse><GetInstanceProfileResult><InstanceProfile><Roles><member><RoleName>new</RoleName></member></Roles></InstanceProfile></GetInstanceProfileResult></GetInstanceProfileResponse>"),
		"CreateRole":               done,
		"PutRolePolicy":            done,
		"CreateInstanceProfile":    done,
		"AddRoleToInstanceProfile": done,
		"RunInstances": func(w http.ResponseWriter, r *http.Request) {
			if runs++; runs == 1 {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, `<Response><Errors><Error><Code>InvalidParameterValue</Code><Message>Value (new) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name</Message></Error></Errors></Response>`)
				return
			}
			fmt.Fprint(w, `<RunInstancesResponse><instancesSet><item><instanceId>i-0123456789abcdef0</instanceId><instanceState><name>pending</name></instanceState></item></instancesSet></RunInstancesResponse>`)
		},
	})
	ctx := context.Background()
	req := providers.LaunchRequest{LaunchID: "p2", Name: "n", Image: "ami-1", Size: "t3.micro", Profile: "new"}
	if _, err := c.Launch(ctx, req); err == nil {
		t.Error("a profile that nobody has made is waited for")
	}
	if err := c.CreateProfile(ctx, p); err != nil {
		t.Fatal(err)
	}
	runs = 0
	if i, err := c.Launch(ctx, req); err != nil || i.ID != "i-0123456789abcdef0" || runs != 2 {
		t.Errorf("%+v after %d tries: %v", i, runs, err)
	}
}
