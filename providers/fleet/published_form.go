package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// Rows that one rollcall has read are encoded for others as a line of JSON, a line feed, and a snapshot of the one source
// in the form of the file of the last snapshot.

const publishedFormat = 1

// publishedHead is the line of JSON.
type publishedHead struct {
	Format  int               `json:"format"`
	Lookups []publishedLookup `json:"lookups,omitempty"`
	Changes *publishedChanges `json:"changes,omitempty"`
}

type publishedLookup struct {
	ID       string              `json:"id"`
	Gone     bool                `json:"gone,omitempty"`
	Final    bool                `json:"final,omitempty"`
	Instance *providers.Instance `json:"instance,omitempty"`
}

// EncodeCloud returns the rows of a cloud for other members. Equal rows have equal bytes.
func EncodeCloud(v *providers.CloudView) []byte {
	return encodeCloud(v, nil)
}

func encodeCloud(v *providers.CloudView, changes *publishedChanges) []byte {
	head := publishedHead{Format: publishedFormat, Changes: changes}
	for _, id := range slices.Sorted(maps.Keys(v.Lookups)) {
		if l := v.Lookups[id]; l.Err == nil {
			head.Lookups = append(head.Lookups, publishedLookup{l.ID, l.Gone, l.Final, l.Instance})
		}
	}
	c := v.Cloud
	c.Traits = providers.Traits{}
	return encodePublished(&head, &stored{Clouds: []storedCloud{{Cloud: c, Instances: v.Instances, Addresses: v.Addresses}}})
}

// EncodeZone is EncodeCloud for a zone.
func EncodeZone(v *providers.ZoneView) []byte {
	return encodeZone(v, appearances(v), nil)
}

func encodeZone(v *providers.ZoneView, appeared []storedAppearance, changes *publishedChanges) []byte {
	z := storedZone{Zone: v.Zone, Records: v.Records, Whole: v.HasCompleteRead, Since: v.Since, Appeared: appeared}
	z.Zone.Traits = providers.Traits{}
	return encodePublished(&publishedHead{Format: publishedFormat, Changes: changes}, &stored{Zones: []storedZone{z}})
}

// appearances returns when markers of a zone appeared, in the order of their keys.
func appearances(v *providers.ZoneView) []storedAppearance {
	var out []storedAppearance
	for k, at := range v.Appeared {
		out = append(out, storedAppearance{k, at})
	}
	slices.SortFunc(out, func(a, b storedAppearance) int { return strings.Compare(appearanceKey(&a), appearanceKey(&b)) })
	return out
}

func encodePublished(head *publishedHead, s *stored) []byte {
	line, err := json.Marshal(head)
	if err != nil { // of plain fields, so it cannot be
		return nil
	}
	return append(append(line, '\n'), encode(s)...)
}

// decodePublished returns what was encoded, which has one source.
func decodePublished(data []byte) (publishedHead, *stored, error) {
	var head publishedHead
	line, rest, ok := bytes.Cut(data, []byte{'\n'})
	if !ok || json.Unmarshal(line, &head) != nil {
		return head, nil, errors.New("they are damaged: this is not what a watch writes")
	}
	if head.Format != publishedFormat {
		return head, nil, fmt.Errorf("they have the format %d, and this release knows %d", head.Format, publishedFormat)
	}
	if bytes.HasPrefix(rest, []byte("{")) {
		return head, nil, errors.New("they are damaged: this is not what a watch writes")
	}
	s, err := decode(rest)
	if err == nil && len(s.Clouds)+len(s.Zones) != 1 {
		err = errors.New("they are not those of one source")
	}
	return head, s, err
}

// decodeCloud returns the rows of a cloud with this name and key.
func decodeCloud(data []byte, name string, key providers.CloudKey, asked time.Time) (*providers.CloudView, error) {
	head, s, err := decodePublished(data)
	if err != nil {
		return nil, err
	}
	if head.Changes != nil {
		return nil, errors.New("they are changes only")
	}
	return viewOfCloud(&head, s, name, key, asked)
}

func viewOfCloud(head *publishedHead, s *stored, name string, key providers.CloudKey, asked time.Time) (*providers.CloudView, error) {
	if len(s.Clouds) != 1 || s.Clouds[0].Cloud.Name != name || key == "" || s.Clouds[0].Cloud.Key != key {
		return nil, errors.New("they are those of another source")
	}
	c := &s.Clouds[0]
	strange := func(cloud string, of providers.CloudKey) bool { return cloud != name || of != key }
	if slices.ContainsFunc(c.Instances, func(i providers.Instance) bool { return i.ID == "" || strange(i.Cloud, i.Key) }) ||
		slices.ContainsFunc(c.Addresses, func(a providers.Address) bool { return strange(a.Cloud, a.Key) }) {
		return nil, errors.New("they have rows of another source")
	}
	v := &providers.CloudView{Cloud: c.Cloud, Instances: c.Instances, Addresses: c.Addresses, Lookups: map[string]providers.Lookup{}}
	for _, l := range head.Lookups {
		if i := l.Instance; l.ID == "" || i != nil && (i.ID != l.ID || strange(i.Cloud, i.Key)) {
			return nil, errors.New("they have rows of another source")
		}
		v.Lookups[l.ID] = providers.Lookup{ID: l.ID, Asked: asked, Gone: l.Gone, Final: l.Final, Instance: l.Instance, Key: key}
	}
	return v, nil
}

// decodeZone returns the rows of a zone with this name.
func decodeZone(data []byte, name string) (*providers.ZoneView, error) {
	head, s, err := decodePublished(data)
	if err != nil {
		return nil, err
	}
	if head.Changes != nil {
		return nil, errors.New("they are changes only")
	}
	return viewOfZone(s, name)
}

func viewOfZone(s *stored, name string) (*providers.ZoneView, error) {
	if len(s.Zones) != 1 || !providers.SameName(s.Zones[0].Zone.Name, name) {
		return nil, errors.New("they are those of another source")
	}
	z := &s.Zones[0]
	if slices.ContainsFunc(z.Records, func(r providers.Record) bool { return !providers.SameName(r.Zone, name) }) {
		return nil, errors.New("they have rows of another source")
	}
	v := &providers.ZoneView{Zone: z.Zone, Records: z.Records, HasCompleteRead: z.Whole, Since: z.Since}
	if len(z.Appeared) > 0 || !z.Since.IsZero() {
		v.Appeared = map[providers.MarkerKey]time.Time{}
	}
	for _, a := range z.Appeared {
		v.Appeared[a.MarkerKey] = a.At
	}
	return v, nil
}
