package route53

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsr53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
	"rollcall/providers/recordset"
)

const (
	opApply = "change records"
	// nameReads is the largest number of names that are read one by one before a batch. For more names the whole zone
	// is read if that takes fewer calls.
	nameReads = 8
)

// limits are those of Route 53 (Developer Guide, "Quotas"). Deleted and created values both count.
var limits = recordset.Limits{
	Size:   recordset.Size{Elements: 1000, Chars: 32000}, // ResourceRecord elements, and characters of all values
	Values: maxSetValues,
	Batch:  "a batch takes 1000 values and 32000 characters",
}

const maxSetValues = 400

// Apply carries out changes in batches that delete each record set exactly as read and then create it, so that Route 53
// refuses a batch if another writer came first; see recordset.Writer.
func (a *Account) Apply(ctx context.Context, zone providers.Zone, changes []providers.Change) []providers.Result {
	return a.writer.Apply(ctx, &zoneWriter{a, zone.ID}, zone, changes)
}

// zoneWriter implements recordset.Provider.
type zoneWriter struct {
	a      *Account
	zoneID string
}

func (z *zoneWriter) Load(ctx context.Context, names []string) (map[string]recordset.Sets, error) {
	out := map[string]recordset.Sets{}
	if len(names) > nameReads {
		_, count, err := z.a.zone(ctx, z.zoneID)
		if err != nil {
			return nil, err
		}
		if count/setPage < int64(len(names)) {
			all, err := z.a.zoneSets(ctx, opApply, z.zoneID, count)
			if err == nil {
				for _, name := range names {
					out[name] = all[name]
				}
				return out, nil
			}
			if providers.KindOf(err) != providers.KindIncomplete { // after a wrong count the names are read one by one
				return nil, err
			}
		}
	}
	for _, name := range names {
		sets, err := z.a.name(ctx, opApply, z.zoneID, name)
		if err != nil {
			return nil, err
		}
		out[name] = sets
	}
	return out, nil
}

func (z *zoneWriter) New(r *providers.Record) (*recordset.Set, error) {
	s := &types.ResourceRecordSet{Name: aws.String(nameToWire(r.Name)), Type: types.RRType(r.Type), TTL: aws.Int64(int64(r.TTL))}
	if r.SetID != "" {
		s.SetIdentifier = aws.String(r.SetID)
	}
	if err := setPolicy(s, r.Policy, r.Weight); err != nil {
		return nil, err
	}
	return setOf(s), nil
}

func (z *zoneWriter) Cost(s *recordset.Swap) (size recordset.Size) {
	for _, one := range []*recordset.Set{s.Before, s.After} {
		if one == nil {
			continue
		}
		size.Elements += len(one.Values)
		for _, v := range one.Values {
			size.Chars += len(v)
		}
	}
	return size
}

// Send submits a batch that deletes each set exactly as read and then creates it, and never upserts.
func (z *zoneWriter) Send(ctx context.Context, swaps []recordset.Swap) (ticket string, err error) {
	var deletes, creates []types.Change
	for _, s := range swaps {
		if s.Before != nil {
			deletes = append(deletes, types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: native(s.Before)})
		}
		if s.After != nil {
			creates = append(creates, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: wireSet(s.After)})
		}
	}
	b := &types.ChangeBatch{Changes: append(deletes, creates...), Comment: aws.String("rollcall")}
	err = z.a.s.Write(ctx, opApply, func(ctx context.Context) error {
		out, err := z.a.api.ChangeResourceRecordSets(ctx, &awsr53.ChangeResourceRecordSetsInput{HostedZoneId: aws.String(z.zoneID), ChangeBatch: b})
		if err == nil && out.ChangeInfo != nil {
			ticket = strings.TrimPrefix(aws.ToString(out.ChangeInfo.Id), "/change/")
		}
		return err
	})
	return ticket, withMessages(err)
}

func native(s *recordset.Set) *types.ResourceRecordSet { return s.Native.(*types.ResourceRecordSet) }

// wireSet returns a set as it is to be created, with all that the set in Native has beyond its values.
func wireSet(s *recordset.Set) *types.ResourceRecordSet {
	w := *native(s)
	w.TTL, w.Weight = aws.Int64(int64(s.TTL)), s.Weight
	w.ResourceRecords = make([]types.ResourceRecord, len(s.Values))
	for i := range s.Values {
		w.ResourceRecords[i].Value = &s.Values[i]
	}
	return &w
}

func (z *zoneWriter) Refusal(err error) recordset.Refusal {
	e, ok := errors.AsType[*providers.Error](err)
	switch {
	case ok && e.Code == "PriorRequestNotComplete":
		return recordset.Busy
	case !ok || e.Code != "InvalidChangeBatch":
		return recordset.Other
	case isRaceError(err):
		return recordset.Raced
	}
	return recordset.Bad
}

// withMessages adds the reasons that Route 53 returned for a refused batch to the error's text.
func withMessages(err error) error {
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		return err
	}
	if bad, ok := errors.AsType[*types.InvalidChangeBatch](err); ok && len(bad.Messages) > 0 {
		e.Err = &batchError{text: awsapi.Clean(strings.Join(bad.Messages, "; ")), err: e.Err}
	}
	return err
}

type batchError struct {
	text string
	err  error
}

func (e *batchError) Error() string { return e.text }
func (e *batchError) Unwrap() error { return e.err }

// isRaceError reports whether Route 53's message says that a set differs from what the batch assumed.
func isRaceError(err error) bool {
	bad, ok := errors.AsType[*types.InvalidChangeBatch](err)
	if !ok {
		return false
	}
	for _, m := range append(bad.Messages, aws.ToString(bad.Message)) {
		m = strings.ToLower(m)
		if strings.Contains(m, "tried to create") && strings.Contains(m, "already exists") ||
			strings.Contains(m, "tried to delete") && (strings.Contains(m, "not found") || strings.Contains(m, "do not match")) {
			return true
		}
	}
	return false
}
