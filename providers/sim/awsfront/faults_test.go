package awsfront

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

func (s *site) zone() *world.Zone {
	s.t.Helper()
	z, err := s.w.Zone(world.Route53Zone)
	if err != nil {
		s.t.Fatal(err)
	}
	return z
}

// r53 asks Route 53 for a path.
func (s *site) r53(path string) answer {
	s.t.Helper()
	return s.send(request{service: "route53", method: http.MethodGet, path: r53Path + path})
}

// change sends a batch of changes to the zone.
func (s *site) change(changes ...string) answer {
	s.t.Helper()
	return s.send(request{
		service: "route53", path: r53Path + "hostedzone/" + s.zone().ID + "/rrset/", header: map[string]string{"Content-Type": "application/xml"},
		body: `<ChangeResourceRecordSetsRequest xmlns="` + namespaceOf("route53") + `"><ChangeBatch><Changes>` + strings.Join(changes, "") + `</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`,
	})
}

// set is one change of a record set with TTL 60.
func set(action, name, typ string, values ...string) string {
	return `<Change><Action>` + action + `</Action><ResourceRecordSet><Name>` + name + `</Name><Type>` + typ + `</Type><TTL>60</TTL>` + records(values...) + `</ResourceRecordSet></Change>`
}

func records(values ...string) string {
	var b strings.Builder
	b.WriteString("<ResourceRecords>")
	for _, v := range values {
		b.WriteString("<ResourceRecord><Value>" + v + "</Value></ResourceRecord>")
	}
	return b.String() + "</ResourceRecords>"
}

func TestThrottlingErrorsAndRefusalsAreToldInTheWordsOfEachAPI(t *testing.T) {
	s := newSite(t)
	calls := map[string]func() answer{
		"ec2": func() answer { return s.ec2("DescribeInstances") },
		"sts": func() answer { return s.send(request{service: "sts", body: form(stsVersion, "GetCallerIdentity")}) },
		"iam": func() answer { return s.iam("ListRoles") },
		"r53": func() answer { return s.r53("hostedzone/" + s.zone().ID + "/rrset") },
		"all": func() answer { return s.r53("hostedzone") },
	}
	for _, c := range []struct {
		kind   world.FaultKind
		call   string
		status int
		code   string
	}{
		{world.Throttle, "ec2", 503, "RequestLimitExceeded"},
		{world.Throttle, "sts", 400, "Throttling"},
		{world.Throttle, "iam", 400, "Throttling"},
		{world.Throttle, "r53", 400, "Throttling"},
		{world.Throttle, "all", 400, "Throttling"},
		{world.ServerError, "ec2", 500, "InternalError"},
		{world.ServerError, "sts", 500, "InternalFailure"},
		{world.ServerError, "r53", 503, "ServiceUnavailable"},
		{world.AuthError, "ec2", 401, "AuthFailure"},
		{world.AuthError, "sts", 403, "InvalidClientTokenId"},
		{world.AuthError, "r53", 403, "InvalidClientTokenId"},
		{world.NoFault, "ec2", 200, ""},
	} {
		s.fault("all", c.kind)
		if a := calls[c.call](); a.err != nil || a.status != c.status || a.code() != c.code {
			t.Errorf("%s of %s: %d %s (%v), want %d %s", c.kind, c.call, a.status, a.code(), a.err, c.status, c.code)
		}
	}
}

func TestAFaultIsThatOfOneSource(t *testing.T) {
	s := newSite(t)
	s.fault("aws-euw1", world.ServerError)
	for _, c := range []struct {
		q    request
		want int
	}{
		{request{service: "ec2", region: "eu-west-1", body: form("2016-11-15", "DescribeInstances")}, 500},
		{request{service: "sts", region: "eu-west-1", body: form(stsVersion, "GetCallerIdentity")}, 500},
		{request{service: "ec2", body: form("2016-11-15", "DescribeInstances")}, 200},
		{request{service: "sts", body: form(stsVersion, "GetCallerIdentity")}, 200},
		{request{service: "iam", body: form(iamVersion, "ListRoles")}, 200},
		{request{service: "route53", method: http.MethodGet, path: r53Path + "hostedzone"}, 200},
	} {
		if a := s.send(c.q); a.status != c.want {
			t.Errorf("%s in %q: %d, want %d", c.q.service, c.q.region, a.status, c.want)
		}
	}
}

