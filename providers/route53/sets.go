package route53

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers"
	"rollcall/providers/recordset"
)

// spelling is how Route 53 spells values.
var spelling = recordset.Spelling{Read: valueFromWire, Write: wireOf, ParseTXT: escapes.ParseTXT, FormatTXT: escapes.FormatTXT}

// key identifies a record set within its zone.
type key = recordset.Key

func keyOf(s *types.ResourceRecordSet) key {
	return key{Name: nameFromWire(aws.ToString(s.Name)), Type: string(s.Type), ID: aws.ToString(s.SetIdentifier)}
}

// setOf returns a record set with s as its Native form.
func setOf(s *types.ResourceRecordSet) *recordset.Set {
	out := &recordset.Set{
		Key: keyOf(s), TTL: uint32(min(max(aws.ToInt64(s.TTL), 0), 1<<31-1)), Weight: s.Weight, Policy: policyOf(s),
		ReadOnly: s.AliasTarget != nil || s.TrafficPolicyInstanceId != nil, Native: s,
	}
	if s.AliasTarget != nil {
		out.Alias = nameFromWire(aws.ToString(s.AliasTarget.DNSName))
	}
	for i := range s.ResourceRecords {
		out.Values = append(out.Values, aws.ToString(s.ResourceRecords[i].Value))
	}
	return out
}

// rows returns one record per value of a record set, or one for an alias.
func rows(zone string, s *types.ResourceRecordSet) []providers.Record {
	return spelling.Rows(zone, setOf(s))
}
