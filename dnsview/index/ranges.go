package index

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// amazonList holds the IPv4 prefixes of service EC2 in six regions, taken from
// the list that Amazon publishes at https://ip-ranges.amazonaws.com/ip-ranges.json,
// as it was on amazonDate. It is what holds until the operator names a list of
// today (AmazonRanges), and not the whole of Amazon: an address that it does not
// know makes an entry dead, and not dangling, which are removed alike. Joyent
// and MNX publish no such list.
const amazonList = `
us-east-1 18.204.0.0/14 18.208.0.0/13 18.232.0.0/14 23.20.0.0/14 34.192.0.0/12 34.224.0.0/12 35.153.0.0/16 35.168.0.0/13
us-east-1 50.16.0.0/15 50.19.0.0/16 52.0.0.0/15 52.2.0.0/15 52.4.0.0/14 52.20.0.0/14 52.44.0.0/15 52.54.0.0/15
us-east-1 52.70.0.0/15 52.72.0.0/15 52.86.0.0/15 52.90.0.0/15 52.200.0.0/13 54.80.0.0/13 54.88.0.0/14 54.92.128.0/17
us-east-1 54.144.0.0/14 54.152.0.0/16 54.156.0.0/14 54.160.0.0/13 54.172.0.0/15 54.174.0.0/15 54.196.0.0/15 54.198.0.0/16
us-east-1 54.204.0.0/15 54.208.0.0/15 54.210.0.0/15 54.221.0.0/16 54.224.0.0/15 54.226.0.0/15 54.234.0.0/15 54.236.0.0/15
us-east-1 54.242.0.0/15 67.202.0.0/18 72.44.32.0/19 75.101.128.0/17 107.20.0.0/14 174.129.0.0/16 184.72.64.0/18
us-east-1 184.72.128.0/17 184.73.0.0/16 204.236.192.0/18 216.182.224.0/20
us-east-2 13.58.0.0/15 18.188.0.0/16 18.191.0.0/16 18.216.0.0/14 18.220.0.0/14 18.224.0.0/14 52.14.0.0/16 52.15.0.0/16
us-west-1 13.52.0.0/16 13.56.0.0/16 13.57.0.0/16 18.144.0.0/15 50.18.0.0/16 52.8.0.0/16 52.9.0.0/16 52.52.0.0/15 54.67.0.0/16
us-west-1 54.151.0.0/17 54.153.0.0/17 54.176.0.0/15 54.183.0.0/16 54.193.0.0/16 54.215.0.0/16 54.219.0.0/16 54.241.0.0/16
us-west-1 184.72.0.0/18 184.169.128.0/17 204.236.128.0/18
us-west-2 34.208.0.0/12 35.155.0.0/16 35.160.0.0/13 50.112.0.0/16 52.10.0.0/15 52.12.0.0/15 52.24.0.0/14 52.32.0.0/14
us-west-2 52.36.0.0/14 52.40.0.0/14 52.75.0.0/16 52.88.0.0/15 54.68.0.0/14 54.148.0.0/15 54.184.0.0/13 54.200.0.0/15
us-west-2 54.202.0.0/15 54.212.0.0/15 54.214.0.0/16 54.218.0.0/16 54.244.0.0/16 54.245.0.0/16
eu-west-1 18.200.0.0/16 34.240.0.0/13 34.248.0.0/13 46.51.128.0/18 46.51.192.0/20 46.137.0.0/17 46.137.128.0/18 52.16.0.0/15
eu-west-1 52.18.0.0/15 52.30.0.0/15 52.48.0.0/14 52.208.0.0/13 54.72.0.0/15 54.74.0.0/15 54.76.0.0/15 54.78.0.0/16
eu-west-1 54.154.0.0/16 54.155.0.0/16 54.170.0.0/15 54.194.0.0/15 54.216.0.0/15 54.220.0.0/16 54.228.0.0/16 54.229.0.0/16
eu-west-1 54.246.0.0/16 54.247.0.0/16 79.125.0.0/17 176.34.64.0/18 176.34.128.0/17 185.48.120.0/22
eu-central-1 18.194.0.0/15 18.196.0.0/15 35.156.0.0/14 52.28.0.0/16 52.29.0.0/16 52.57.0.0/16 52.58.0.0/15 54.93.0.0/16
`

