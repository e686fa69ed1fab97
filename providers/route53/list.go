package route53

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsr53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
	"rollcall/providers/budget"
)

const (
	zonePage = 100 // maximum of ListHostedZones
	setPage  = 300 // maximum of ListResourceRecordSets
	// serverLookups is the number of zones for which one listing asks for the name servers. Each costs a call, and the
	// answers are cached.
	serverLookups = 20
	// identityPatience is how long a listing waits for the id of the account that it is of.
	identityPatience = 3 * time.Second
)

// Zones lists the hosted zones that the credentials can see, including private ones.
func (a *Account) Zones(ctx context.Context, page func([]providers.Zone)) providers.Coverage {
	const op = "list zones"
	ctx, v := a.begin(ctx)
	account := a.accountOf(ctx)
	landed := false
	seen := map[string]bool{}
	var marker *string
	asked := 0
	for {
		out, err := awsapi.Call(ctx, a.s.Read, op, a.api.ListHostedZones, &awsr53.ListHostedZonesInput{Marker: marker, MaxItems: aws.Int32(zonePage)})
		if err != nil {
			return a.end(v, landed, err)
		}
		var zones []providers.Zone
		for i := range out.HostedZones {
			z := zoneOf(&out.HostedZones[i])
			if z.ID == "" || z.Name == "." {
				return a.end(v, landed, a.incomplete(op, "a zone came without id or name"))
			}
			var known bool
			if z.NameServers, known = a.knownServers(z.ID); !known && asked < serverLookups {
				asked++
				if got, _, err := a.zone(ctx, z.ID); err == nil { // a zone whose name servers are unknown is still listed
					z.NameServers = got.NameServers
				}
			}
			z.Account = account()
			zones = append(zones, z)
		}
		landed = true
		v.Rows += len(zones)
		if len(zones) > 0 {
			page(zones)
		}
		if !out.IsTruncated {
			return a.end(v, landed, nil)
		}
		next := aws.ToString(out.NextMarker)
		if next == "" || seen[next] {
			return a.end(v, landed, a.incomplete(op, "the page marker is missing or repeats"))
		}
		seen[next] = true
		marker = out.NextMarker
	}
}

// accountOf starts to ask which account the credentials belong to. The returned function waits for its id, which is empty if
// it did not come within identityPatience.
func (a *Account) accountOf(ctx context.Context) func() string {
	came := make(chan string, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, identityPatience)
		defer cancel()
		id, _ := a.AccountID(ctx) // zones of an account that is not known are still listed
		came <- id
	}()
	return sync.OnceValue(func() string { return <-came })
}

func zoneOf(z *types.HostedZone) providers.Zone {
	return providers.Zone{
		Name: nameFromWire(aws.ToString(z.Name)), ID: strings.TrimPrefix(aws.ToString(z.Id), "/hostedzone/"),
		Provider: providers.Route53, Traits: traits(), Private: z.Config != nil && z.Config.PrivateZone,
	}
}

// Zone implements providers.ZoneGetter.
func (a *Account) Zone(ctx context.Context, id string) (providers.Zone, error) {
	z, _, err := a.zone(ctx, id)
	return z, err
}

// zone returns a zone and its number of record sets.
func (a *Account) zone(ctx context.Context, id string) (providers.Zone, int64, error) {
	const op = "ask for a zone"
	out, err := awsapi.Call(ctx, a.s.Read, op, a.api.GetHostedZone, &awsr53.GetHostedZoneInput{Id: aws.String(id)})
	if err != nil {
		return providers.Zone{}, 0, err
	}
	if out.HostedZone == nil || out.HostedZone.ResourceRecordSetCount == nil {
		return providers.Zone{}, 0, a.incomplete(op, "the answer does not say how many record sets zone %s has", id)
	}
	z := zoneOf(out.HostedZone)
	if z.ID != strings.TrimPrefix(id, "/hostedzone/") {
		return providers.Zone{}, 0, a.incomplete(op, "the answer is about another zone (%s)", awsapi.Clean(z.ID))
	}
	if out.DelegationSet != nil { // private zones have none
		for _, ns := range out.DelegationSet.NameServers {
			z.NameServers = append(z.NameServers, nameFromWire(ns))
		}
		slices.Sort(z.NameServers)
	}
	a.mu.Lock()
	a.servers[id] = z.NameServers
	a.mu.Unlock()
	return z, *out.HostedZone.ResourceRecordSetCount, nil
}

func (a *Account) knownServers(id string) ([]string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ns, ok := a.servers[id]
	return ns, ok
}

// start is the start of a listing of record sets. Empty fields are not sent.
type start struct{ name, typ, id string } // name in wire form

// listedSet is a record set of a listing, converted.
type listedSet[T any] struct {
	key     key
	missing string // why the listing is incomplete: the set lacks this
	value   T
}

func listed[T any](s *types.ResourceRecordSet, convert func(*types.ResourceRecordSet) T) listedSet[T] {
	return listedSet[T]{key: keyOf(s), missing: missingField(s), value: convert(s)}
}

