package providers

import (
	"net/netip"
	"testing"
)

func TestARecordLeadsToTheAddressInTheNameOfAnEC2HostInAHintOrBehindNAT64(t *testing.T) {
	for _, c := range []struct{ typ, value, want string }{
		{"A", "34.244.32.7", "34.244.32.7"},
		{"AAAA", "64:ff9b::34.244.32.7", "34.244.32.7"},
		{"AAAA", "64:ff9b::22f4:2007", "34.244.32.7"},
		{"AAAA", "64:ff9b:1::1", "64:ff9b:1::1"},
		{"CNAME", "ec2-34-244-32-7.eu-west-1.compute.amazonaws.com", "34.244.32.7"},
		{"CNAME", "EC2-34-244-32-7.compute-1.amazonaws.com.", "34.244.32.7"},
		{"CNAME", "ec2-34-244-32-7.eu-west-1.compute.amazonaws.com.example.com", ""},
		{"CNAME", "ec2-54-1-2-3.cn-north-1.compute.amazonaws.com.cn", "54.1.2.3"},
		{"MX", "10 ec2-34-244-32-7.compute-1.amazonaws.com", "34.244.32.7"},
		{"SRV", "0 0 80 ip-10-16-0-21.ec2.internal", "10.16.0.21"},
		{"CNAME", "ip-10-16-0-21.eu-west-1.compute.internal", "10.16.0.21"},
		{"HTTPS", "1 ec2-34-244-32-7.compute-1.amazonaws.com alpn=h2", "34.244.32.7"},
		{"HTTPS", `1 . alpn="h2,h3" ipv4hint="34.244.32.7,34.244.32.8" ipv6hint=2600::1`, "34.244.32.7"},
		{"SVCB", "1 foo.example. ipv6hint=2600::1", "2600::1"},
		{"HTTPS", "1 . alpn=h2", ""},
		{"SRV", "0 0 0 .", ""},
		{"CNAME", "ec2-34-244-32-7.compute-1.example.net", ""},
		{"CNAME", "ec2-34-244-32-700.compute-1.amazonaws.com", ""},
		{"CNAME", "ec2-34-244-32.compute-1.amazonaws.com", ""},
		{"CNAME", "compute-1.amazonaws.com", ""},
		{"TXT", `"ec2-34-244-32-7.compute-1.amazonaws.com"`, ""},
		{"NS", "ec2-34-244-32-7.compute-1.amazonaws.com", ""},
	} {
		r := Record{Type: c.typ, Value: c.value}
		a, ok := r.LeadsTo()
		if ok != (c.want != "") || ok && a != netip.MustParseAddr(c.want) {
			t.Errorf("%s %s leads to %v, %t, want %q", c.typ, c.value, a, ok, c.want)
		}
	}
}

func TestACloudsOwnNamesForAnInstanceAreKnown(t *testing.T) {
	ec2 := &Instance{Provider: EC2, ID: "i-0fb3ce4ce41f05971", Region: "us-east-1"}
	triton := &Instance{
		Provider: Triton, ID: "c2f0a1b2-1111-4222-8333-444455556666", Name: "WWW-07", Region: "us-east-1",
		Tags: TagsOf(map[string]string{"triton.cns.services": "www:80, api"}),
	}
	const account = ".a1b2c3d4-0000-4000-8000-000000000000.us-east-1.cns.joyent.com"
	for name, want := range map[string]*Instance{
		"i-0fb3ce4ce41f05971.ec2.internal":               ec2,
		"i-0fb3ce4ce41f05971.us-west-2.compute.internal": ec2,
		"i-0fb3ce4ce41f05972.ec2.internal":               nil,
		triton.ID + ".inst" + account:                    triton,
		"www-07.inst" + account:                          triton,
		"www.svc" + account:                              triton,
		"api.svc" + account:                              triton,
		"www-07.svc" + account:                           nil,
		"db.svc" + account:                               nil,
		"www-07.inst.acct.us-west-1.triton.zone":         nil,
		"www-07.inst":                                    nil,
		"www-07.example.net":                             nil,
	} {
		if ec2.NamedBy(name) != (want == ec2) || triton.NamedBy(name) != (want == triton) {
			t.Errorf("%s: EC2 %t, Triton %t", name, ec2.NamedBy(name), triton.NamedBy(name))
		}
	}
}
