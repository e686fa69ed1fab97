package providers

import (
	"net/netip"
	"strings"
)

// nat64 is the well-known prefix of RFC 6052: an IPv6 address under it leads to the IPv4 address in its last 32 bits.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// LeadsTo returns the address to which a record leads by what it says itself: that of an A or AAAA record, that in the name of
// an EC2 host which it is an alias of, or the first one among the hints of an HTTPS or SVCB record (RFC 9460).
func (r *Record) LeadsTo() (netip.Addr, bool) {
	if a, ok := r.Addr(); ok || r.Type == "A" || r.Type == "AAAA" {
		return a, ok
	}
	if a, ok := addressOfEC2Name(r.Target()); ok {
		return a, true
	}
	if hints := r.Hints(); len(hints) > 0 {
		return hints[0], true
	}
	return netip.Addr{}, false
}

// Target returns the canonical name of the host to which a CNAME, MX, SRV, HTTPS or SVCB record leads, or that an alias row
// stands for; "" for other records, and for those that say that there is none.
func (r *Record) Target() string {
	at := 0
	switch r.Type {
	case "CNAME":
	case "MX", "HTTPS", "SVCB":
		at = 1
	case "SRV":
		at = 3
	default:
		if !r.Alias {
			return ""
		}
	}
	if r.Alias {
		at = 0
	}
	f := strings.Fields(r.Value)
	if len(f) <= at {
		return ""
	}
	if name := CanonicalName(f[at]); name != "." {
		return name
	}
	return ""
}

// Hints returns the addresses of the ipv4hint and ipv6hint parameters of an HTTPS or SVCB record, in their order.
func (r *Record) Hints() (out []netip.Addr) {
	if r.Type != "HTTPS" && r.Type != "SVCB" {
		return nil
	}
	for _, f := range strings.Fields(r.Value) {
		key, list, _ := strings.Cut(f, "=")
		if key = lowerASCII(key); key != "ipv4hint" && key != "ipv6hint" {
			continue
		}
		for s := range strings.SplitSeq(strings.Trim(list, `"`), ",") {
			if a, ok := ParseAddr(s); ok {
				out = append(out, a)
			}
		}
	}
	return out
}

// ec2Label returns the first label of a name that EC2 has for a host.
func ec2Label(name string) (label string, ok bool) {
	label, rest, _ := strings.Cut(name, ".")
	_, region, _ := strings.Cut(rest, ".")
	switch {
	case rest == "compute-1.amazonaws.com", rest == "ec2.internal", region == "compute.amazonaws.com", region == "compute.amazonaws.com.cn", region == "compute.internal":
		return label, true
	}
	return "", false
}

// addressOfEC2Name returns the address in a canonical name as EC2 makes it: ec2-192-0-2-1.REGION.compute.amazonaws.com, or
// ip-10-0-0-1.REGION.compute.internal.
func addressOfEC2Name(name string) (netip.Addr, bool) {
	label, ok := ec2Label(name)
	kind, digits, _ := strings.Cut(label, "-")
	if !ok || kind != "ec2" && kind != "ip" {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(strings.ReplaceAll(digits, "-", "."))
	return a, err == nil && a.Is4()
}

// NamedBy reports whether a canonical name is one that the cloud itself has for the instance and that holds no address: a
// resource name of EC2 (i-….REGION.compute.internal), or a name of Triton's CNS for the machine by its id or its name, or for
// one of the services in its tag triton.cns.services.
func (i *Instance) NamedBy(name string) bool {
	if label, ok := ec2Label(name); ok {
		return i.Provider == EC2 && label == i.ID
	}
	first, rest, _ := strings.Cut(name, ".")
	kind, rest, _ := strings.Cut(rest, ".")
	_, place, _ := strings.Cut(rest, ".") // after the account
	if i.Provider != Triton || kind != "inst" && kind != "svc" || !strings.HasPrefix(place, lowerASCII(i.Region)+".") {
		return false
	}
	if kind == "inst" {
		return first == i.ID || first == lowerASCII(i.Name)
	}
	for s := range strings.SplitSeq(i.Tags.Get("triton.cns.services"), ",") {
		if s, _, _ = strings.Cut(strings.TrimSpace(s), ":"); lowerASCII(s) == first {
			return true
		}
	}
	return false
}
