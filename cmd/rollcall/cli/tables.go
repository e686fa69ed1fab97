package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/rows"
)

// The tables of rollcall ls.

func instanceListing(now time.Time) *listing[instanceRow] {
	type row = instanceRow
	return &listing[row]{
		id: func(r *row) string { return r.Cloud + "/" + r.ID },
		columns: []rows.Column[*row]{
			{Title: "CLOUD", Text: func(r *row) string { return r.Cloud }},
			{Title: "NAME", Text: func(r *row) string { return r.Name }},
			{Title: "ID", Text: func(r *row) string { return r.ID }},
			{Title: "STATE", Text: func(r *row) string { return r.State }},
			{Title: "ADDRESS", Text: func(r *row) string { return strings.Join(r.PublicIPs, ",") }},
			{Title: "AGE", Text: func(r *row) string { return age(r.Launched, now) }, Key: func(r *row) string { return ageKey(r.Launched, now) }},
			{Title: "SERVICE", Text: func(r *row) string { return r.Service }},
			{Title: "DNS", Text: func(r *row) string { return strconv.Itoa(len(r.Records)) }},
			{Title: "FINDINGS", Text: func(r *row) string { return strings.Join(r.Findings, ",") }},
			{Title: "PROVIDER", Wide: true, Text: func(r *row) string { return r.Provider }},
			{Title: "REGION", Wide: true, Text: func(r *row) string { return r.Region }},
			{Title: "TYPE", Wide: true, Text: func(r *row) string { return r.Type }},
			{Title: "IMAGE", Wide: true, Text: func(r *row) string { return r.Image }},
			{Title: "PRIVATE", Wide: true, Text: func(r *row) string { return strings.Join(r.PrivateIPs, ",") }},
			{Title: "LAUNCHED", Wide: true, Text: func(r *row) string { return stamp(r.Launched) }},
			{Title: "TAGS", Wide: true, Text: func(r *row) string { return pairs(r.Tags) }},
			{Title: "REASON", Wide: true, Text: func(r *row) string { return r.Reason }},
		},
	}
}

func recordListing(wire bool) *listing[recordRow] {
	type row = recordRow
	l := &listing[row]{
		id: func(r *row) string { return r.named },
		columns: []rows.Column[*row]{
			{Title: "ZONE", Text: func(r *row) string { return dnsview.Readable(r.Zone) }},
			{Title: "NAME", Text: func(r *row) string { return dnsview.Readable(r.Name) }},
			{Title: "TYPE", Text: func(r *row) string { return r.Type }},
			{Title: "TTL", Text: func(r *row) string {
				if r.AutoTTL {
					return "auto"
				}
				return strconv.Itoa(int(r.TTL))
			}, Key: func(r *row) string { return strconv.Itoa(int(r.TTL)) }},
			{Title: "VALUE", Text: func(r *row) string { return dnsview.ReadableValue(r.Type, r.Value) }},
			{Title: "NODE", Text: nodeOf},
			{Title: "FINDINGS", Text: func(r *row) string { return strings.Join(r.Findings, ",") }},
			{Title: "PROVIDER", Wide: true, Text: func(r *row) string { return r.Provider }},
			{Title: "PROXIED", Wide: true, Text: func(r *row) string { return strconv.FormatBool(r.Proxied) }},
			{Title: "SERVICE", Wide: true, Text: func(r *row) string { return dnsview.Readable(r.Service) }},
			{Title: "OWNER", Wide: true, Text: func(r *row) string {
				if r.Owner == nil {
					return ""
				}
				return r.Owner.Cloud + "/" + r.Owner.Instance
			}},
			{Title: "COMMENT", Wide: true, Text: func(r *row) string { return r.Comment }},
			{Title: "SET", Wide: true, Text: func(r *row) string { return r.SetID }},
			{Title: "WEIGHT", Wide: true, Text: func(r *row) string {
				if r.Weight == nil {
					return ""
				}
				return strconv.FormatInt(*r.Weight, 10)
			}},
		},
	}
	if wire {
		l.columns = slices.Insert(l.columns, 6, rows.Column[*row]{Title: "WIRE", Text: func(r *row) string { return r.Wire.String() }})
	}
	return l
}

func nodeOf(r *recordRow) string {
	switch {
	case r.Instance != nil && r.Instance.Name != "":
		return r.Instance.Name
	case r.Instance != nil:
		return r.Instance.ID
	case r.Owner != nil:
		return r.Owner.Instance
	}
	return ""
}

func findingListing() *listing[rows.Finding] {
	return &listing[rows.Finding]{id: (*rows.Finding).ID, columns: rows.FindingTable(), object: func(r *rows.Finding) any { return r.Object() }}
}

func firstOf(s ...string) string {
	for _, x := range s {
		if x != "" {
			return x
		}
	}
	return ""
}

func sourceListing(wire bool) *listing[rows.Source] {
	return &listing[rows.Source]{id: (*rows.Source).Key, columns: rows.SourceTable(wire)}
}

func age(t *time.Time, now time.Time) string {
	if t == nil {
		return ""
	}
	return words.Short(now.Sub(*t))
}

func ageKey(t *time.Time, now time.Time) string {
	if t == nil {
		return ""
	}
	return strconv.FormatInt(max(0, int64(now.Sub(*t)/time.Second)), 10)
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

func pairs(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s=%s", k, m[k]))
	}
	return strings.Join(out, ",")
}
