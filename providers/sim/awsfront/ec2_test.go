package awsfront

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

const (
	image  = "ami-0d3b1a2f4c5e60718"
	subnet = "subnet-0a1b2c3d4e5f60718"
)

// ids returns the instances of a listing, page by page.
func ids(t *testing.T, c *ec2.Client, in *ec2.DescribeInstancesInput, between func()) (all []string, pages int) {
	t.Helper()
	p := ec2.NewDescribeInstancesPaginator(c, in, func(o *ec2.DescribeInstancesPaginatorOptions) { o.StopOnDuplicateToken = true })
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, r := range out.Reservations {
			for _, i := range r.Instances {
				all = append(all, aws.ToString(i.InstanceId))
			}
		}
		if between != nil {
			between()
		}
	}
	return all, pages
}

func TestPagesGiveEveryInstanceOnceAlsoWhenOthersVanishBetweenThem(t *testing.T) {
	s := newSite(t)
	c := ec2.NewFromConfig(s.config("us-east-1"))
	list, _ := s.w.Instances("aws-use1", nil, 0, 0)
	var want []string
	for _, i := range list {
		want = append(want, i.ID)
	}
	got, pages := ids(t, c, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5)}, nil)
	if !slices.Equal(got, want) || pages != (len(want)+4)/5 {
		t.Errorf("%d instances in %d pages, want %d", len(got), pages, len(want))
	}
	// Terminated ones that were on a page already are forgotten before the next.
	if _, _, err := s.w.Do("aws-use1", want[0], world.PowerLoss); err != nil {
		t.Fatal(err)
	}
	got, _ = ids(t, c, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5)}, func() { s.at = s.at.Add(2 * time.Hour) })
	if !slices.Equal(got, want) {
		t.Errorf("instances were left out or told twice: %d of %d", len(got), len(want))
	}
}

func TestAnInstanceIsToldAsEC2TellsIt(t *testing.T) {
	s := newSite(t)
	c := ec2.NewFromConfig(s.config("us-east-1"))
	list, _ := s.w.Instances("aws-use1", func(i *world.Instance) bool { return i.State == providers.StateRunning }, 0, 1)
	want := list[0]
	out, err := c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{want.ID}})
	if err != nil {
		t.Fatal(err)
	}
	i := out.Reservations[0].Instances[0]
	eni := i.NetworkInterfaces[0]
	if aws.ToString(i.PublicIpAddress) != want.Public.String() || aws.ToString(i.PrivateIpAddress) != want.Private.String() || i.State.Name != types.InstanceStateNameRunning ||
		aws.ToString(i.KeyName) != "ops" || !i.LaunchTime.Equal(want.Launched) || aws.ToString(i.Placement.AvailabilityZone) != "us-east-1a" ||
		aws.ToString(out.Reservations[0].OwnerId) != s.w.Credentials.AWSAccount || i.MetadataOptions.HttpTokens != types.HttpTokensStateRequired {
		t.Errorf("instance %+v", i)
	}
	if aws.ToString(eni.Association.PublicIp) != want.Public.String() || aws.ToString(eni.Association.IpOwnerId) != "amazon" {
		t.Errorf("interface %+v", eni)
	}
	tags := map[string]string{}
	for _, x := range i.Tags {
		tags[aws.ToString(x.Key)] = aws.ToString(x.Value)
	}
	if tags["service"] != want.Tags["service"] {
		t.Errorf("tags %v, want %v", tags, want.Tags)
	}
}

func TestATerminatedInstanceStaysListedWithoutItsAddresses(t *testing.T) {
	s := newSite(t)
	c := ec2.NewFromConfig(s.config("us-east-1"))
	out, err := c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{Filters: []types.Filter{{Name: aws.String("instance-state-name"), Values: []string{"terminated"}}}})
	if err != nil || len(out.Reservations) != 1 {
		t.Fatalf("%d reservations, %v", len(out.Reservations), err)
	}
	i := out.Reservations[0].Instances[0]
	if i.PublicIpAddress != nil || i.PrivateIpAddress != nil || len(i.NetworkInterfaces) != 0 || aws.ToString(i.StateReason.Code) != "Client.UserInitiatedShutdown" {
		t.Errorf("instance %+v", i)
	}
	s.at = s.at.Add(2 * time.Hour)
	list, _ := ids(t, c, &ec2.DescribeInstancesInput{}, nil)
	_, total := s.w.Instances("aws-use1", nil, 0, 0)
	if len(list) != total {
		t.Errorf("%d listed of %d", len(list), total)
	}
}

