package route53

import (
	"cmp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers"
)

// key identifies a record set within its zone.
type key struct {
	name string // canonical
	typ  string
	id   string // set identifier, empty for a simple record
}

func keyOf(s *types.ResourceRecordSet) key {
	return key{name: nameFromWire(aws.ToString(s.Name)), typ: string(s.Type), id: aws.ToString(s.SetIdentifier)}
}

// rows returns one record per value of a record set, or one for an alias.
func rows(zone string, s *types.ResourceRecordSet) []providers.Record {
	k := keyOf(s)
	base := providers.Record{
		Zone: zone, Name: k.name, Type: k.typ, SetID: k.id, TTL: uint32(min(max(aws.ToInt64(s.TTL), 0), 1<<31-1)),
		Weight: aws.ToInt64(s.Weight), Policy: policyOf(s),
	}
	if s.AliasTarget != nil {
		base.Alias = true
		base.Value = nameFromWire(aws.ToString(s.AliasTarget.DNSName))
		return []providers.Record{base}
	}
	out := make([]providers.Record, 0, max(1, len(s.ResourceRecords)))
	for i := range s.ResourceRecords {
		r := base
		wire := aws.ToString(s.ResourceRecords[i].Value)
		if r.Value = valueFromWire(k.typ, wire); valueToWire(k.typ, r.Value) != wire {
			r.Raw = wire
		}
		out = append(out, r)
	}
	if len(out) == 0 && s.TrafficPolicyInstanceId != nil { // such a set may come without values
		out = append(out, base)
	}
	return out
}

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.typ, b.typ), cmp.Compare(a.id, b.id))
}
