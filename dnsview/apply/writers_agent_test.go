package apply_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsr53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// agents plays what the agents of the nodes do, in the calls that userdata/node makes: compare-and-swap of
// whole record sets at Route 53, one record of its own at Cloudflare. It shares no code with the adapters.
type agents struct {
	clk  *providertest.Clock
	e    sim.Endpoints
	zone map[providers.Provider]*world.Zone
	r53  *awsr53.Client
	http *http.Client

	playing atomic.Int64

	mu    sync.Mutex
	turns map[string]*sync.Mutex // by instance: as the agent's lock file
	acts  []act
}

// act is what one agent has done, or tried to do.
type act struct {
	id       string
	from, to time.Time
	up       bool
	err      error
}

func newAgents(clk *providertest.Clock) *agents {
	return &agents{clk: clk, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}, turns: map[string]*sync.Mutex{}, zone: map[providers.Provider]*world.Zone{}}
}

// meet connects the agents to the world.
func (a *agents) meet(s *sim.Sim) {
	a.e = s.Endpoints()
	a.r53 = awsr53.NewFromConfig(*aws4(a.e, "us-east-1"), func(o *awsr53.Options) {
		o.BaseEndpoint, o.Retryer = aws.String(a.e.AWS), aws.NopRetryer{}
	})
	for _, z := range s.World().Zones("") {
		a.zone[z.Provider] = z
	}
}

// past returns what all agents have done until now.
func (a *agents) past() []act {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.acts)
}

// wait returns when no agent is at work.
func (a *agents) wait() {
	for range 60_000 {
		if a.playing.Load() == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

var errQuiesced = errors.New("quiesced by an operator: not registered")

// play registers a node that has come up, or takes one out that goes down in an orderly way.
func (a *agents) play(ctx context.Context, ev world.NodeEvent) {
	service := ev.Instance.Tags["service"]
	if ev.Instance.Tags["agent"] == "no" || service != "www" && service != "theservice" {
		return
	}
	a.playing.Add(1)
	defer a.playing.Add(-1)
	a.mu.Lock()
	turn := a.turns[ev.Instance.ID]
	if turn == nil {
		turn = new(sync.Mutex)
		a.turns[ev.Instance.ID] = turn
	}
	a.mu.Unlock()
	turn.Lock()
	defer turn.Unlock()
	n := agentNode{agents: a, me: providers.Owner{Fleet: "7f3a9c1e", Cloud: ev.Cloud.Key, Instance: ev.Instance.ID, Registered: a.clk.Now().Add(wrongClock(ev.Instance.ID)).UTC().Truncate(time.Second)}}
	done := act{id: ev.Instance.ID, from: a.clk.Now(), up: ev.Up}
	for try := range 10 {
		if try > 0 && a.clk.Sleep(ctx, min(30*time.Second, 500*time.Millisecond<<try)) != nil {
			break
		}
		if service == "www" {
			done.err = n.cloudflare(ctx, ev.Up, www, ev.Instance.Public.String())
			if errors.Is(done.err, errQuiesced) && try > 0 { // an earlier try may have registered it all the same
				done.err = cmp.Or(n.cloudflare(ctx, false, www, ev.Instance.Public.String()), errQuiesced)
			}
		} else {
			done.err = n.route53(ctx, ev.Up, ev.Instance.Tags["version"]+"._theservice._tcp."+sdZone, ev.Instance.Name+"."+sdZone, ev.Instance.Public.String())
		}
		if done.err == nil || errors.Is(done.err, errQuiesced) {
			break
		}
	}
	done.to = a.clk.Now()
	a.mu.Lock()
	a.acts = append(a.acts, done)
	a.mu.Unlock()
}

// agentNode is one node's agent at work.
type agentNode struct {
	*agents
	me providers.Owner
}

func decoded(text string) (providers.Owner, bool) {
	parts, ok := providers.ParseTXT(text)
	if !ok {
		return providers.Owner{}, false
	}
	o, err := providers.DecodeOwner(strings.Join(parts, ""))
	return o, err == nil
}

// set reads one record set.
func (n *agentNode) set(ctx context.Context, name, typ string) (*types.ResourceRecordSet, error) {
	out, err := n.r53.ListResourceRecordSets(ctx, &awsr53.ListResourceRecordSetsInput{
		HostedZoneId: &n.zone[providers.Route53].ID, StartRecordName: &name, StartRecordType: types.RRType(typ), MaxItems: aws.Int32(2),
	})
	if err != nil {
		return nil, err
	}
	if out.MaxItems == nil {
		return nil, errors.New("an answer that is not Route 53's")
	}
	for i := range out.ResourceRecordSets {
		if s := &out.ResourceRecordSets[i]; providers.SameName(aws.ToString(s.Name), name) && string(s.Type) == typ {
			return s, nil
		}
	}
	return &types.ResourceRecordSet{Name: aws.String(name + "."), Type: types.RRType(typ), TTL: aws.Int64(30)}, nil
}

func valuesOf(s *types.ResourceRecordSet) (out []string) {
	for _, v := range s.ResourceRecords {
		out = append(out, aws.ToString(v.Value))
	}
	return out
}

// sameValues compares the values of two record sets, whose order does not matter.
func sameValues(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// route53 joins or leaves by one batch: DELETE of the exact sets that were read, CREATE of the new ones.
func (n *agentNode) route53(ctx context.Context, up bool, service, host, address string) error {
	want := map[[2]string]string{{host, "A"}: address, {service, "SRV"}: "10 10 4218 " + host + "."}
	var deletes, creates []types.Change
	for _, name := range []string{service, host} {
		typ := map[string]string{service: "SRV", host: "A"}[name]
		markers, err := n.set(ctx, providers.MarkerName(n.me.Instance, name), "TXT")
		if err != nil {
			return err
		}
		values, err := n.set(ctx, name, typ)
		if err != nil {
			return err
		}
		var keep, marks []string
		var own []providers.Owner
		for _, m := range valuesOf(markers) {
			o, ok := decoded(m)
			switch {
			case ok && o.Same(n.me) && o.Quiesced && up:
				return errQuiesced
			case ok && o.Same(n.me) && !o.Quiesced && (up || slices.ContainsFunc(valuesOf(values), func(v string) bool { return o.Owns(o.Type, v) })):
				own = append(own, o) // a marker goes with its value, never alone
			default:
				marks = append(marks, m)
			}
		}
		for _, v := range valuesOf(values) {
			if !slices.ContainsFunc(own, func(o providers.Owner) bool { return o.Owns(typ, v) }) {
				keep = append(keep, v)
			}
		}
		if up {
			value := want[[2]string{name, typ}]
			if slices.ContainsFunc(keep, func(v string) bool { return providers.FoldValue(typ, v) == providers.FoldValue(typ, value) }) {
				return fmt.Errorf("%s %s is there, and not marked as ours", name, value)
			}
			keep = append(keep, value)
			mark := n.me
			if at := slices.IndexFunc(own, func(o providers.Owner) bool { return o.Owns(typ, value) }); at >= 0 {
				mark = own[at]
			}
			text, err := mark.For(typ, value).Encode()
			if err != nil {
				return err
			}
			marks = append(marks, providers.FormatTXT([]string{text}))
		}
		for s, now := range map[*types.ResourceRecordSet][]string{values: keep, markers: marks} {
			pinned := s == markers && up && !sameValues(valuesOf(values), keep) // it may have been changed since it was read
			had := valuesOf(s)
			if sameValues(had, now) && !pinned {
				continue
			}
			if len(had) > 0 {
				deletes = append(deletes, types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: s})
			}
			if len(now) > 0 {
				next := *s
				next.ResourceRecords = nil
				for _, v := range now {
					next.ResourceRecords = append(next.ResourceRecords, types.ResourceRecord{Value: aws.String(v)})
				}
				creates = append(creates, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &next})
			}
		}
	}
	if len(deletes)+len(creates) == 0 {
		return nil
	}
	_, err := n.r53.ChangeResourceRecordSets(ctx, &awsr53.ChangeResourceRecordSetsInput{HostedZoneId: &n.zone[providers.Route53].ID, ChangeBatch: &types.ChangeBatch{Changes: append(deletes, creates...)}})
	return err
}

// row is a record as Cloudflare answers it.
type row struct{ ID, Name, Type, Content, Comment string }

func (n *agentNode) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, n.e.Cloudflare+"/zones/"+n.zone[providers.Cloudflare].ID+"/dns_records"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+n.e.CloudflareToken)
	res, err := n.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	answer := struct {
		Success bool
		Result  json.RawMessage
	}{}
	if err := json.Unmarshal(raw, &answer); err != nil || !answer.Success {
		return fmt.Errorf("%s %s: %s: %.80s", method, path, res.Status, raw)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, out)
}

