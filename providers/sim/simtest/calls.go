package simtest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// Calls counts the requests that the embedded clouds receive. The zero value is ready to use, and its methods are safe
// for concurrent use.
type Calls struct {
	mu     sync.Mutex
	counts map[string]map[string]int
}

var (
	// signedFor is the region and service in the Authorization header of a request to AWS.
	signedFor = regexp.MustCompile(`Credential=[^/]+/[^/]+/([^/]+)/([^/]+)/`)
	// machinePath is the path of one machine of Triton.
	machinePath = regexp.MustCompile(`^/[^/]+/machines/[0-9a-f-]{36}$`)
)

// What the requests are for that change records or ask for instances by id. Others have the service and the action, or
// the method and the path.
const (
	ToCloudflare   = "write to Cloudflare"
	ToRoute53      = "write to Route 53"
	InstancesByID  = "ec2 DescribeInstances by id"
	MachineByID    = "GET machine by id"
	FromRoute53    = "read from Route 53"
	FromCloudflare = "read from Cloudflare"
)

// Count is the Requested of sim.Options.
func (c *Calls) Count(r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	cloud, what := r.Host, r.Method+" "+r.URL.Path
	write := r.Method != http.MethodGet
	switch m := signedFor.FindStringSubmatch(r.Header.Get("Authorization")); {
	case m != nil && m[2] == "route53":
		cloud, what = m[1], FromRoute53
		if write && strings.HasSuffix(r.URL.Path, "/rrset") {
			what = ToRoute53
		}
	case m != nil:
		form, _ := url.ParseQuery(string(body))
		cloud, what = m[1], m[2]+" "+form.Get("Action")
		if form.Has("InstanceId.1") {
			what += " by id"
		}
	case machinePath.MatchString(r.URL.Path):
		what = MachineByID
	case strings.Contains(r.URL.Path, "/dns_records"):
		what = FromCloudflare
		if write {
			what = ToCloudflare
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]map[string]int{}
	}
	if c.counts[cloud] == nil {
		c.counts[cloud] = map[string]int{}
	}
	c.counts[cloud][what]++
}

// ByCloud returns the counts by the host or the AWS region that was asked, and by what the requests are for.
func (c *Calls) ByCloud() map[string]map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]map[string]int{}
	for cloud, n := range c.counts {
		out[cloud] = maps.Clone(n)
	}
	return out
}

// Of returns how many requests all clouds have received that were for what.
func (c *Calls) Of(what string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, counts := range c.counts {
		n += counts[what]
	}
	return n
}

// Reset forgets the requests so far.
func (c *Calls) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts = nil
}
