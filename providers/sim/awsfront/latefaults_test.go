package awsfront

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// pagedSite is a site whose lists have pages of seven rows.
func pagedSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, at: time.Unix(1_790_000_000, 0)}
	s.w = world.New(world.Options{Seed: 1, Page: 7, Clock: providers.Clock{Time: func() time.Time { return s.at }}})
	srv := httptest.NewServer(New(s.w))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func TestAPageHasNoMoreRowsThanTheWorldAllows(t *testing.T) {
	s := pagedSite(t)
	if a := s.ec2("DescribeInstances", "MaxResults", "1000"); strings.Count(a.body, "<instanceId>") != 7 || !strings.Contains(a.body, "<nextToken>") {
		t.Errorf("instances: %s", a.body)
	}
	if a := s.r53("hostedzone/" + s.zone().ID + "/rrset"); strings.Count(a.body, "<ResourceRecordSet>") != 7 || !strings.Contains(a.body, "<IsTruncated>true<") {
		t.Errorf("record sets: %s", a.body)
	}
}

func TestCredentialsExpireWithTheSecondPageInTheWordsOfEachAPI(t *testing.T) {
	s := pagedSite(t)
	s.fault("all", world.Expired)
	first := s.ec2("DescribeInstances")
	_, rest, _ := strings.Cut(first.body, "<nextToken>")
	token, _, _ := strings.Cut(rest, "</nextToken>")
	if first.status != 200 || token == "" {
		t.Fatalf("the first page: %d %s", first.status, first.body)
	}
	for range 2 {
		if a := s.ec2("DescribeInstances", "NextToken", token); a.status != 400 || a.code() != "RequestExpired" {
			t.Errorf("the second page: %d %s", a.status, a.body)
		}
		token = "" // from now on the first page is refused too
	}
	if a := s.send(request{service: "sts", body: form(stsVersion, "GetCallerIdentity")}); a.code() != "ExpiredToken" {
		t.Errorf("sts: %d %s", a.status, a.body)
	}
	path := "hostedzone/" + s.zone().ID
	for _, c := range []struct{ path, code string }{{path, ""}, {path + "/rrset", ""}, {path + "/rrset?name=unilans.net", "ExpiredToken"}, {path, "ExpiredToken"}} {
		if a := s.r53(c.path); a.code() != c.code {
			t.Errorf("%s: %d %s", c.path, a.status, a.body)
		}
	}
}

func TestAClockThatIsAheadRefusesSignaturesAsTooOld(t *testing.T) {
	s := newSite(t)
	s.fault("all", world.ClockSkew)
	if a := s.ec2("DescribeInstances"); a.code() != "RequestExpired" {
		t.Errorf("ec2: %s", a.body)
	}
	if a := s.r53("hostedzone/" + s.zone().ID); a.code() != "SignatureDoesNotMatch" || !strings.Contains(a.message(), "Signature expired") {
		t.Errorf("route53: %s", a.body)
	}
}

func TestASecondWriterIsThereFirstAtEveryOtherWrite(t *testing.T) {
	s := newSite(t)
	s.fault(world.Route53Zone, world.SecondWriter)
	if a := s.change(set("CREATE", "new.unilans.net", "A", "203.0.113.1")); a.code() != "InvalidChangeBatch" || !strings.Contains(a.body, "already exists") {
		t.Errorf("the first write: %s", a.body)
	}
	held := func() (values []string) {
		s.zone().View(func(tx *world.Tx) {
			if found := tx.Set("new.unilans.net", "A", ""); found != nil {
				values = found.Values
			}
		})
		return values
	}
	theirs := held()
	if len(theirs) != 1 || !strings.HasPrefix(theirs[0], "198.51.100.") {
		t.Fatalf("the name holds %q", theirs)
	}
	swap := []string{set("DELETE", "new.unilans.net", "A", theirs...), set("CREATE", "new.unilans.net", "A", theirs[0], "203.0.113.1")}
	if a := s.change(swap...); a.status != 200 {
		t.Errorf("the second write: %s", a.body)
	}
	if a := s.change(set("DELETE", "new.unilans.net", "A", held()...)); !strings.Contains(a.body, "do not match the current values") || len(held()) != 3 {
		t.Errorf("the third write: %s, %q", a.body, held())
	}
}
