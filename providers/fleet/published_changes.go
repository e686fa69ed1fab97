package fleet

import (
	"errors"
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// publishedChanges say that encoded rows are those that changed, or are new, since earlier ones.
type publishedChanges struct {
	// The keys of rows that are gone:
	Instances []string `json:"instances,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	Records   []string `json:"records,omitempty"`
	Appeared  []string `json:"appeared,omitempty"`
	// Rows are how many rows there are after the change.
	Rows int `json:"rows"`
}

func instanceKey(i *providers.Instance) string { return i.ID }

func recordKey(r *providers.Record) string {
	id := r.Identity()
	return strings.Join([]string{id.Name, id.Type, id.Value, id.ID, r.SetID}, "\x00")
}

func appearanceKey(a *storedAppearance) string {
	return strings.Join([]string{a.Zone, a.Name, a.Type, a.Value, string(a.Cloud), a.Instance}, "\x00")
}

// EncodeCloudChanges returns how the rows of a cloud differ from last, or nil if that cannot be said.
func EncodeCloudChanges(last, v *providers.CloudView) []byte {
	if last.Cloud.Key != v.Cloud.Key || last.Cloud.Account != v.Cloud.Account {
		return nil
	}
	var c publishedChanges
	only, ok, also := *v, false, false
	only.Instances, c.Instances, ok = changesOf(last.Instances, v.Instances, instanceKey, (*providers.Instance).Equal)
	only.Addresses, c.Addresses, also = changesOf(last.Addresses, v.Addresses, addressKey, func(a, b *providers.Address) bool { return *a == *b })
	if !ok || !also {
		return nil
	}
	c.Rows = len(v.Instances) + len(v.Addresses)
	return encodeCloud(&only, &c)
}

// EncodeZoneChanges is EncodeCloudChanges for a zone.
func EncodeZoneChanges(last, v *providers.ZoneView) []byte {
	if last.Zone.ID != v.Zone.ID {
		return nil
	}
	var c publishedChanges
	only, ok, also := *v, false, false
	only.Records, c.Records, ok = changesOf(last.Records, v.Records, recordKey, (*providers.Record).Same)
	appeared, gone, also := changesOf(appearances(last), appearances(v), appearanceKey, func(a, b *storedAppearance) bool { return a.At.Equal(b.At) })
	if !ok || !also {
		return nil
	}
	c.Appeared, c.Rows = gone, len(v.Records)+len(v.Appeared)
	return encodeZone(&only, appeared, &c)
}

// changesOf returns the rows of now that last has not, or has otherwise, and the keys of those that are gone. ok is false if
// two rows have one key.
func changesOf[T any](last, now []T, key func(*T) string, equal func(a, b *T) bool) (changed []T, gone []string, ok bool) {
	if providers.ShareRows(last, now) {
		return nil, nil, true
	}
	at := make(map[string]int, len(last))
	for i := range last {
		at[key(&last[i])] = i
	}
	if len(at) < len(last) {
		return nil, nil, false
	}
	seen := make(map[string]bool, len(now))
	for i := range now {
		k := key(&now[i])
		if seen[k] {
			return nil, nil, false
		}
		seen[k] = true
		if was, there := at[k]; !there || !equal(&last[was], &now[i]) {
			changed = append(changed, now[i])
		}
	}
	for i := range last {
		if k := key(&last[i]); !seen[k] {
			gone = append(gone, k)
		}
	}
	return changed, gone, true
}

var errOtherChanges = errors.New("they are changes of other rows than the ones that are here")

// change applies changes to the rows of a source.
func (v *publishedView) change(data []byte, p *Published) error {
	head, s, err := decodePublished(data)
	switch {
	case err != nil:
		return err
	case head.Changes == nil:
		return errOtherChanges
	case p.Zone:
		return v.changeZone(head.Changes, s, p.Name)
	}
	return v.changeCloud(&head, s, p)
}

func (v *publishedView) changeCloud(head *publishedHead, s *stored, p *Published) error {
	key := p.Coverage.Key
	if key == "" {
		key = v.cloud.Cloud.Key
	}
	now, err := viewOfCloud(head, s, p.Name, key, p.RowsFrom)
	if err != nil {
		return err
	}
	now.Instances = changed(v.cloud.Instances, now.Instances, head.Changes.Instances, instanceKey)
	now.Addresses = changed(v.cloud.Addresses, now.Addresses, head.Changes.Addresses, addressKey)
	if len(now.Instances)+len(now.Addresses) != head.Changes.Rows {
		return errOtherChanges
	}
	v.cloud = now
	return nil
}

func (v *publishedView) changeZone(c *publishedChanges, s *stored, name string) error {
	now, err := viewOfZone(s, name)
	if err != nil {
		return err
	}
	now.Records = changed(v.zone.Records, now.Records, c.Records, recordKey)
	if now.Appeared != nil || v.zone.Appeared != nil {
		all := map[providers.MarkerKey]time.Time{}
		for _, a := range changed(appearances(v.zone), appearances(now), c.Appeared, appearanceKey) {
			all[a.MarkerKey] = a.At
		}
		now.Appeared = all
	}
	if len(now.Records)+len(now.Appeared) != c.Rows {
		return errOtherChanges
	}
	v.zone = now
	return nil
}

// changed returns rows with others in the place of those with their keys, and without those that are gone.
func changed[T any](rows, others []T, gone []string, key func(*T) string) []T {
	if len(others)+len(gone) == 0 {
		return rows
	}
	out := overlay(rows, others, key)
	if len(gone) == 0 {
		return out
	}
	is := make(map[string]bool, len(gone))
	for _, k := range gone {
		is[k] = true
	}
	return slices.DeleteFunc(out, func(row T) bool { return is[key(&row)] })
}
