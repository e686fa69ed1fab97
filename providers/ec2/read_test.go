package ec2_test

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/ec2"
)

func list(c *ec2.Cloud) ([]providers.Instance, providers.Coverage) {
	var all []providers.Instance
	v := c.Instances(context.Background(), func(p []providers.Instance) { all = append(all, p...) })
	return all, v
}

func wantKind(t *testing.T, err error, kind providers.Kind) {
	t.Helper()
	if got := providers.KindOf(err); got != kind {
		t.Fatalf("kind %q, want %q (error: %v)", got, kind, err)
	}
}

func TestAListingOfSeveralPagesIsCompleteAndBearsTheKeyOfTheAccount(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"DescribeInstances": func(w http.ResponseWriter, r *http.Request) {
		if got := r.PostForm.Get("MaxResults"); got != "1000" {
			t.Errorf("a page of %s was asked for, want 1000", got)
		}
		if r.PostForm.Get("NextToken") == "two" {
			xmlAnswer(describeAnswer("", running("i-3"), running("i-2")))(w, r) // i-2 moved while we read
			return
		}
		xmlAnswer(describeAnswer("two", running("i-1"), running("i-2")))(w, r)
	}})
	all, v := list(c)
	if !v.Complete() || v.Rows != 3 || v.Account != "123456789012" || v.Expected != -1 {
		t.Fatalf("coverage %+v", v)
	}
	want := providers.NewCloudKey(providers.EC2, "123456789012", "us-east-1")
	for i, id := range []string{"i-1", "i-2", "i-3"} {
		if all[i].ID != id || all[i].Key != want || all[i].Cloud != "aws-use1" {
			t.Errorf("row %d is %+v", i, all[i])
		}
	}
	if v.Key != want {
		t.Errorf("key %s, want %s", v.Key, want)
	}
}

func TestAPageTokenThatRepeatsIsNotComplete(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"DescribeInstances": xmlAnswer(describeAnswer("again", running("i-1")))})
	all, v := list(c)
	if v.State != providers.CoveragePartial || len(all) != 1 {
		t.Fatalf("coverage %+v with %d rows", v, len(all))
	}
	wantKind(t, v.Err, providers.KindIncomplete)
}

func TestAnInstanceWithoutAnIDMakesTheListingPartial(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"DescribeInstances": xmlAnswer(describeAnswer("", running("i-1"), `<imageId>ami-1</imageId>`))})
	all, v := list(c)
	if v.State != providers.CoveragePartial || len(all) != 1 {
		t.Fatalf("coverage %+v with %d rows", v, len(all))
	}
	wantKind(t, v.Err, providers.KindIncomplete)
}

func TestAThrottledListingIsNotCompleteAndWaitsAsLongAsItIsTold(t *testing.T) {
	calls := 0
	c, clk := fakeCloud(t, handlers{"DescribeInstances": func(w http.ResponseWriter, r *http.Request) {
		calls++
		apiError(http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded.", "Retry-After", "7")(w, r)
	}})
	began := clk.Now()
	_, v := list(c)
	if v.State != providers.CoverageFailed || calls != 3 {
		t.Fatalf("coverage %+v after %d calls", v, calls)
	}
	wantKind(t, v.Err, providers.KindThrottled)
	if providers.RetryAfter(v.Err) != 7*time.Second {
		t.Errorf("retry after %s, want 7s", providers.RetryAfter(v.Err))
	}
	if took := clk.Now().Sub(began); took < 14*time.Second {
		t.Errorf("three tries with pauses of %s in all, want at least 7s between each two", took)
	}
}

func TestAThrottleThatPassesIsNotSeen(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"DescribeInstances": sequence(
		apiError(http.StatusServiceUnavailable, "RequestLimitExceeded", "slow down"), xmlAnswer(describeAnswer("", running("i-1"))))})
	if all, v := list(c); !v.Complete() || len(all) != 1 {
		t.Fatalf("coverage %+v with %d rows", v, len(all))
	}
}

func TestAnAnswerThatBreaksOffIsNotAShortList(t *testing.T) {
	whole := describeAnswer("", running("i-1"), running("i-2"))
	c, _ := fakeCloud(t, handlers{"DescribeInstances": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write([]byte(whole[:len(whole)/2]))
	}})
	all, v := list(c)
	if v.State != providers.CoverageFailed || len(all) != 0 {
		t.Fatalf("coverage %+v with %d rows", v, len(all))
	}
	wantKind(t, v.Err, providers.KindUnreachable)
}

func TestAnswersThatAreNotFromEC2AreNotAnEmptyList(t *testing.T) {
	for name, body := range map[string]string{
		"nothing at all":       "",
		"a login page":         "<!DOCTYPE html>\n<html><body><form/></body></html>",
		"half a document":      describeAnswer("", running("i-1"))[:200],
		"a document too short": "<?xml version",
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := fakeCloud(t, handlers{"DescribeInstances": xmlAnswer(body)})
			all, v := list(c)
			if v.Complete() || len(all) != 0 {
				t.Fatalf("coverage %+v with %d rows", v, len(all))
			}
			wantKind(t, v.Err, providers.KindIncomplete)
		})
	}
}

