package ec2_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/providers"
)

// parts are the elements of an instance in several shapes. Lists are decoded by this package, single instances by the SDK.
var parts = []string{
	`<imageId>ami-1</imageId><instanceState><code>16</code><name>running</name></instanceState><instanceType>t3.small</instanceType><launchTime>2026-11-01T10:00:00.000Z</launchTime>
	 <privateDnsName/><reason/><ipAddress>54.1.2.3</ipAddress><privateIpAddress>10.0.0.5</privateIpAddress><ipv6Address>2600:1f18::7</ipv6Address>
	 <placement><availabilityZone>us-east-1a</availabilityZone></placement><iamInstanceProfile><id>AIPA</id></iamInstanceProfile>
	 <tagSet><item><key>Name</key><value>www-01</value></item><item><key>rollcall.launch</key><value>l7/3</value></item><item><key>empty</key><value/></item></tagSet>
	 <networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><privateIpAddress>10.0.0.5</privateIpAddress>
	  <attachment><attachmentId>a</attachmentId></attachment><association><publicIp>54.1.2.3</publicIp><ipOwnerId>amazon</ipOwnerId></association>
	  <privateIpAddressesSet><item><privateIpAddress>10.0.0.6</privateIpAddress><association><publicIp>3.3.3.3</publicIp><ipOwnerId>123456789012</ipOwnerId></association></item></privateIpAddressesSet>
	  <ipv6AddressesSet><item><ipv6Address>2600:1f18::5</ipv6Address></item><item><ipv6Address>fd00::5</ipv6Address></item></ipv6AddressesSet></item></networkInterfaceSet>`,
	`<instanceState><code>80</code><name>stopped</name></instanceState><reason>User initiated (2026-11-01 10:00:00 GMT)</reason>
	 <stateReason><code>Client.UserInitiatedShutdown</code><message>Client.UserInitiatedShutdown: &quot;User&#34; &amp; &lt;initiated&gt; shutdown</message></stateReason>`,
	`<instanceState><code>80</code><name>stopped</name></instanceState><reason>User initiated (2026-11-01 10:00:00 GMT)</reason><instanceLifecycle>spot</instanceLifecycle>
	 <tagSet><item><key>aws:autoscaling:groupName</key><value>web</value></item><item><key>Name</key><value>Zürich &#x2014; 1</value></item></tagSet>`,
	`<instanceState><code>0</code><name>pending</name></instanceState><stateReason><code>pending</code><message>pending</message></stateReason><tagSet/><networkInterfaceSet/>`,
	``,
}

func TestAnInstanceIsListedAsItIsWhenItIsAskedForByItsID(t *testing.T) {
	for _, part := range parts {
		c, _ := fakeCloud(t, handlers{"DescribeInstances": xmlAnswer(describeAnswer("", "<instanceId>i-1</instanceId>"+part))})
		listed, v := list(c)
		one, err := c.Instance(t.Context(), "i-1")
		if err != nil || !v.Complete() || len(listed) != 1 {
			t.Fatalf("%v, %+v", err, v)
		}
		if !listed[0].Equal(&one) {
			t.Errorf("%s:\n%s", part, cmp.Diff(one, listed[0], cmpopts.EquateComparable(netip.Addr{})))
		}
	}
}

func TestAnInterfaceIsListedAsItIsWhenItsAddressIsAskedFor(t *testing.T) {
	c, _ := fakeCloud(t, handlers{
		"DescribeAddresses": xmlAnswer(`<DescribeAddressesResponse><addressesSet/></DescribeAddressesResponse>`),
		"DescribeNetworkInterfaces": xmlAnswer(`<DescribeNetworkInterfacesResponse><networkInterfaceSet>
			<item><networkInterfaceId>eni-1</networkInterfaceId><subnetId>s</subnetId><description>ELB &quot;app/www&quot;</description><interfaceType>load_balancer</interfaceType>
			 <association><publicIp>5.5.5.5</publicIp><carrierIp>5.5.5.6</carrierIp></association><ipv6Address>2600:1f18::7</ipv6Address></item>
			<item><networkInterfaceId>eni-2</networkInterfaceId><description/><interfaceType>nat_gateway</interfaceType><attachment><instanceId>i-1</instanceId></attachment>
			 <privateIpAddressesSet><item><privateIpAddress>10.0.0.5</privateIpAddress><association><publicIp>6.6.6.6</publicIp></association></item></privateIpAddressesSet>
			 <ipv6AddressesSet><item><ipv6Address>2600:1f18::5</ipv6Address></item></ipv6AddressesSet></item>
			<item><networkInterfaceId>eni-3</networkInterfaceId><description>Zürich</description><association><publicIp>7.7.7.7</publicIp></association></item>
			</networkInterfaceSet></DescribeNetworkInterfacesResponse>`),
	})
	var listed []providers.Address
	v := c.Addresses(t.Context(), func(p []providers.Address) { listed = append(listed, p...) })
	held, err := c.Holders(t.Context(), []netip.Addr{netip.MustParseAddr("5.5.5.5")})
	if err != nil || !v.Complete() || len(held) != 6 || !slices.Equal(listed, held) {
		t.Fatalf("%v, %+v: listed %+v, by address %+v", err, v, listed, held)
	}
}