func TestFiltersFindWhatTheySay(t *testing.T) {
	s := newSite(t)
	list, _ := s.w.Instances("aws-use1", nil, 0, 0)
	first := list[0]
	for _, c := range []struct {
		name, value string
		keep        func(*world.Instance) bool
	}{
		{"instance-id", first.ID, func(i *world.Instance) bool { return i.ID == first.ID }},
		{"ip-address", first.Public.String(), func(i *world.Instance) bool { return i.Public == first.Public }},
		{"private-ip-address", first.Private.String(), func(i *world.Instance) bool { return i.Private == first.Private }},
		{"image-id", image, func(i *world.Instance) bool { return i.Image == image }},
		{"instance-type", "t3.*", func(i *world.Instance) bool { return strings.HasPrefix(i.Type, "t3.") }},
		{"tag:service", "www", func(i *world.Instance) bool { return i.Tags["service"] == "www" }},
		{"tag-key", "version", func(i *world.Instance) bool { return i.Tags["version"] != "" }},
		{"instance-state-name", "terminated", func(i *world.Instance) bool { return i.State == providers.StateTerminated }},
		{"tag:service", "w*", func(i *world.Instance) bool { return strings.HasPrefix(i.Tags["service"], "w") }},
		{"tag:service", `w\*`, func(*world.Instance) bool { return false }},
	} {
		a := s.ec2("DescribeInstances", "Filter.1.Name", c.name, "Filter.1.Value.1", c.value)
		_, want := s.w.Instances("aws-use1", c.keep, 0, 0)
		if got := strings.Count(a.body, "<instanceId>"); a.status != 200 || got != want {
			t.Errorf("%s=%s: %d of %d (%s)", c.name, c.value, got, want, a.code())
		}
	}
	two := s.ec2("DescribeInstances", "Filter.1.Name", "tag:service", "Filter.1.Value.1", "www", "Filter.1.Value.2", "db", "Filter.2.Name", "instance-state-name", "Filter.2.Value.1", "running")
	_, want := s.w.Instances("aws-use1", func(i *world.Instance) bool {
		return (i.Tags["service"] == "www" || i.Tags["service"] == "db") && i.State == providers.StateRunning
	}, 0, 0)
	if got := strings.Count(two.body, "<instanceId>"); got != want {
		t.Errorf("two filters: %d of %d", got, want)
	}
}

func launchParams(more ...string) []string {
	return append([]string{"ImageId", image, "InstanceType", "t3.micro", "MinCount", "1", "MaxCount", "1"}, more...)
}

func TestALaunchWithTheSameTokenIsMadeOnce(t *testing.T) {
	s := newSite(t)
	c := ec2.NewFromConfig(s.config("us-east-1"))
	in := func() *ec2.RunInstancesInput {
		return &ec2.RunInstancesInput{
			ImageId: aws.String(image), InstanceType: types.InstanceTypeT3Micro, MinCount: aws.Int32(2), MaxCount: aws.Int32(2), ClientToken: aws.String("tok"),
			UserData:          aws.String(base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\n"))),
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("n")}}}},
		}
	}
	one, err := c.RunInstances(t.Context(), in())
	if err != nil {
		t.Fatal(err)
	}
	two, err := c.RunInstances(t.Context(), in())
	if err != nil {
		t.Fatal(err)
	}
	if len(one.Instances) != 2 || *one.Instances[0].InstanceId != *two.Instances[0].InstanceId || *one.Instances[1].InstanceId != *two.Instances[1].InstanceId || *one.ReservationId != *two.ReservationId {
		t.Errorf("launched %v, then %v", one.Instances, two.Instances)
	}
	other := in()
	other.TagSpecifications[0].Tags[0].Value = aws.String("m")
	if _, err := c.RunInstances(t.Context(), other); err == nil || !strings.Contains(err.Error(), "IdempotentParameterMismatch") {
		t.Errorf("other tags with the same token: %v", err)
	}
	out, err := c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{Filters: []types.Filter{{Name: aws.String("client-token"), Values: []string{"tok"}}}})
	if err != nil || len(out.Reservations) != 1 || len(out.Reservations[0].Instances) != 2 || *out.Reservations[0].Instances[1].ClientToken != "tok" {
		t.Errorf("found by token: %+v, %v", out, err)
	}
}

