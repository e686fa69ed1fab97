package fleet

import (
	"context"
	"strings"
	"testing"

	"rollcall/providers"
)

// listed is a DNS account that lists some records, and knows others by their id.
type listed struct{ list, known []providers.Record }

func (l *listed) Records(_ context.Context, _ providers.Zone, page func([]providers.Record)) providers.Coverage {
	page(l.list)
	return providers.Coverage{State: providers.CoverageComplete}
}

func (l *listed) HasRecord(_ context.Context, _ providers.Zone, r providers.Record) (bool, error) {
	for i := range l.known {
		if l.known[i].ID == r.ID {
			return true, nil
		}
	}
	return false, nil
}

func TestAListWithoutARecordThatIsThereIsNotBelieved(t *testing.T) {
	all := []providers.Record{{ID: "1", Name: "a", Type: "A", Value: "192.0.2.1"}, {ID: "2", Name: "a", Type: "A", Value: "192.0.2.2"}, {ID: "3", Name: "a", Type: "A", Value: "192.0.2.3"}}
	for _, c := range []struct {
		name        string
		list, known []providers.Record
		again       []providers.Record // of a second read
		want        string
	}{
		{"an empty list", nil, all, nil, "left out"},
		{"a list without one of three", all[:2], all, all[:2], "left out"},
		{"all were deleted", nil, nil, nil, ""},
		{"one was deleted", all[:2], all[:2], all[:2], ""},
		{"two reads of one record, which is not the same", all[:1], all[:1], all[1:2], "is without " + all[1].String()},
		{"two were deleted", all[:1], all[:1], all[:1], ""},
	} {
		err := verifyRecords(t.Context(), &listed{c.again, c.known}, providers.Zone{Provider: providers.Cloudflare}, providers.Coverage{State: providers.CoverageComplete}, c.list, all, func() {})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
