package userdata

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/sim/world"
)

// userNode is a node on Triton that has in its metadata the access key of an IAM user with a policy, and
// the configuration of an AWS client with that key.
func userNode(t *testing.T, policy func(w *world.World) Policy) (*rig, aws.Config) {
	t.Helper()
	s := startSim(t)
	r := newRig(t, s, providers.Triton, providers.Route53, 1)
	e := s.Endpoints()
	as := func(id, secret string) aws.Config {
		return aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(e.AWS), Credentials: credentials.NewStaticCredentialsProvider(id, secret, "")}
	}
	api, ctx, name := iam.NewFromConfig(as(e.AWSKeyID, e.AWSSecret)), t.Context(), aws.String("rollcall-node-triton")
	if _, err := api.CreateUser(ctx, &iam.CreateUserInput{UserName: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := api.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("nodes"), PolicyDocument: aws.String(policy(s.World()).JSON())}); err != nil {
		t.Fatal(err)
	}
	out, err := api.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name})
	if err != nil {
		t.Fatal(err)
	}
	id, secret := *out.AccessKey.AccessKeyId, *out.AccessKey.SecretAccessKey
	r.write(filepath.Join(r.dir, "md", "aws-access-key-id"), id+"\n")
	r.write(filepath.Join(r.dir, "md", "aws-secret-access-key"), secret+"\n")
	return r, as(id, secret)
}

// tritonPolicy is what the nodes of a service on Triton need in the Route 53 zone of the world.
func tritonPolicy(service, kind string) func(w *world.World) Policy {
	return func(w *world.World) Policy {
		z := w.Zones(providers.Route53)[0]
		return NodePolicy(adapters.Declared(providers.Triton).IDPattern, []PolicyService{{Name: service + "." + z.Name, Kind: kind, Zone: z.Name, ZoneID: z.ID}}, nil)
	}
}

func TestANodeOnTritonDoesAllOfItsWorkWithAKeyOfAUserThatHasThePolicyOfItsService(t *testing.T) {
	r, as := userNode(t, tritonPolicy("pool", "round-robin"))
	r.must("register")
	r.wantHeld(r.cfg.Service + " A " + r.addr)
	// Its key opens nothing else.
	zone := r.sim.World().Zones(providers.Route53)[0].ID
	api := route53.NewFromConfig(as)
	for _, c := range []struct{ zone, action, name, typ, value string }{
		{zone, "CREATE", "other.unilans.net", "A", "192.0.2.7"},
		{zone, "CREATE", "unilans.net", "A", "192.0.2.7"},
		{zone, "CREATE", "x.pool.unilans.net", "A", "192.0.2.7"},
		{zone, "CREATE", "pool.unilans.net", "MX", "10 mail.example."},
		{zone, "UPSERT", "pool.unilans.net", "A", "192.0.2.7"},
		{zone, "CREATE", "i-0123456789abcdef0._rollcall.pool.unilans.net", "TXT", `"x"`}, // as a node on EC2
		{"Z0OTHER", "CREATE", "pool.unilans.net", "A", "192.0.2.7"},
	} {
		_, err := api.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{HostedZoneId: aws.String(c.zone), ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{
			Action: types.ChangeAction(c.action), ResourceRecordSet: &types.ResourceRecordSet{Name: aws.String(c.name), Type: types.RRType(c.typ), TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String(c.value)}}},
		}}}})
		if err == nil || !strings.Contains(err.Error(), "AccessDenied") || !strings.Contains(err.Error(), ":user/rollcall-node-triton is not authorized to perform: route53:ChangeResourceRecordSets") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := api.ListHostedZones(t.Context(), &route53.ListHostedZonesInput{}); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("it lists every zone: %v", err)
	}
	if _, err := iam.NewFromConfig(as).CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{}); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("it makes itself another key: %v", err)
	}
	r.must("deregister")
	r.wantHeld()
}

func TestANodeOnTritonSaysWhatThePolicyOfItsKeyDoesNotAllow(t *testing.T) {
	for what, policy := range map[string]func(w *world.World) Policy{
		"of another service": tritonPolicy("else", "round-robin"),
		"of nodes on EC2":    poolPolicy("pool", "round-robin"), // whose markers begin with i-
		"of another zone": func(*world.World) Policy {
			return NodePolicy(adapters.Declared(providers.Triton).IDPattern, []PolicyService{{Name: "pool.unilans.net", Kind: "round-robin", Zone: "unilans.net", ZoneID: "Z0OTHER"}}, nil)
		},
		"that may do nothing": func(*world.World) Policy { return Policy{Version: policyVersion, Statement: []Statement{}} },
	} {
		t.Run("a policy "+what, func(t *testing.T) {
			r, _ := userNode(t, policy)
			code, said := r.run("register")
			if code == 0 || !strings.Contains(said, "AccessDenied") || !strings.Contains(said, ":user/rollcall-node-triton is not authorized to perform: route53:") {
				t.Errorf("exit code %d, %s", code, said)
			}
			r.wantHeld()
		})
	}
}