func TestUserDataOfSixteenKiBIsTakenAndOneByteMoreIsNot(t *testing.T) {
	s := newSite(t)
	data := func(n int) string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", n))) }
	a := s.ec2("RunInstances", launchParams("UserData", data(16384))...)
	if a.status != 200 {
		t.Fatalf("16,384 bytes: %s", a.body)
	}
	id := a.body[strings.Index(a.body, "<instanceId>")+12:][:19]
	if got := s.ec2("DescribeInstanceAttribute", "InstanceId", id, "Attribute", "userData"); !strings.Contains(got.body, "<userData><value>"+data(16384)+"</value></userData>") {
		t.Errorf("user data of %s: %.300s", id, got.body)
	}
	if a := s.ec2("RunInstances", launchParams("UserData", data(16385))...); a.code() != "InvalidParameterValue" || a.message() != "User data is limited to 16384 bytes" {
		t.Errorf("16,385 bytes: %s", a.body)
	}
}

func TestBadParametersAreRefusedAsEC2Does(t *testing.T) {
	s := newSite(t)
	_, before := s.w.Instances("aws-use1", nil, 0, 0)
	list, _ := s.w.Instances("aws-use1", func(i *world.Instance) bool { return i.State == providers.StateTerminated }, 0, 1)
	dead := list[0].ID
	for _, c := range []struct {
		action        string
		params        []string
		code, message string
	}{
		{"DescribeInstances", []string{"InstanceId.1", "i-0123456789abcdef0"}, "InvalidInstanceID.NotFound", "The instance ID 'i-0123456789abcdef0' does not exist"},
		{"DescribeInstances", []string{"InstanceId.1", "i-0123456789abcdef0", "InstanceId.2", "i-0123456789abcdef1"}, "InvalidInstanceID.NotFound", "The instance IDs 'i-0123456789abcdef0, i-0123456789abcdef1' do not exist"},
		{"DescribeInstances", []string{"InstanceId.1", "web"}, "InvalidInstanceID.Malformed", `Invalid id: "web" (expecting "i-...")`},
		{"DescribeInstances", []string{"InstanceId.1", "i-xyz"}, "InvalidInstanceID.Malformed", `Invalid id: "i-xyz"`},
		{"DescribeInstances", []string{"MaxResults", "4"}, "InvalidParameterValue", "Value ( 4 ) for parameter maxResults is invalid. Expecting a value between 5 and 1000."},
		{"DescribeInstances", []string{"MaxResults", "1001"}, "InvalidParameterValue", "Value ( 1001 ) for parameter maxResults is invalid. Expecting a value between 5 and 1000."},
		{"DescribeInstances", []string{"MaxResults", "5", "InstanceId.1", dead}, "InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults"},
		{"DescribeInstances", []string{"NextToken", "x"}, "InvalidNextToken", "The specified nextToken is invalid"},
		{"DescribeInstances", []string{"Filter.1.Name", "colour", "Filter.1.Value.1", "red"}, "InvalidParameterValue", "The filter 'colour' is invalid"},
		{"DescribeNetworkInterfaces", []string{"Filter.1.Name", "colour", "Filter.1.Value.1", "red"}, "InvalidParameterValue", "The filter 'colour' is invalid"},
		{"RunInstances", []string{"MinCount", "1", "MaxCount", "1"}, "MissingParameter", "The request must contain the parameter ImageId"},
		{"RunInstances", []string{"ImageId", image, "MaxCount", "1"}, "MissingParameter", "The request must contain the parameter MinCount"},
		{"RunInstances", []string{"ImageId", image, "MinCount", "2", "MaxCount", "1"}, "InvalidParameterCombination", ""},
		{"RunInstances", launchParams("ImageId", "ami-0000000000000000f"), "InvalidAMIID.NotFound", "The image id '[ami-0000000000000000f]' does not exist"},
		{"RunInstances", launchParams("InstanceType", "t9.nano"), "InvalidParameterValue", "Invalid value 't9.nano' for InstanceType."},
		{"RunInstances", launchParams("SubnetId", "subnet-1"), "InvalidSubnetID.NotFound", "The subnet ID 'subnet-1' does not exist"},
		{"RunInstances", launchParams("KeyName", "nope"), "InvalidKeyPair.NotFound", "The key pair 'nope' does not exist"},
		{"RunInstances", launchParams("UserData", "no base64!"), "InvalidUserData.Malformed", ""},
		{"RunInstances", launchParams("IamInstanceProfile.Name", "nope"), "InvalidParameterValue", "Value (nope) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"},
		{"RunInstances", launchParams("TagSpecification.1.ResourceType", "instance", "TagSpecification.1.Tag.1.Key", "aws:x", "TagSpecification.1.Tag.1.Value", "y"), "InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use"},
		{"RunInstances", launchParams("DryRun", "true"), "DryRunOperation", "Request would have succeeded, but DryRun flag is set."},
		{"StartInstances", []string{"InstanceId.1", dead}, "IncorrectInstanceState", "The instance '" + dead + "' is not in a state from which it can be started."},
		{"TerminateInstances", nil, "MissingParameter", "The request must contain the parameter instancesSet"},
		{"CreateTags", []string{"ResourceId.1", "thing-1", "Tag.1.Key", "a", "Tag.1.Value", "b"}, "InvalidID", "The ID 'thing-1' is not valid"},
		{"DescribeImages", []string{"ImageId.1", "ami-0000000000000000f"}, "InvalidAMIID.NotFound", "The image id '[ami-0000000000000000f]' does not exist"},
		{"DescribeInstanceTypes", []string{"InstanceType.1", "t9.nano"}, "InvalidInstanceType", "The following supplied instance types do not exist: [t9.nano]"},
		{"DescribeAddresses", []string{"PublicIp.1", "192.0.2.1"}, "InvalidAddress.NotFound", "Address '192.0.2.1' not found."},
	} {
		a := s.ec2(c.action, c.params...)
		if a.code() != c.code || c.message != "" && a.message() != c.message {
			t.Errorf("%s %v: %s %s, want %s %s", c.action, c.params, a.code(), a.message(), c.code, c.message)
		}
	}
	if _, after := s.w.Instances("aws-use1", nil, 0, 0); after != before {
		t.Errorf("%d instances were launched by refused calls", after-before)
	}
}

