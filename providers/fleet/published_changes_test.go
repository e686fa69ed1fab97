package fleet

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
)

// sortedBytes are the rows of a view in an order of their own, encoded.
func sortedBytes(v *publishedView) []byte {
	if v.zone != nil {
		z := *v.zone
		z.Records = slices.SortedFunc(slices.Values(z.Records), func(a, b providers.Record) int { return strings.Compare(recordKey(&a), recordKey(&b)) })
		return EncodeZone(&z)
	}
	c := *v.cloud
	c.Instances = slices.SortedFunc(slices.Values(c.Instances), func(a, b providers.Instance) int { return strings.Compare(a.ID, b.ID) })
	c.Addresses = slices.SortedFunc(slices.Values(c.Addresses), func(a, b providers.Address) int { return strings.Compare(addressKey(&a), addressKey(&b)) })
	return EncodeCloud(&c)
}

func TestRowsWithTheirChangesAreTheRowsThatTheReaderHas(t *testing.T) {
	t.Parallel()
	c := newFakeCloud("a", 40)
	z := zoneOf(c)
	z.Self.Provider = providers.Cloudflare
	f := New(Options{FleetID: "7f3a", Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{zoneSourceOf(z)}})
	cloud := providers.CloudView{Cloud: c.Self, Instances: c.Rows, Lookups: map[string]providers.Lookup{}}
	zone := providers.ZoneView{Zone: z.Self, Records: z.Rows, Since: time.Unix(1_700_000_000, 0).UTC(), Appeared: map[providers.MarkerKey]time.Time{}}
	published := func(isZone bool, data []byte, changes ...[]byte) *Published {
		if isZone {
			return &Published{Zone: true, Name: z.Self.Name, Provider: z.Self.Provider, Data: data, Changes: changes}
		}
		return &Published{Name: "a", Provider: c.Self.Provider, Coverage: providers.Coverage{Key: c.Self.Key}, Data: data, Changes: changes}
	}
	show := func(last *publishedView, p *Published) *publishedView {
		t.Helper()
		v, err := f.decodePublished(p, last)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	shown := []*publishedView{show(nil, published(false, EncodeCloud(&cloud))), show(nil, published(true, EncodeZone(&zone)))}
	first := [][]byte{EncodeCloud(&cloud), EncodeZone(&zone)}
	var all [2][][]byte
	r := rand.New(rand.NewPCG(1, 2))
	next := 1000
	for range 60 {
		was, wasZone := cloud, zone
		cloud.Instances, cloud.Addresses, cloud.Lookups = slices.Clone(cloud.Instances), slices.Clone(cloud.Addresses), map[string]providers.Lookup{}
		zone.Records = slices.Clone(zone.Records)
		appeared := map[providers.MarkerKey]time.Time{}
		for k, at := range zone.Appeared {
			if r.IntN(5) > 0 {
				appeared[k] = at
			}
		}
		zone.Appeared = appeared
		for range r.IntN(6) {
			next++
			switch i := r.IntN(len(cloud.Instances)); r.IntN(7) {
			case 0:
				cloud.Instances = slices.Delete(cloud.Instances, i, i+1)
			case 1:
				cloud.Instances = slices.Insert(cloud.Instances, i, instance(c, next))
			case 2:
				cloud.Instances[i].Tags = providers.TagsOf(map[string]string{"n": fmt.Sprint(next)})
			case 3:
				cloud.Addresses = append(cloud.Addresses, providers.Address{Cloud: "a", Key: c.Self.Key, IP: addr(next), Kind: "elastic", ID: fmt.Sprint(next)})
				cloud.Lookups[fmt.Sprint("i-gone-", next)] = providers.Lookup{ID: fmt.Sprint("i-gone-", next), Gone: true}
			case 4:
				rec := record(c, "i-new", next)
				zone.Records = slices.Insert(zone.Records, r.IntN(len(zone.Records)), rec)
				zone.Appeared[providers.MarkerKeyOf(&rec, rec.Owners[0])] = time.Unix(int64(next), 0).UTC()
			case 5:
				k := r.IntN(len(zone.Records))
				zone.Records[k].TTL++
				zone.Records[k].Raw = "x"
			case 6:
				k := r.IntN(len(zone.Records))
				zone.Records = slices.Delete(zone.Records, k, k+1)
			}
		}
		for i, x := range []struct{ full, changes []byte }{{EncodeCloud(&cloud), EncodeCloudChanges(&was, &cloud)}, {EncodeZone(&zone), EncodeZoneChanges(&wasZone, &zone)}} {
			isZone := i == 1
			want := sortedBytes(show(nil, published(isZone, x.full)))
			shown[i] = show(shown[i], published(isZone, nil, x.changes))
			if got := sortedBytes(shown[i]); !bytes.Equal(got, want) {
				t.Fatalf("with changes, source %d is\n%s\nwant\n%s", i, got, want)
			}
			if all[i] = append(all[i], x.changes); !bytes.Equal(sortedBytes(show(nil, published(isZone, first[i], all[i]...))), want) {
				t.Fatalf("from the first rows on, source %d is another", i)
			}
		}
	}
	if n := len(EncodeCloudChanges(&cloud, &cloud)); n > 400 {
		t.Errorf("no change has %d bytes", n)
	}
}

func TestChangesOfOtherRowsAreRefusedAndRowsThatCannotBeToldApartAreEncodedWhole(t *testing.T) {
	t.Parallel()
	c := newFakeCloud("a", 5)
	f := New(Options{FleetID: "7f3a", Clouds: []CloudSource{sourceOf(c)}})
	v := providers.CloudView{Cloud: c.Self, Instances: c.Rows}
	fewer := v
	fewer.Instances = c.Rows[:4]
	p := &Published{Name: "a", Provider: c.Self.Provider, Coverage: providers.Coverage{Key: c.Self.Key}, Data: EncodeCloud(&fewer), Changes: [][]byte{EncodeCloudChanges(&v, &v)}}
	if _, err := f.decodePublished(p, nil); err == nil || !strings.Contains(err.Error(), "other rows") {
		t.Errorf("%v", err)
	}
	p.Changes = [][]byte{EncodeCloud(&v)}
	if _, err := f.decodePublished(p, nil); err == nil {
		t.Error("all rows were taken for changes")
	}
	p.Data, p.Changes = EncodeCloudChanges(&fewer, &v), nil
	if _, err := f.decodePublished(p, nil); err == nil {
		t.Error("changes were taken for all rows")
	}
	twice := v
	twice.Instances = append(slices.Clone(c.Rows), c.Rows[0])
	if EncodeCloudChanges(&v, &twice) != nil || EncodeCloudChanges(&twice, &v) != nil {
		t.Error("two rows have one id")
	}
	other := v
	other.Cloud.Key = "0123456789"
	if EncodeCloudChanges(&other, &v) != nil {
		t.Error("they are those of another account")
	}
}