// cloudflare joins with a record of its own, whose comment is its marker, or takes it back.
func (n *agentNode) cloudflare(ctx context.Context, up bool, name, address string) error {
	var rows, marks []row
	if err := n.call(ctx, http.MethodGet, "?per_page=5000&name="+url.QueryEscape(name), nil, &rows); err != nil {
		return err
	}
	if err := n.call(ctx, http.MethodGet, "?per_page=5000&name="+url.QueryEscape(providers.MarkerName(n.me.Instance, name)), nil, &marks); err != nil {
		return err
	}
	for _, m := range marks {
		if o, ok := decoded(m.Content); ok && o.Same(n.me) && o.Quiesced && up {
			return errQuiesced
		}
	}
	there := false
	var old []row
	for _, r := range rows {
		o, err := providers.DecodeOwner(r.Comment)
		switch mine := err == nil && o.Same(n.me); {
		case mine && o.Quiesced && up:
			return errQuiesced
		case mine && up && r.Content == address:
			there = true
		case mine && !o.Quiesced:
			old = append(old, r)
		case r.Content == address && up:
			return fmt.Errorf("%s %s is there, and not marked as ours", name, address)
		}
	}
	if up && !there {
		text, err := n.me.Encode()
		if err != nil {
			return err
		}
		body := map[string]any{"type": "A", "name": name, "content": address, "ttl": 60, "comment": text, "proxied": false}
		if len(old) > 0 {
			id := old[len(old)-1].ID
			old = old[:len(old)-1]
			err = n.call(ctx, http.MethodPatch, "/"+id, body, nil)
		} else {
			err = n.call(ctx, http.MethodPost, "", body, nil)
		}
		if err != nil {
			return err
		}
	}
	if up && !there { // an operator may have been there meanwhile
		if err := n.call(ctx, http.MethodGet, "?per_page=5000&name="+url.QueryEscape(providers.MarkerName(n.me.Instance, name)), nil, &marks); err != nil {
			return err
		}
		for _, m := range marks {
			if o, ok := decoded(m.Content); ok && o.Same(n.me) && o.Quiesced {
				return cmp.Or(n.cloudflare(ctx, false, name, address), errQuiesced)
			}
		}
	}
	for _, r := range old {
		if err := n.call(ctx, http.MethodDelete, "/"+r.ID, nil, nil); err != nil && !strings.Contains(err.Error(), "404") {
			return err
		}
	}
	return nil
}

// wrongClock is how far the clock of a node is off: that of every fourth is a day behind, which the Date of
// its provider's answers does not set right.
func wrongClock(id string) time.Duration {
	if id[len(id)-1]%4 == 0 {
		return -24 * time.Hour
	}
	return 0
}
