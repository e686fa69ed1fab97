package awsfront

import (
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// The limits of one batch ("Quotas on ChangeResourceRecordSets requests" in the Route 53 Developer Guide). An UPSERT
// counts twice for both.
const (
	maxElements   = 1000  // ResourceRecord elements
	maxCharacters = 32000 // of all Value elements
	maxValues     = 400   // of one record set
)

// changeRequest is the body of ChangeResourceRecordSets.
type changeRequest struct {
	XMLName xml.Name `xml:"ChangeResourceRecordSetsRequest"`
	Batch   struct {
		Comment string      `xml:"Comment"`
		Changes []setChange `xml:"Changes>Change"`
	} `xml:"ChangeBatch"`
}

// setChange is one Change of a batch.
type setChange struct {
	Action string
	Set    struct {
		Name             string
		Type             string
		SetIdentifier    *string
		Weight           *int64
		Region           *string
		Failover         *string
		MultiValueAnswer *string
		HealthCheckID    *string `xml:"HealthCheckId"`
		GeoLocation      *struct {
			ContinentCode, CountryCode, SubdivisionCode *string
		}
		TTL         *int64
		Values      []string `xml:"ResourceRecords>ResourceRecord>Value"`
		AliasTarget *struct {
			HostedZoneID         string `xml:"HostedZoneId"`
			DNSName              string
			EvaluateTargetHealth bool
		}
	} `xml:"ResourceRecordSet"`
}

// String returns a change as in Route 53's messages.
func (ch *setChange) String() string {
	id := "null"
	if ch.Set.SetIdentifier != nil {
		id = *ch.Set.SetIdentifier
	}
	return fmt.Sprintf("[Action=%s, Name=%s, Type=%s, SetIdentifier=%s]", ch.Action, ch.Set.Name, ch.Set.Type, id)
}

// routing returns the routing policies of a change.
func (ch *setChange) routing() (names []string) {
	s := &ch.Set
	for _, p := range []struct {
		name string
		on   bool
	}{
		{"Weight", s.Weight != nil},
		{"Region", s.Region != nil},
		{"Failover", s.Failover != nil},
		{"GeoLocation", s.GeoLocation != nil},
		{"MultiValueAnswer", s.MultiValueAnswer != nil},
	} {
		if p.on {
			names = append(names, p.name)
		}
	}
	return names
}

// worldSet returns the record set of a change in the world's form.
func (ch *setChange) worldSet() *world.Set {
	s := &ch.Set
	out := &world.Set{Name: fromOctal(s.Name), Type: s.Type, Weight: s.Weight, Extra: map[string]string{}}
	for _, v := range s.Values {
		out.Values = append(out.Values, valueFromOctal(s.Type, v))
	}
	if s.SetIdentifier != nil {
		out.SetID = *s.SetIdentifier
	}
	if s.TTL != nil {
		out.TTL = uint32(*s.TTL)
	}
	if a := s.AliasTarget; a != nil {
		name := a.DNSName
		if !strings.HasSuffix(name, ".") {
			name += "."
		}
		out.Alias = &world.Alias{Zone: a.HostedZoneID, Name: name, EvaluateHealth: a.EvaluateTargetHealth}
	}
	extra := map[string]*string{"Region": s.Region, "Failover": s.Failover, "MultiValueAnswer": s.MultiValueAnswer, "HealthCheckId": s.HealthCheckID}
	if g := s.GeoLocation; g != nil {
		extra[geoPrefix+"ContinentCode"], extra[geoPrefix+"CountryCode"], extra[geoPrefix+"SubdivisionCode"] = g.ContinentCode, g.CountryCode, g.SubdivisionCode
	}
	for k, v := range extra {
		if v != nil {
			out.Extra[k] = *v
		}
	}
	return out
}

// batchErrors are the errors of a batch's changes.
type batchErrors []string

func (e batchErrors) Error() string { return "[" + strings.Join(e, ", ") + "]" }

func (c *r53Call) changeRecordSets() *apiError {
	var in changeRequest
	if err := xml.Unmarshal(c.body, &in); err != nil {
		return bad("InvalidInput", "Invalid XML ; %s", err)
	}
	if e := checkRequest(&in); e != nil {
		return e
	}
	state := c.f.state(c.z)
	if c.fault == world.TakeOver {
		takeOver(c.z, in.Batch.Changes)
	}
	if c.fault == world.Conflict || c.fault == world.SecondWriter {
		state.mu.Lock()
		state.writes++
		n := state.writes
		state.mu.Unlock()
		switch {
		case n%2 == 0: // every other one
		case c.fault == world.Conflict:
			return bad("PriorRequestNotComplete", "The request was rejected because Route 53 was still processing a prior request.")
		default:
			secondWriter(c.z, in.Batch.Changes, n)
		}
	}
	if c.fault == world.Stale {
		var before []*world.Set
		c.z.View(func(tx *world.Tx) { before = slices.Clone(tx.Sets()) })
		state.history.Write(c.f.w.Now(), before)
	}
	id, err := c.z.Update(func(tx *world.Tx) error { return apply(tx, c.z.Name, in.Batch.Changes) })
	if problems, ok := errors.AsType[batchErrors](err); ok {
		return bad("InvalidChangeBatch", "%s", problems)
	} else if err != nil {
		return serverError(c.call)
	}
	ch := change{submitted: c.f.w.Now(), comment: in.Batch.Comment}
	state.mu.Lock()
	state.changes[id] = ch
	state.mu.Unlock()
	writeChange(c.x, id, false, ch)
	return nil
}

// checkRequest returns the error of a batch that is invalid for any zone.
func checkRequest(in *changeRequest) *apiError {
	changes := in.Batch.Changes
	if len(changes) == 0 {
		return bad("InvalidInput", "Invalid XML ; cvc-complex-type.2.4.b: The content of element 'Changes' is not complete. One of '{\"%s\":Change}' is expected.", namespaceOf("route53"))
	}
	if len(in.Batch.Comment) > 256 {
		return bad("InvalidInput", "1 validation error detected: Value at 'changeBatch.comment' failed to satisfy constraint: Member must have length less than or equal to 256")
	}
	elements, characters := 0, 0
	for n := range changes {
		ch := &changes[n]
		if e := checkChange(n, ch); e != nil {
			return e
		}
		times := 1
		if ch.Action == "UPSERT" {
			times = 2
		}
		elements += times * len(ch.Set.Values)
		for _, v := range ch.Set.Values {
			characters += times * len(v)
		}
	}
	switch {
	case elements > maxElements:
		return bad("InvalidChangeBatch", "[Number of records limit of %d exceeded.]", maxElements)
	case characters > maxCharacters:
		return bad("InvalidChangeBatch", "[RDATA character limit of %d exceeded.]", maxCharacters)
	}
	return nil
}

func checkChange(n int, ch *setChange) *apiError {
	invalid := func(field, value, constraint string) *apiError {
		return bad("InvalidInput", "1 validation error detected: Value '%s' at 'changeBatch.changes.%d.member.%s' failed to satisfy constraint: %s", value, n+1, field, constraint)
	}
	s := &ch.Set
	switch {
	case ch.Action != "CREATE" && ch.Action != "DELETE" && ch.Action != "UPSERT":
		return invalid("action", ch.Action, "Member must satisfy enum value set: [CREATE, UPSERT, DELETE]")
	case !knownType(s.Type):
		return invalid("resourceRecordSet.type", s.Type, "Member must satisfy enum value set: "+enumTypes())
	case s.Name == "":
		return invalid("resourceRecordSet.name", "", "Member must have length greater than or equal to 1")
	case s.TTL != nil && (*s.TTL < 0 || *s.TTL > 2147483647):
		return invalid("resourceRecordSet.tTL", fmt.Sprint(*s.TTL), "Member must have value between 0 and 2147483647")
	case s.Weight != nil && (*s.Weight < 0 || *s.Weight > 255):
		return invalid("resourceRecordSet.weight", fmt.Sprint(*s.Weight), "Member must have value between 0 and 255")
	case s.SetIdentifier != nil && len(*s.SetIdentifier) > 128:
		return invalid("resourceRecordSet.setIdentifier", *s.SetIdentifier, "Member must have length less than or equal to 128")
	}
	const oneOf = "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found %s in Change with %s"
	switch {
	case s.AliasTarget != nil && (s.TTL != nil || len(s.Values) > 0):
		return bad("InvalidInput", oneOf, "more than one", ch)
	case s.AliasTarget == nil && s.TTL == nil && len(s.Values) > 0:
		return bad("InvalidInput", "Invalid request: Missing field 'TTL' in Change with %s", ch)
	case s.AliasTarget == nil && (s.TTL == nil || len(s.Values) == 0):
		return bad("InvalidInput", oneOf, "none", ch)
	}
	const policies = "Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, CidrRoutingConfig, or GeoProximityLocation], but found %s in Change with %s"
	switch r := ch.routing(); {
	case len(r) > 1:
		return bad("InvalidInput", policies, "more than one", ch)
	case len(r) == 1 && s.SetIdentifier == nil:
		return bad("InvalidInput", "Invalid request: Missing field 'SetIdentifier' in Change with %s", ch)
	case len(r) == 0 && s.SetIdentifier != nil:
		return bad("InvalidInput", policies, "none", ch)
	}
	return nil
}

// label returns a record set as in Route 53's messages.
func label(s *world.Set) string {
	id := ""
	if s.SetID != "" {
		id = ", set-identifier='" + s.SetID + "'"
	}
	return "[name='" + octal(s.Name) + "', type='" + s.Type + "'" + id + "]"
}

// apply makes the changes of a batch in a transaction, or returns all that is wrong with them.
func apply(tx *world.Tx, zone string, changes []setChange) error {
	var problems batchErrors
	sets := make([]*world.Set, len(changes))
	for n := range changes {
		sets[n] = changes[n].worldSet()
		problems = append(problems, checkSet(zone, &changes[n], sets[n])...)
	}
	problems = append(problems, checkPairs(changes, sets)...)
	if len(problems) > 0 {
		return problems
	}
	apex := providers.CanonicalName(zone)
	for n, s := range sets {
		old := tx.Set(s.Name, s.Type, s.SetID)
		switch changes[n].Action {
		case "DELETE":
			switch {
			case old == nil:
				problems = append(problems, "Tried to delete resource record set "+label(s)+" but it was not found")
			case !sameSet(old, s):
				problems = append(problems, "Tried to delete resource record set "+label(s)+" but the values provided do not match the current values")
			default:
				tx.Delete(old)
			}
			continue
		case "CREATE":
			if old != nil {
				problems = append(problems, "Tried to create resource record set "+label(s)+" but it already exists")
				continue
			}
		}
		tx.Put(s)
	}
	if tx.Set(apex, "NS", "") == nil {
		problems = append(problems, "A HostedZone must contain at least one NS record for the zone itself.")
	}
	if tx.Set(apex, "SOA", "") == nil {
		problems = append(problems, "A HostedZone must contain exactly one SOA record.")
	}
	for n, s := range sets {
		if changes[n].Action != "DELETE" {
			problems = append(problems, checkNeighbours(tx, apex, s)...)
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// checkPairs returns an error if a batch changes a record set more than once, except by a DELETE and a CREATE after it.
func checkPairs(changes []setChange, sets []*world.Set) (problems batchErrors) {
	type key struct{ name, typ, id string }
	before := map[key]string{}
	for n, s := range sets {
		k := key{s.Name, s.Type, s.SetID}
		did, twice := before[k]
		if twice && (did != "DELETE" || changes[n].Action != "CREATE") {
			problems = append(problems, fmt.Sprintf("The request contains an invalid set of changes for a resource record set '%s %s'", s.Type, octal(s.Name)))
		}
		before[k] = did + changes[n].Action
	}
	return problems
}

// checkNeighbours returns the sets that conflict with a new one.
func checkNeighbours(tx *world.Tx, apex string, s *world.Set) (problems batchErrors) {
	sets := tx.Sets()
	from, _ := slices.BinarySearchFunc(sets, &world.Set{Name: s.Name}, world.SetLess)
	for _, o := range sets[from:] {
		if o.Name != s.Name {
			break
		}
		switch {
		case s.Type == "CNAME" && o.Type != "CNAME":
			return append(problems, fmt.Sprintf("RRSet of type CNAME with DNS name %s is not permitted as it conflicts with other records with the same DNS name in zone %s", octal(s.Name), octal(apex)))
		case s.Type != "CNAME" && o.Type == "CNAME":
			return append(problems, fmt.Sprintf("RRSet of type %s with DNS name %s is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone %s", s.Type, octal(s.Name), octal(apex)))
		case s.Type == o.Type && policy(s) != policy(o):
			id := ""
			if s.SetID != "" {
				id = ", SetIdentifier " + s.SetID
			}
			return append(problems, fmt.Sprintf("RRSet with DNS name %s, type %s%s cannot be created because a non-%s RRSet with the same name and type already exists.", octal(s.Name), s.Type, id, policy(s)))
		}
	}
	return problems
}

// policy returns the name of a record set's routing policy.
func policy(s *world.Set) string {
	switch {
	case s.Weight != nil:
		return "weighted"
	case s.Extra["Region"] != "":
		return "latency"
	case s.Extra["Failover"] != "":
		return "failover"
	case s.Extra["MultiValueAnswer"] != "":
		return "multivalue answer"
	case s.SetID != "":
		return "GEO"
	}
	return "simple"
}
