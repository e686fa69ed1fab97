package triton

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// How a launch whose reply was lost is searched for. CloudAPI may show a new machine a moment late.
const (
	findTries = 4
	findPause = 500 * time.Millisecond // before the second search; later ones double
	postTries = 3                      // for posts that were certainly refused
)

// Launch starts one machine. CloudAPI has no idempotency token, so each launch has a tag, which is searched for before
// every post and after a lost reply. If the machine is not found then, the error is KindUncertain and nothing is posted
// again; a later Launch with the same id searches first.
func (c *Cloud) Launch(ctx context.Context, req providers.LaunchRequest) (providers.Instance, error) {
	op := "launch " + providers.Brief(req.Name)
	if req.LaunchID == "" || req.Image == "" || req.Size == "" {
		return providers.Instance{}, &providers.Error{Kind: providers.KindInvalid, Source: c.name, Op: op, Err: errors.New("a launch needs an id, an image and a package")}
	}
	tag := req.LaunchID + "/" + strconv.Itoa(req.Index)
	release, err := c.lockTag(ctx, tag)
	if err != nil {
		return providers.Instance{}, providers.Unanswered(c.name, op, err)
	}
	defer release()
	self, err := c.currentIdentity(ctx)
	if err != nil {
		return providers.Instance{}, err
	}
	for try := 1; ; try++ {
		if m, err := c.findLaunch(ctx, tag); err != nil || m != nil {
			if err != nil {
				return providers.Instance{}, err
			}
			return c.instance(&self, m, nil), nil
		}
		m, err := c.post(ctx, op, launchBody(&req, tag))
		if err == nil {
			return c.instance(&self, m, nil), nil
		}
		if notDone(err) {
			if try >= postTries || !c.waitForRetry(ctx, err) {
				return providers.Instance{}, err
			}
			continue
		}
		return c.findLost(ctx, &self, op, tag, err)
	}
}

// lockTag waits until no other launch of the tag runs in this process, so that none posts between another's search and
// post.
func (c *Cloud) lockTag(ctx context.Context, tag string) (release func(), err error) {
	for {
		c.mu.Lock()
		busy, ok := c.launching[tag]
		if !ok {
			done := make(chan struct{})
			c.launching[tag] = done
			c.mu.Unlock()
			return func() {
				c.mu.Lock()
				delete(c.launching, tag)
				c.mu.Unlock()
				close(done)
			}, nil
		}
		c.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// notDone reports whether a failed write has certainly not happened: it was never sent, or the cloud refused it
// explicitly.
func notDone(err error) bool {
	return !providers.KindOf(err).MayHaveHappened() || budget.NotSent(err)
}

// waitForRetry waits before the next try of a post that was refused temporarily, and reports whether there is one.
func (c *Cloud) waitForRetry(ctx context.Context, err error) bool {
	k := providers.KindOf(err)
	if k != providers.KindThrottled && k != providers.KindUnreachable {
		return false
	}
	d := max(providers.RetryAfter(err), findPause)
	if deadline, ok := ctx.Deadline(); ok && deadline.Sub(c.clock.Now()) <= d {
		return false
	}
	return c.clock.Sleep(ctx, d) == nil
}

// findLost searches for a launch whose reply was lost.
func (c *Cloud) findLost(ctx context.Context, self *providers.Cloud, op, tag string, cause error) (providers.Instance, error) {
	pause := findPause
	for look := 1; look <= findTries; look++ {
		if look > 1 {
			if c.clock.Sleep(ctx, pause) != nil {
				break
			}
			pause *= 2
		}
		if m, err := c.findLaunch(ctx, tag); err == nil && m != nil {
			return c.instance(self, m, nil), nil
		}
	}
	return providers.Instance{}, &providers.Error{
		Kind: providers.KindUncertain, Source: c.name, Op: op,
		Err: fmt.Errorf("the reply was lost and no machine is tagged %s=%s yet: %w", providers.TagLaunch, tag, cause),
	}
}

// findLaunch returns the machine with the tag of a launch, or nil. A full page without it is KindIncomplete: the server
// ignores the filter, and the machine may be on another page.
func (c *Cloud) findLaunch(ctx context.Context, tag string) (*machine, error) {
	var rows []machine
	r := request{op: "look for launch " + providers.Brief(tag), method: http.MethodGet, path: []string{"machines"}, query: url.Values{
		"tag." + providers.TagLaunch: {tag}, "limit": {strconv.Itoa(pageSize)}, "offset": {"0"},
	}}
	x, err := c.read(ctx, r, &rows)
	if err != nil {
		return nil, err
	}
	full := len(rows) >= pageSize || len(rows) > 0 && strconv.Itoa(len(rows)) == x.header.Get("X-Query-Limit")
	// A server may ignore the filter, so the tag is checked here too.
	rows = slices.DeleteFunc(rows, func(m machine) bool { return tagText(m.Tags[providers.TagLaunch]) != tag || m.ID == "" })
	switch {
	case len(rows) == 0 && full:
		return nil, &providers.Error{Kind: providers.KindIncomplete, Source: c.name, Op: r.op, Err: errors.New("the cloud ignores the filter by tag and has more machines than one answer holds")}
	case len(rows) == 0:
		return nil, nil
	}
	first := slices.MinFunc(rows, func(a, b machine) int {
		return cmp.Or(parseTime(a.Created).Compare(parseTime(b.Created)), cmp.Compare(a.ID, b.ID))
	})
	return &first, nil
}

// FindLaunch implements providers.LaunchFinder by the tag of the launch.
func (c *Cloud) FindLaunch(ctx context.Context, launchID string, index int) (providers.Instance, error) {
	self, err := c.currentIdentity(ctx)
	if err != nil {
		return providers.Instance{}, err
	}
	tag := launchID + "/" + strconv.Itoa(index)
	m, err := c.findLaunch(ctx, tag)
	switch {
	case err != nil:
		return providers.Instance{}, err
	case m == nil:
		return providers.Instance{}, &providers.Error{
			Kind: providers.KindNotFound, Source: c.name, Op: "look for launch " + providers.Brief(tag), Err: errors.New("no machine bears its tag"),
		}
	}
	return c.instance(&self, m, nil), nil
}

// launchBody returns the body of a create request, with flat keys.
func launchBody(req *providers.LaunchRequest, tag string) map[string]any {
	body := map[string]any{"name": req.Name, "image": req.Image, "package": req.Size}
	if req.Network != "" {
		body["networks"] = []string{req.Network}
	}
	for k, v := range req.Metadata {
		body["metadata."+k] = v
	}
	if len(req.UserData) > 0 {
		body["metadata.user-script"] = string(req.UserData)
	}
	for k, v := range req.Tags {
		body["tag."+k] = v
	}
	body["tag."+providers.TagLaunch] = tag
	return body
}

func (c *Cloud) post(ctx context.Context, op string, body map[string]any) (*machine, error) {
	x, err := c.do(ctx, request{op: op, method: http.MethodPost, path: []string{"machines"}, body: body})
	if err != nil {
		return nil, err
	}
	var m machine
	if err := c.decode(op, x.body, &m); err != nil {
		return nil, err
	}
	if m.ID == "" {
		return nil, &providers.Error{Kind: providers.KindIncomplete, Source: c.name, Op: op, Err: errors.New("the answer has no machine id")}
	}
	return &m, nil
}
