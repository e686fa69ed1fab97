package ec2_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"rollcall/providers"
	"rollcall/providers/awsapi/mototest"
	"rollcall/providers/budget"
	"rollcall/providers/ec2"
	"rollcall/providers/sim/world"
)

// groupXML is a target group of an answer that a load balancer uses.
func groupXML(name, kind, vpc string) string {
	return `<member><TargetGroupArn>arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/` + name + `/1</TargetGroupArn><TargetGroupName>` + name +
		`</TargetGroupName><VpcId>` + vpc + `</VpcId><TargetType>` + kind + `</TargetType><LoadBalancerArns><member>arn:lb</member></LoadBalancerArns></member>`
}

func groupsXML(next string, groups ...string) http.HandlerFunc {
	return xmlAnswer(`<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups>` + strings.Join(groups, "") + `</TargetGroups>` + next + `</DescribeTargetGroupsResult></DescribeTargetGroupsResponse>`)
}

// targetXML is a target of an answer; state may have more elements after it.
func targetXML(id, zone, state string) string {
	return `<member><Target><Id>` + id + `</Id><Port>80</Port><AvailabilityZone>` + zone + `</AvailabilityZone></Target><TargetHealth>` + state + `</TargetHealth></member>`
}

func healthXML(targets ...string) http.HandlerFunc {
	return xmlAnswer(`<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions>` + strings.Join(targets, "") + `</TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>`)
}