func TestAFailureAfterTheFirstPageLeavesAPartialListing(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"DescribeInstances": sequence(
		xmlAnswer(describeAnswer("two", running("i-1"))), apiError(http.StatusForbidden, "UnauthorizedOperation", "no"))})
	all, v := list(c)
	if v.State != providers.CoveragePartial || len(all) != 1 {
		t.Fatalf("coverage %+v with %d rows", v, len(all))
	}
	wantKind(t, v.Err, providers.KindAuth)
}

func TestEveryReadAsksAfreshWhoseTheCredentialsAre(t *testing.T) {
	c, _ := fakeCloud(t, handlers{
		"GetCallerIdentity": sequence(identity("111111111111"), identity("222222222222")),
		"DescribeInstances": xmlAnswer(describeAnswer("")),
	})
	_, first := list(c)
	_, second := list(c)
	if first.Account != "111111111111" || second.Account != "222222222222" || first.Key == second.Key {
		t.Fatalf("first %+v, second %+v", first, second)
	}
}

func TestAListingWhoseAccountCannotBeAskedIsFailed(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"GetCallerIdentity": apiError(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")})
	_, v := list(c)
	if v.State != providers.CoverageFailed || v.Key != "" {
		t.Fatalf("coverage %+v", v)
	}
	wantKind(t, v.Err, providers.KindAuth)
}

func TestEveryStateOfEC2HasItsWord(t *testing.T) {
	for name, want := range map[string]providers.InstanceState{
		"pending": providers.StatePending, "running": providers.StateRunning, "stopping": providers.StateStopping,
		"stopped": providers.StateStopped, "shutting-down": providers.StateTerminating, "terminated": providers.StateTerminated,
		"melting": providers.StateUnknown,
	} {
		c, _ := fakeCloud(t, handlers{"DescribeInstances": xmlAnswer(describeAnswer("", `<instanceId>i-1</instanceId><instanceState><name>`+name+`</name></instanceState>`))})
		if all, _ := list(c); len(all) != 1 || all[0].State != want {
			t.Errorf("%s became %+v, want %s", name, all, want)
		}
	}
}

func TestAddressesOfAllInterfacesAreFoundAndElasticOnesTold(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"DescribeInstances": xmlAnswer(describeAnswer("", `<instanceId>i-1</instanceId>
		<ipAddress>54.1.2.3</ipAddress><privateIpAddress>10.0.0.5</privateIpAddress>
		<tagSet><item><key>Name</key><value>www-01</value></item><item><key>rollcall.launch</key><value>l7/3</value></item></tagSet>
		<networkInterfaceSet>
		 <item><privateIpAddress>10.0.0.5</privateIpAddress><association><publicIp>54.1.2.3</publicIp><ipOwnerId>amazon</ipOwnerId></association>
		  <privateIpAddressesSet>
		   <item><privateIpAddress>10.0.0.5</privateIpAddress><association><publicIp>54.1.2.3</publicIp><ipOwnerId>amazon</ipOwnerId></association></item>
		   <item><privateIpAddress>10.0.0.6</privateIpAddress><association><publicIp>3.3.3.3</publicIp><ipOwnerId>123456789012</ipOwnerId></association></item>
		  </privateIpAddressesSet>
		  <ipv6AddressesSet><item><ipv6Address>2600:1f18::5</ipv6Address></item><item><ipv6Address>fd00::5</ipv6Address></item></ipv6AddressesSet></item>
		</networkInterfaceSet>`))})
	all, _ := list(c)
	if len(all) != 1 {
		t.Fatalf("%d rows", len(all))
	}
	i := all[0]
	check := func(what string, got []netip.Addr, want ...string) {
		var s []string
		for _, a := range got {
			s = append(s, a.String())
		}
		if !slices.Equal(s, want) {
			t.Errorf("%s %v, want %v", what, s, want)
		}
	}
	check("public", i.PublicIPs, "3.3.3.3", "54.1.2.3", "2600:1f18::5")
	check("private", i.PrivateIPs, "10.0.0.5", "10.0.0.6", "fd00::5")
	check("elastic", i.ElasticIPs, "3.3.3.3", "2600:1f18::5")
	if i.Name != "www-01" || i.LaunchID != "l7" {
		t.Errorf("name %q, launch %q", i.Name, i.LaunchID)
	}
}