func TestAListIsShortEmptyOrLoopsWithoutAnError(t *testing.T) {
	s := newSite(t)
	live, total := s.w.Instances("aws-use1", nil, 0, 0)
	count := func(a answer) int { return strings.Count(a.body, "<instanceId>") }
	s.fault("aws-use1", world.ShortPage)
	if a := s.ec2("DescribeInstances"); a.status != 200 || count(a) != total/2 || strings.Contains(a.body, "nextToken") {
		t.Errorf("short page: %d of %d, status %d", count(a), total, a.status)
	}
	last := live[total-1].ID // in the half that is left out
	if a := s.ec2("DescribeInstances", "InstanceId.1", last); count(a) != 1 {
		t.Errorf("a question by id is not answered truly: %s", a.body)
	}
	s.fault("aws-use1", world.EmptyPage)
	for _, a := range []answer{s.ec2("DescribeInstances"), s.ec2("DescribeInstances", "InstanceId.1", last), s.ec2("DescribeAddresses")} {
		if a.status != 200 || count(a) != 0 || strings.Contains(a.body, "publicIp") {
			t.Errorf("empty page: %d %s", a.status, a.body)
		}
	}
	s.fault("aws-use1", world.PageLoop)
	_, err := func() (n int, err error) {
		p := ec2.NewDescribeInstancesPaginator(ec2.NewFromConfig(s.config("us-east-1")), &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5)})
		for n = 0; p.HasMorePages() && n < 9; n++ {
			if _, err := p.NextPage(t.Context()); err != nil {
				return n, err
			}
		}
		return n, nil
	}()
	if err != nil {
		t.Errorf("a loop is not an error: %v", err)
	}
	one, two := s.ec2("DescribeInstances", "MaxResults", "5", "NextToken", tokenAfter(5)), s.ec2("DescribeInstances", "MaxResults", "5")
	if !strings.Contains(one.body, "<nextToken>"+tokenAfter(5)+"<") || !strings.Contains(two.body, "<nextToken>"+tokenAfter(0)+"<") {
		t.Error("the token of the next page is not that of this page")
	}
}

func TestAZonesListIsShortOrEmptyWhileTheZoneStillTellsItsCount(t *testing.T) {
	s := newSite(t)
	path := "hostedzone/" + s.zone().ID
	count := func(a answer) int { return strings.Count(a.body, "<ResourceRecordSet>") }
	total := count(s.r53(path + "/rrset"))
	s.fault(world.Route53Zone, world.ShortPage)
	if a := s.r53(path + "/rrset"); count(a) != total/2 || !strings.Contains(a.body, "<IsTruncated>false<") {
		t.Errorf("short page: %d of %d", count(a), total)
	}
	s.fault(world.Route53Zone, world.EmptyPage)
	if a := s.r53(path + "/rrset"); a.status != 200 || count(a) != 0 {
		t.Errorf("empty page: %s", a.body)
	}
	if a := s.r53(path); !strings.Contains(a.body, "<ResourceRecordSetCount>"+itoa(total)+"<") {
		t.Errorf("the zone says: %s", a.body)
	}
	if a := s.r53("hostedzone"); !strings.Contains(a.body, world.Route53Zone) {
		t.Error("the zone itself is gone from the list of zones")
	}
	s.fault(world.Route53Zone, world.PageLoop)
	a := s.r53(path + "/rrset?maxitems=3")
	if !strings.Contains(a.body, "<IsTruncated>true</IsTruncated><NextRecordName>unilans.net.</NextRecordName><NextRecordType>MX<") {
		t.Errorf("loop: %s", a.body)
	}
}

func TestALostReplyIsCarriedOutAndAResetBreaksOff(t *testing.T) {
	s := newSite(t)
	_, before := s.w.Instances("aws-use1", nil, 0, 0)
	s.fault("aws-use1", world.LostReply)
	if a := s.ec2("RunInstances", launchParams("ClientToken", "t")...); a.err == nil {
		t.Errorf("answered %s", a.body)
	}
	if a := s.ec2("DescribeInstances"); a.status != 200 {
		t.Errorf("a read lost its reply: %v", a.err)
	}
	s.fault("aws-use1", world.NoFault)
	if a := s.ec2("RunInstances", launchParams("ClientToken", "t")...); a.status != 200 {
		t.Errorf("again: %s", a.body)
	}
	if _, after := s.w.Instances("aws-use1", nil, 0, 0); after != before+1 {
		t.Errorf("%d launched, want one", after-before)
	}
	s.fault("aws-use1", world.Reset)
	if a := s.ec2("DescribeInstances"); !errors.Is(a.err, io.ErrUnexpectedEOF) || a.body == "" {
		t.Errorf("reset: %d bytes, %v", len(a.body), a.err)
	}
	s.fault("aws-use1", world.Unreachable)
	if a := s.ec2("DescribeInstances"); a.err == nil {
		t.Errorf("unreachable: %d", a.status)
	}
}