// balancerError answers with an error in the form of Elastic Load Balancing.
func balancerError(status int, code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`, code, message)
	}
}

// inVPC answers a list of instances with one in a network.
func inVPC(vpc string) http.HandlerFunc {
	return xmlAnswer(describeAnswer("", running(anID)+`<vpcId>`+vpc+`</vpcId><privateIpAddress>10.16.0.7</privateIpAddress>`))
}

func names(groups []providers.TargetGroup) (out []string) {
	for i := range groups {
		out = append(out, groups[i].Name)
	}
	return out
}

func TestTargetGroupsAreReadToTheLastPageAndATokenThatRepeatsIsNotTheEnd(t *testing.T) {
	one, two := groupXML("tg-a", "instance", "vpc-1"), groupXML("tg-b", "ip", "vpc-1")
	healthy := healthXML(targetXML(anID, "", "<State>healthy</State>"), targetXML("10.16.0.7", "us-east-1a", "<State>healthy</State>"))
	for name, end := range map[string]string{"without a marker": "", "with an empty marker": "<NextMarker/>"} {
		c, _ := fakeCloud(t, handlers{
			"DescribeTargetGroups": sequence(groupsXML("<NextMarker>m1</NextMarker>", one), groupsXML(end, two)), "DescribeInstances": inVPC("vpc-1"), "DescribeTargetHealth": healthy,
		})
		got := c.TargetGroups(t.Context(), []string{anID})
		if got.Unknown != "" || !slices.Equal(names(got.Groups), []string{"tg-a", "tg-b"}) {
			t.Errorf("the last page %s: %+v", name, got)
		}
	}
	c, _ := fakeCloud(t, handlers{"DescribeTargetGroups": groupsXML("<NextMarker>m1</NextMarker>", one)})
	if got := c.TargetGroups(t.Context(), []string{anID}); !strings.Contains(got.Unknown, "repeats") {
		t.Errorf("a loop: %+v", got)
	}
}

func TestGroupsThatNoLoadBalancerUsesCostNoCall(t *testing.T) {
	idle := strings.ReplaceAll(groupXML("tg-idle", "instance", "vpc-1"), "<member>arn:lb</member>", "")
	c, _ := fakeCloud(t, handlers{"DescribeTargetGroups": groupsXML("", idle, groupXML("fn", "lambda", ""), groupXML("lb", "alb", "vpc-1"))})
	if got := c.TargetGroups(t.Context(), []string{anID}); got.Unknown != "" || len(got.Groups) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestATargetIsTheInstanceByItsIDOrByAnAddressOfItsNetwork(t *testing.T) {
	for _, x := range []struct{ what, kind, vpc, target, zone, want string }{
		{"by its id", "instance", "vpc-1", anID, "", anID},
		{"another's id", "instance", "vpc-1", "i-0bbbbbbbbbbbbbbbb", "", ""},
		{"by its address", "ip", "vpc-1", "10.16.0.7", "us-east-1a", anID},
		{"the same address in another network", "ip", "vpc-2", "10.16.0.7", "us-east-1a", ""},
		{"its address from a peered network", "ip", "vpc-2", "10.16.0.7", "all", anID},
	} {
		c, _ := fakeCloud(t, handlers{
			"DescribeTargetGroups": groupsXML("", groupXML("tg", x.kind, x.vpc)), "DescribeInstances": inVPC("vpc-1"), "DescribeTargetHealth": healthXML(targetXML(x.target, x.zone, "<State>healthy</State>")),
		})
		got := c.TargetGroups(t.Context(), []string{anID})
		if got.Unknown != "" || (len(got.Groups) == 1) != (x.want != "") || len(got.Groups) == 1 && got.Groups[0].Targets[0].Instance != x.want {
			t.Errorf("%s: %+v", x.what, got)
		}
	}
	c, _ := fakeCloud(t, handlers{"DescribeTargetGroups": groupsXML("", groupXML("tg", "instance", "vpc-2")), "DescribeInstances": inVPC("vpc-1")}) // a call for its targets fails the test
	if got := c.TargetGroups(t.Context(), []string{anID}); got.Unknown != "" || len(got.Groups) != 0 {
		t.Errorf("a group of instances in another network: %+v", got)
	}
}

func TestWhatALoadBalancerDoesNotSayOfATargetIsUnknown(t *testing.T) {
	for state, want := range map[string]struct {
		health providers.TargetHealth
		text   string
	}{
		"<State>healthy</State>": {providers.TargetHealthy, "healthy"},
		"<State>draining</State><Reason>Target.DeregistrationInProgress</Reason>": {providers.TargetNotHealthy, "draining, Target.DeregistrationInProgress"},
		"<State>unavailable</State><Reason>Target.HealthCheckDisabled</Reason>":   {providers.TargetUnknown, "unavailable, Target.HealthCheckDisabled"},
		"<State>odd&#x9b;2J</State>": {providers.TargetUnknown, "odd2J"},
		"":                           {providers.TargetUnknown, "health unknown"},
	} {
		c, _ := fakeCloud(t, handlers{
			"DescribeTargetGroups": groupsXML("", groupXML("tg", "instance", "vpc-1")), "DescribeInstances": inVPC("vpc-1"), "DescribeTargetHealth": healthXML(targetXML(anID, "", state)),
		})
		got := c.TargetGroups(t.Context(), []string{anID})
		if len(got.Groups) != 1 || got.Groups[0].Targets[0].Health != want.health || got.Groups[0].Targets[0].State != want.text {
			t.Errorf("%s: %+v", state, got)
		}
	}
}

func TestTargetGroupsThatCannotBeAskedAreUnknownAndNotNone(t *testing.T) {
	some, here := groupsXML("", groupXML("tg", "instance", "vpc-1")), inVPC("vpc-1")
	denied := balancerError(http.StatusForbidden, "AccessDenied", "User is not authorized to perform this")
	for name, x := range map[string]struct {
		h    handlers
		want string
	}{
		"the list is denied":           {handlers{"DescribeTargetGroups": denied}, "the permission elasticloadbalancing:DescribeTargetGroups is missing"},
		"the health is denied":         {handlers{"DescribeTargetGroups": some, "DescribeInstances": here, "DescribeTargetHealth": denied}, "the permission elasticloadbalancing:DescribeTargetHealth is missing"},
		"there is no such service":     {handlers{"DescribeTargetGroups": balancerError(http.StatusBadRequest, "InvalidAction", "Could not find operation")}, "Could not find operation"},
		"the service is down":          {handlers{"DescribeTargetGroups": balancerError(http.StatusInternalServerError, "InternalFailure", "down")}, "down"},
		"it hangs up":                  {handlers{"DescribeTargetGroups": some, "DescribeInstances": here, "DescribeTargetHealth": hangUp}, "ask for the targets of tg: "},
		"the instance is not answered": {handlers{"DescribeTargetGroups": some, "DescribeInstances": xmlAnswer(describeAnswer(""))}, "lacks " + anID},
	} {
		c, _ := fakeCloud(t, x.h)
		if got := c.TargetGroups(t.Context(), []string{anID}); !strings.Contains(got.Unknown, x.want) || len(got.Groups) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	c, _ := fakeCloud(t, handlers{"DescribeTargetGroups": some, "DescribeInstances": here, "DescribeTargetHealth": balancerError(http.StatusBadRequest, "TargetGroupNotFound", "gone")})
	if got := c.TargetGroups(t.Context(), []string{anID}); got.Unknown != "" || len(got.Groups) != 0 {
		t.Errorf("a group that went meanwhile: %+v", got)
	}
	c, _ = fakeCloud(t, handlers{"DescribeTargetGroups": denied, "DescribeInstanceAttribute": attributes("false", "false")})
	if got, err := c.Condition(t.Context(), anID); err != nil || got.Checks == "" || len(got.Targets) != 0 || len(got.Unchecked) != 1 || !strings.HasPrefix(got.Unchecked[0], "target groups unknown: the permission") {
		t.Errorf("in the detail: %+v, %v", got, err)
	}
}

func TestThousandsOfTargetGroupsCostABoundedNumberOfCalls(t *testing.T) {
	var groups []string
	for n := range 3000 {
		groups = append(groups, groupXML(fmt.Sprintf("tg-%04d", n), "instance", "vpc-1"))
	}
	var calls atomic.Int32
	health := healthXML(targetXML(anID, "", "<State>healthy</State>"))
	c, _ := fakeCloud(t, handlers{
		"DescribeTargetGroups": sequence(groupsXML("<NextMarker>400</NextMarker>", groups[:400]...), groupsXML("", groups[400:]...)), "DescribeInstances": inVPC("vpc-1"),
		"DescribeTargetHealth": func(w http.ResponseWriter, r *http.Request) { calls.Add(1); health(w, r) },
	})
	got := c.TargetGroups(t.Context(), []string{anID})
	if calls.Load() != 200 || len(got.Groups) != 200 || got.Groups[199].Name != "tg-0199" || got.Unknown != "200 of 3000 are asked, the most in one read" {
		t.Errorf("%d calls, %d groups, %q", calls.Load(), len(got.Groups), got.Unknown)
	}
}

func TestTheTargetsOfTheEmbeddedCloudsFollowTheirInstances(t *testing.T) {
	s, cfg := startSim(t, 0)
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	group := s.World().TargetGroups("aws-use1")[0]
	id := group.Targets[0].ID
	node, err := s.World().Instance("aws-use1", id)
	if err != nil {
		t.Fatal(err)
	}
	s.World().AddTargetGroup("aws-use1", world.TargetGroup{Name: "tg-ip", ID: "1", ByAddress: true, Port: 80, Balancer: "arn:lb", Targets: []world.Target{{ID: node.Private.String(), Port: 80}}})
	got, err := c.Condition(t.Context(), id)
	if want := []string{"in target group tg-ip (healthy; last healthy of 1)", "in target group tg-www (healthy; 6 of 6 healthy)"}; err != nil || !slices.Equal(got.Targets, want) || len(got.Unchecked) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	var others []world.Target
	for _, t := range group.Targets[1:] {
		others = append(others, world.Target{ID: t.ID, Port: t.Port})
	}
	s.World().EditTargets("aws-use1", group.ID, nil, others)
	if got, err := c.Condition(t.Context(), id); err != nil || len(got.Targets) != 2 || got.Targets[1] != "in target group tg-www (healthy; last healthy of 6)" {
		t.Errorf("others drain: %+v, %v", got, err)
	}
	if err := s.World().SetFault("aws-use1", world.ServerError); err != nil {
		t.Fatal(err)
	}
	if got := c.TargetGroups(t.Context(), []string{id}); got.Unknown == "" || len(got.Groups) != 0 {
		t.Errorf("under a fault: %+v", got)
	}
}

func TestTargetsAreUnderstoodAsMotoSaysThem(t *testing.T) {
	url := mototest.Start(t)
	cfg := ec2.Config{Name: "moto", AWS: staticConfig("us-east-1"), Endpoint: url, Budget: budget.New("moto", 20, 100)}
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	sdk, lb, ctx := awsec2.NewFromConfig(*cfg.AWS, func(o *awsec2.Options) { o.BaseEndpoint = &url }), elb.NewFromConfig(*cfg.AWS, func(o *elb.Options) { o.BaseEndpoint = &url }), t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	subnets, err := sdk.DescribeSubnets(ctx, nil)
	check(err)
	vpc := subnets.Subnets[0].VpcId
	made, err := sdk.RunInstances(ctx, &awsec2.RunInstancesInput{ImageId: aws.String("ami-12c6146b"), InstanceType: ec2types.InstanceTypeT3Micro, MinCount: aws.Int32(2), MaxCount: aws.Int32(2), SubnetId: subnets.Subnets[0].SubnetId})
	check(err)
	balancer, err := lb.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{Name: aws.String("front"), Subnets: []string{*subnets.Subnets[0].SubnetId, *subnets.Subnets[1].SubnetId}})
	check(err)
	for n, kind := range []types.TargetTypeEnum{types.TargetTypeEnumInstance, types.TargetTypeEnumIp} {
		g, err := lb.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{Name: aws.String("tg-" + string(kind)), Port: aws.Int32(80), Protocol: types.ProtocolEnumHttp, VpcId: vpc, TargetType: kind})
		check(err)
		arn := g.TargetGroups[0].TargetGroupArn
		_, err = lb.CreateListener(ctx, &elb.CreateListenerInput{
			LoadBalancerArn: balancer.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(int32(80 + n)), Protocol: types.ProtocolEnumHttp,
			DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: arn}},
		})
		check(err)
		var targets []types.TargetDescription
		for _, i := range made.Instances {
			id := i.InstanceId
			if kind == types.TargetTypeEnumIp {
				id = i.PrivateIpAddress
			}
			targets = append(targets, types.TargetDescription{Id: id})
		}
		_, err = lb.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: arn, Targets: targets})
		check(err)
	}
	id := *made.Instances[0].InstanceId
	got := c.TargetGroups(ctx, []string{id})
	if got.Unknown != "" || !slices.Equal(names(got.Groups), []string{"tg-instance", "tg-ip"}) {
		t.Fatalf("%+v", got)
	}
	for i := range got.Groups {
		g := &got.Groups[i]
		if len(g.Of(id)) != 1 || len(g.Targets) != 2 || g.ByAddress != (i == 1) || !strings.Contains(g.Describe(id, nil), "2 of 2 healthy") {
			t.Errorf("%+v", g)
		}
	}
}
