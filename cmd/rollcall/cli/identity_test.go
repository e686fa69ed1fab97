package cli

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"testing"

	"rollcall/providers/sim"
)

// requests counts the requests to the embedded clouds by cloud, and by what is asked of it.
type requests struct {
	mu     sync.Mutex
	counts map[string]map[string]int
}

// signedFor is the region and service in the Authorization header of a request to AWS.
var signedFor = regexp.MustCompile(`Credential=[^/]+/[^/]+/([^/]+)/([^/]+)/`)

// machinePath is the path of one machine of Triton.
var machinePath = regexp.MustCompile(`^/[^/]+/machines/[0-9a-f-]{36}$`)

func (q *requests) count(r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	cloud, what := r.Host, r.Method+" "+r.URL.Path
	if m := signedFor.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		form, _ := url.ParseQuery(string(body))
		cloud, what = m[1], m[2]+" "+form.Get("Action")
		if form.Has("InstanceId.1") {
			what += " by id"
		}
	} else if machinePath.MatchString(r.URL.Path) {
		what = "GET machine by id"
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.counts[cloud] == nil {
		q.counts[cloud] = map[string]int{}
	}
	q.counts[cloud][what]++
}

func TestACommandAsksACloudWhoItIsOnceForAllItsListsAndAgainWhenSomethingIsGone(t *testing.T) {
	q := &requests{counts: map[string]map[string]int{}}
	newWorld(t, func(o *sim.Options) { o.Requested = q.count })
	must(t, "ls", "instances")
	clouds, lookups := 0, 0
	for cloud, n := range q.counts {
		ec2, triton := n["ec2 DescribeInstances"] > 0, n["GET /ops/machines"] > 0
		if !ec2 && !triton {
			continue // no cloud, but an account of DNS
		}
		clouds++
		byID := n["ec2 DescribeInstances by id"] + n["GET machine by id"]
		lookups += byID
		// "Gone" counts if the same account answers afterwards, for one instance or for several that are found gone together.
		questions, least, most := []string{"GET /ops", "GET /ops/datacenters"}, 1+min(byID, 1), 1+byID
		if ec2 {
			questions = []string{"sts GetCallerIdentity"}
			if byID > 0 {
				least, most = least+1, most+1 // and the answers are those of the account that is asked before
			}
		}
		for _, what := range questions {
			if n[what] < least || n[what] > most {
				t.Errorf("%s: %d times %s in %v, want %d to %d", cloud, n[what], what, n, least, most)
			}
		}
	}
	if clouds != 4 || lookups == 0 {
		t.Errorf("%d clouds and %d lookups prove nothing: %v", clouds, lookups, q.counts)
	}
	t.Log(q.counts)
}