func TestEveryCatalogueIsReadByTheSDK(t *testing.T) {
	s := newSite(t)
	c := ec2.NewFromConfig(s.config("eu-west-1"))
	ctx := t.Context()
	for what, count := range map[string]func(context.Context) (int, error){
		"images": func(ctx context.Context) (int, error) {
			o, err := c.DescribeImages(ctx, nil)
			return sized(o, err, func() int { return len(o.Images) })
		},
		"types": func(ctx context.Context) (int, error) {
			o, err := c.DescribeInstanceTypes(ctx, nil)
			return sized(o, err, func() int { return len(o.InstanceTypes) })
		},
		"subnets": func(ctx context.Context) (int, error) {
			o, err := c.DescribeSubnets(ctx, nil)
			return sized(o, err, func() int { return len(o.Subnets) })
		},
		"vpcs": func(ctx context.Context) (int, error) {
			o, err := c.DescribeVpcs(ctx, nil)
			return sized(o, err, func() int { return len(o.Vpcs) })
		},
		"keys": func(ctx context.Context) (int, error) {
			o, err := c.DescribeKeyPairs(ctx, nil)
			return sized(o, err, func() int { return len(o.KeyPairs) })
		},
		"regions": func(ctx context.Context) (int, error) {
			o, err := c.DescribeRegions(ctx, nil)
			return sized(o, err, func() int { return len(o.Regions) })
		},
		"zones": func(ctx context.Context) (int, error) {
			o, err := c.DescribeAvailabilityZones(ctx, nil)
			return sized(o, err, func() int { return len(o.AvailabilityZones) })
		},
		"groups": func(ctx context.Context) (int, error) {
			o, err := c.DescribeSecurityGroups(ctx, nil)
			return sized(o, err, func() int { return len(o.SecurityGroups) })
		},
		"tags": func(ctx context.Context) (int, error) {
			o, err := c.DescribeTags(ctx, nil)
			return sized(o, err, func() int { return len(o.Tags) })
		},
		"status": func(ctx context.Context) (int, error) {
			o, err := c.DescribeInstanceStatus(ctx, nil)
			return sized(o, err, func() int { return len(o.InstanceStatuses) })
		},
	} {
		if n, err := count(ctx); err != nil || n == 0 {
			t.Errorf("%s: %d, %v", what, n, err)
		}
	}
	types, err := c.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{MaxResults: aws.Int32(5)})
	if err != nil || len(types.InstanceTypes) != 5 || types.NextToken == nil || aws.ToInt64(types.InstanceTypes[0].MemoryInfo.SizeInMiB) != 1024 {
		t.Errorf("first page of types: %+v, %v", types, err)
	}
}