func TestAHangEndsWithTheClientsPatience(t *testing.T) {
	s := newSite(t)
	s.fault("aws-use1", world.Hang)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := ec2.NewFromConfig(s.config("us-east-1")).DescribeInstances(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestAnotherAccountIsEmptyAndSaysWhoItIs(t *testing.T) {
	s := newSite(t)
	list, _ := s.w.Instances("aws-use1", nil, 0, 1)
	s.fault("all", world.WrongKey)
	who, err := sts.NewFromConfig(s.config("us-east-1")).GetCallerIdentity(t.Context(), nil)
	if err != nil || aws.ToString(who.Account) == s.w.Credentials.AWSAccount || len(aws.ToString(who.Account)) != 12 {
		t.Errorf("identity %+v, %v", who, err)
	}
	for what, a := range map[string]answer{
		"instances": s.ec2("DescribeInstances"), "addresses": s.ec2("DescribeAddresses"), "interfaces": s.ec2("DescribeNetworkInterfaces"),
		"subnets": s.ec2("DescribeSubnets"), "keys": s.ec2("DescribeKeyPairs"), "zones": s.r53("hostedzone"),
	} {
		if a.status != 200 || strings.Contains(a.body, "<item>") || strings.Contains(a.body, "<HostedZone>") {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	if a := s.ec2("DescribeInstances", "InstanceId.1", list[0].ID); a.code() != "InvalidInstanceID.NotFound" {
		t.Errorf("by id: %s", a.body)
	}
	if a := s.ec2("TerminateInstances", "InstanceId.1", list[0].ID); a.code() != "UnauthorizedOperation" {
		t.Errorf("terminate: %s", a.body)
	}
	if a := s.r53("hostedzone/" + s.zone().ID + "/rrset"); a.code() != "AccessDenied" {
		t.Errorf("record sets: %s", a.body)
	}
}

func TestAConflictRefusesEveryOtherWriteWhateverIsReadBetween(t *testing.T) {
	s := newSite(t)
	s.fault(world.Route53Zone, world.Conflict)
	for n, want := range []string{"PriorRequestNotComplete", "", "PriorRequestNotComplete", ""} {
		a := s.change(set("UPSERT", "c.unilans.net", "A", "198.51.100.1"))
		if a.code() != want {
			t.Errorf("write %d: %s", n, a.body)
		}
		if a := s.r53("hostedzone/" + s.zone().ID + "/rrset"); a.status != 200 {
			t.Errorf("read %d: %s", n, a.body)
		}
	}
}

func TestAListingIsBehindTheWritesUnderStaleReads(t *testing.T) {
	s := newSite(t)
	s.fault("all", world.Stale)
	a := s.ec2("RunInstances", launchParams()...)
	id := a.body[strings.Index(a.body, "<instanceId>")+12:][:19]
	if a := s.change(set("CREATE", "new.unilans.net", "A", "198.51.100.1")); a.status != 200 {
		t.Fatal(a.body)
	}
	path := "hostedzone/" + s.zone().ID + "/rrset"
	if a := s.ec2("DescribeInstances", "InstanceId.1", id); a.code() != "InvalidInstanceID.NotFound" {
		t.Errorf("a new instance is there at once: %s", a.body)
	}
	if strings.Contains(s.ec2("DescribeInstances").body, id) || strings.Contains(s.r53(path).body, "new.unilans.net") {
		t.Error("a listing shows what was just written")
	}
	s.at = s.at.Add(faultplay.Behind)
	if !strings.Contains(s.ec2("DescribeInstances").body, id) || !strings.Contains(s.r53(path).body, "new.unilans.net") {
		t.Error("a listing never shows what was written")
	}
	if i, err := s.w.Instance("aws-use1", id); err != nil || i.State != providers.StateRunning {
		t.Errorf("instance %+v, %v", i, err)
	}
}