func TestOnlyEC2sOwnWordMakesAnInstanceNotFound(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   providers.Kind
	}{
		"not found":     {apiError(400, "InvalidInstanceID.NotFound", "The instance ID 'i-1' does not exist"), providers.KindNotFound},
		"malformed":     {apiError(400, "InvalidInstanceID.Malformed", "Invalid id"), providers.KindInvalid},
		"empty":         {xmlAnswer(describeAnswer("")), providers.KindIncomplete},
		"another one":   {xmlAnswer(describeAnswer("", running("i-2"))), providers.KindIncomplete},
		"a proxy's 404": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not here", http.StatusNotFound) }, providers.KindOther},
		"no subnet":     {apiError(400, "InvalidSubnetID.NotFound", "no"), providers.KindOther},
		"a 502":         {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad gateway", http.StatusBadGateway) }, providers.KindUnreachable},
		"expired":       {apiError(400, "RequestExpired", "Request has expired."), providers.KindAuth},
	} {
		t.Run(name, func(t *testing.T) {
			cloud, _ := fakeCloud(t, handlers{"DescribeInstances": c.answer})
			_, err := cloud.Instance(context.Background(), "i-1")
			wantKind(t, err, c.want)
			if providers.IsGone(err) != (c.want == providers.KindNotFound) {
				t.Errorf("IsGone is %v for %v", providers.IsGone(err), err)
			}
		})
	}
}

func TestElasticAddressesAndInterfacesAreInventory(t *testing.T) {
	c, _ := fakeCloud(t, handlers{
		"DescribeAddresses": xmlAnswer(`<DescribeAddressesResponse><addressesSet>
			<item><publicIp>3.3.3.3</publicIp><allocationId>eipalloc-1</allocationId><instanceId>i-1</instanceId></item>
			<item><publicIp>3.3.3.4</publicIp><allocationId>eipalloc-2</allocationId><tagSet><item><key>Name</key><value>spare</value></item></tagSet></item>
			</addressesSet></DescribeAddressesResponse>`),
		"DescribeNetworkInterfaces": sequence(
			xmlAnswer(`<DescribeNetworkInterfacesResponse><networkInterfaceSet>
			<item><networkInterfaceId>eni-1</networkInterfaceId><description>ELB app/www</description><association><publicIp>5.5.5.5</publicIp><ipOwnerId>amazon-elb</ipOwnerId></association></item>
			<item><networkInterfaceId>eni-2</networkInterfaceId><privateIpAddress>10.0.0.9</privateIpAddress></item>
			</networkInterfaceSet><nextToken>two</nextToken></DescribeNetworkInterfacesResponse>`),
			xmlAnswer(`<DescribeNetworkInterfacesResponse><networkInterfaceSet>
			<item><networkInterfaceId>eni-3</networkInterfaceId><attachment><instanceId>i-1</instanceId></attachment>
			 <ipv6AddressesSet><item><ipv6Address>2600:1f18::5</ipv6Address></item></ipv6AddressesSet></item>
			</networkInterfaceSet></DescribeNetworkInterfacesResponse>`)),
	})
	var lines []string
	v := c.Addresses(context.Background(), func(p []providers.Address) {
		for _, a := range p {
			lines = append(lines, strings.Join([]string{a.IP.String(), string(a.Kind), a.ID, a.Instance, a.Note}, "|"))
		}
	})
	want := []string{
		"3.3.3.3|elastic address|eipalloc-1|i-1|", "3.3.3.4|elastic address|eipalloc-2||spare",
		"5.5.5.5|network interface|eni-1||ELB app/www", "2600:1f18::5|network interface|eni-3|i-1|",
	}
	if !v.Complete() || v.Rows != 4 || !slices.Equal(lines, want) {
		t.Fatalf("coverage %+v, rows\n%s", v, strings.Join(lines, "\n"))
	}
}

func TestErrorsAreOneCleanLineWithTheNameOfTheCloud(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"DescribeInstances": apiError(403, "UnauthorizedOperation", "You are &#x202e;not\n authorized\u009b31m")})
	_, v := list(c)
	text := v.Err.Error()
	if !strings.HasPrefix(text, "aws-use1: list instances: auth (UnauthorizedOperation): ") || strings.ContainsAny(text, "\n\u202e\u009b") {
		t.Errorf("error text %q", text)
	}
}

func TestLargeAnswersToPostRequestsDoNotFail(t *testing.T) {
	items := make([]string, 600)
	for i := range items {
		items[i] = running("i-" + strings.Repeat("0", 12) + string(rune('a'+i%26)) + string(rune('a'+i/26)))
	}
	body := describeAnswer("", items...)
	calls := 0
	c, _ := fakeCloud(t, handlers{"DescribeInstances": func(w http.ResponseWriter, r *http.Request) {
		calls++
		xmlAnswer(body)(w, r)
	}})
	const reads = 100
	for range reads {
		if all, v := list(c); !v.Complete() || len(all) != len(items) {
			t.Fatalf("coverage %+v with %d rows", v, len(all))
		}
	}
	if calls != reads {
		t.Errorf("%d calls for %d reads: some had to be tried again", calls, reads)
	}
}