// sized returns the length of an answer, or the error of the call.
func sized(_ any, err error, n func() int) (int, error) {
	if err != nil {
		return 0, err
	}
	return n(), nil
}

func TestInterfacesAreToldForInstancesAndForOtherThings(t *testing.T) {
	s := newSite(t)
	c := ec2.NewFromConfig(s.config("us-east-1"))
	owners := map[string]int{}
	p := ec2.NewDescribeNetworkInterfacesPaginator(c, &ec2.DescribeNetworkInterfacesInput{MaxResults: aws.Int32(5)})
	seen := map[string]bool{}
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range out.NetworkInterfaces {
			if id := aws.ToString(n.NetworkInterfaceId); seen[id] {
				t.Errorf("%s twice", id)
			} else {
				seen[id] = true
			}
			if n.Association != nil {
				owners[aws.ToString(n.Association.IpOwnerId)]++
			}
		}
	}
	_, live := s.w.Instances("aws-use1", func(i *world.Instance) bool { return i.Public.IsValid() }, 0, 0)
	if owners["amazon"] != live || owners["amazon-elb"] != 1 {
		t.Errorf("owners %v, want %d of instances", owners, live)
	}
}

func TestPowerActionsAreAnsweredWithBothStates(t *testing.T) {
	s := newSite(t)
	list, _ := s.w.Instances("aws-use1", func(i *world.Instance) bool { return i.State == providers.StateRunning }, 0, 1)
	id := list[0].ID
	a := s.ec2("StopInstances", "InstanceId.1", id)
	if !strings.Contains(a.body, "<currentState><code>64</code><name>stopping</name></currentState><previousState><code>16</code><name>running</name></previousState>") {
		t.Errorf("stop: %s", a.body)
	}
	s.at = s.at.Add(2 * time.Hour)
	a = s.ec2("DescribeInstances", "InstanceId.1", id)
	if strings.Contains(a.body, "<ipAddress>") || !strings.Contains(a.body, "<name>stopped</name>") {
		t.Errorf("stopped: %s", a.body)
	}
	if a = s.ec2("StartInstances", "InstanceId.1", id); !strings.Contains(a.body, "<name>pending</name>") {
		t.Errorf("start: %s", a.body)
	}
	if a = s.ec2("RebootInstances", "InstanceId.1", id); a.code() != "IncorrectState" {
		t.Errorf("reboot while pending: %s", a.body)
	}
}