// amazonDate is the createDate of the list.
const amazonDate = "2018-02-06"

// ranges is a table of prefixes that is searched longest first.
type ranges struct {
	byPrefix  map[netip.Prefix]string
	v4, v6    []int // lengths that occur, longest first
	published time.Time
}

// Lookup returns the owner of the longest prefix that holds the address.
func (r *ranges) Lookup(a netip.Addr) (owner string, published time.Time, ok bool) {
	lengths := r.v6
	if a = a.Unmap(); a.Is4() {
		lengths = r.v4
	}
	for _, b := range lengths {
		p, err := a.Prefix(b)
		if err != nil {
			continue
		}
		if owner, ok := r.byPrefix[p]; ok {
			return owner, r.published, true
		}
	}
	return "", time.Time{}, false
}

func (r *ranges) add(p netip.Prefix, owner string) {
	if r.byPrefix == nil {
		r.byPrefix = map[netip.Prefix]string{}
	}
	p = p.Masked()
	r.byPrefix[p] = owner
	lengths := &r.v6
	if p.Addr().Is4() {
		lengths = &r.v4
	}
	longestFirst := func(a, b int) int { return cmp.Compare(b, a) }
	if at, found := slices.BinarySearchFunc(*lengths, p.Bits(), longestFirst); !found {
		*lengths = slices.Insert(*lengths, at, p.Bits())
	}
}

// PublishedRanges returns the public ranges that rollcall knows by heart: those
// of Amazon EC2 in its largest regions, with the date of Amazon's list.
func PublishedRanges() PublicRanges {
	r := &ranges{}
	r.published, _ = time.Parse(time.DateOnly, amazonDate)
	for line := range strings.Lines(amazonList) {
		f := strings.Fields(line)
		for _, s := range f[min(1, len(f)):] {
			r.add(netip.MustParsePrefix(s), "Amazon EC2 "+f[0])
		}
	}
	return r
}

// amazonDateForm is how createDate is written ("AWS IP address ranges", VPC User Guide).
const amazonDateForm = "2006-01-02-15-04-05"

// AmazonRanges reads a list as Amazon publishes it at
// https://ip-ranges.amazonaws.com/ip-ranges.json: the prefixes of service EC2, IPv4
// and IPv6, which are what it rents out. A list without any is an error, so that a wrong file
// is not taken for good news.
func AmazonRanges(data []byte) (PublicRanges, error) {
	type prefix struct {
		V4      string `json:"ip_prefix"`
		V6      string `json:"ipv6_prefix"`
		Region  string `json:"region"`
		Service string `json:"service"`
	}
	var list struct {
		CreateDate string   `json:"createDate"`
		V4         []prefix `json:"prefixes"`
		V6         []prefix `json:"ipv6_prefixes"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	published, err := time.Parse(amazonDateForm, list.CreateDate)
	if err != nil {
		return nil, fmt.Errorf("its createDate %q is not a date", Clean(list.CreateDate))
	}
	r := &ranges{published: published}
	for _, p := range slices.Concat(list.V4, list.V6) {
		if p.Service != "EC2" {
			continue
		}
		parsed, err := netip.ParsePrefix(cmp.Or(p.V4, p.V6))
		if err != nil {
			return nil, fmt.Errorf("%q is not a prefix", Clean(cmp.Or(p.V4, p.V6)))
		}
		r.add(parsed, "Amazon EC2 "+Clean(p.Region))
	}
	if len(r.byPrefix) == 0 {
		return nil, errors.New("it has no prefix of service EC2")
	}
	return r, nil
}