// sets lists record sets page by page from start, in Route 53's order, until the end or until visit returns false. last
// is true on the last page.
func (a *Account) sets(ctx context.Context, op, zoneID string, from start, visit func(list []types.ResourceRecordSet, last bool) (more bool)) error {
	return listSets(ctx, a, op, zoneID, from, nil, func(s *types.ResourceRecordSet) types.ResourceRecordSet { return *s },
		func(list []listedSet[types.ResourceRecordSet], last bool) bool {
			all := make([]types.ResourceRecordSet, len(list))
			for i := range list {
				all[i] = list[i].value
			}
			return visit(all, last)
		})
}

// listSets is sets for converted record sets. Those that items knows are not decoded again.
func listSets[T any](
	ctx context.Context, a *Account, op, zoneID string, from start, items *awsapi.Items[listedSet[T]], convert func(*types.ResourceRecordSet) T,
	visit func(list []listedSet[T], last bool) (more bool),
) error {
	seen, listed := map[start]bool{}, map[key]bool{}
	for {
		all, next, err := listPage(ctx, a, op, zoneID, from, items, convert)
		if err == nil {
			err = checkSets(a, op, listed, all)
		}
		if err != nil {
			return err
		}
		if !visit(all, next == nil) || next == nil {
			return nil
		}
		if from = *next; seen[from] {
			return a.incomplete(op, "where the next page begins repeats")
		}
		seen[from] = true
	}
}

// listPage returns one page of record sets, and where the next page begins; nil after the last one.
func listPage[T any](
	ctx context.Context, a *Account, op, zoneID string, from start, items *awsapi.Items[listedSet[T]], convert func(*types.ResourceRecordSet) T,
) (all []listedSet[T], next *start, err error) {
	var options []func(*awsr53.Options)
	if items != nil {
		options = append(options, func(o *awsr53.Options) { o.APIOptions = append(o.APIOptions, items.Add) })
	}
	in := &awsr53.ListResourceRecordSetsInput{HostedZoneId: aws.String(zoneID), MaxItems: aws.Int32(setPage), StartRecordType: types.RRType(from.typ)}
	if from.name != "" {
		in.StartRecordName = aws.String(from.name)
	}
	if from.id != "" {
		in.StartRecordIdentifier = aws.String(from.id)
	}
	out, err := awsapi.Call(ctx, a.s.Read, op, a.api.ListResourceRecordSets, in, options...)
	if err != nil {
		return nil, nil, err
	}
	all, ok := awsapi.Merge(items, out.ResourceRecordSets, func(s *types.ResourceRecordSet) listedSet[T] { return listed(s, convert) })
	if !ok {
		return nil, nil, a.incomplete(op, "the record sets of a page cannot be told apart")
	}
	if out.IsTruncated {
		next = &start{name: aws.ToString(out.NextRecordName), typ: string(out.NextRecordType), id: aws.ToString(out.NextRecordIdentifier)}
		if next.name == "" {
			return nil, nil, a.incomplete(op, "where the next page begins is missing")
		}
	}
	return all, next, nil
}

// checkSets adds record sets to those listed before. A set that came before, or lacks a field, is KindIncomplete.
func checkSets[T any](a *Account, op string, listed map[key]bool, all []listedSet[T]) error {
	for i := range all {
		k := all[i].key
		switch {
		case all[i].missing == noName:
			return a.incomplete(op, "a record set came without %s", noName)
		case listed[k]:
			return a.incomplete(op, "the record set %s %s came twice", k.Name, k.Type)
		case all[i].missing != "":
			return a.incomplete(op, "the record set %s %s came without %s", k.Name, k.Type, all[i].missing)
		}
		listed[k] = true
	}
	return nil
}

const noName = "name or type"

// missingField returns what a record set must have and has not.
func missingField(s *types.ResourceRecordSet) string {
	switch {
	case aws.ToString(s.Name) == "" || s.Type == "":
		return noName
	case s.AliasTarget == nil && s.TrafficPolicyInstanceId == nil && (s.TTL == nil || len(s.ResourceRecords) == 0):
		return "TTL or values"
	}
	return ""
}

func (a *Account) begin(ctx context.Context) (context.Context, reading) {
	v := reading{Coverage: providers.Coverage{State: providers.CoverageComplete, Expected: -1, Started: a.s.Now()}}
	ctx, v.skew = budget.WithSkew(ctx)
	return budget.ForListing(ctx), v
}

// reading is a listing in progress.
type reading struct {
	providers.Coverage
	skew *budget.Skew
}

func (a *Account) end(v reading, landed bool, err error) providers.Coverage {
	v.Finished, v.Err, v.Skew = a.now(), err, v.skew.Ahead()
	if err != nil {
		v.State = providers.CoverageFailed
		if landed {
			v.State = providers.CoveragePartial
		}
	}
	return v.Coverage
}

func (a *Account) now() time.Time { return a.s.Now() }

func (a *Account) fail(kind providers.Kind, op, format string, args ...any) error {
	return &providers.Error{Kind: kind, Source: a.s.Source(), Op: op, Err: fmt.Errorf(format, args...)}
}

func (a *Account) incomplete(op, format string, args ...any) error {
	return a.fail(providers.KindIncomplete, op, format, args...)
}
