package fleet

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/providers"
)

// fill sets every field to a value that differs from its zero value and, mostly, from all others.
func fill(v reflect.Value, n *int) {
	*n++
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Unix(1_700_000_000+int64(*n), int64(*n)).UTC()
		return
	case *netip.Addr:
		*x = netip.AddrFrom4([4]byte{192, 0, 2, byte(*n)})
		if *n%2 == 0 {
			*x = netip.MustParseAddr(fmt.Sprintf("2001:db8::%x%%eth0", *n))
		}
		return
	case *providers.Traits: // of the provider, not of the file
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(-int64(*n))
	case reflect.Uint32:
		v.SetUint(uint64(*n))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range 3 {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 3 {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(k, n)
			fill(e, n)
			v.SetMapIndex(k, e)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	default:
		panic(v.Type().String())
	}
}

// filled is what the file keeps, with every field set.
func filled() stored {
	var s stored
	n := 0
	fill(reflect.ValueOf(&s).Elem(), &n)
	return s
}

var byAddress = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestTheFileKeepsEveryFieldOfEveryRow(t *testing.T) {
	want := filled()
	want.Format = 0
	got, err := decode(encode(&want))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&want, got, byAddress); d != "" {
		t.Error(d)
	}
	empty, err := decode(encode(&stored{}))
	if d := cmp.Diff(&stored{}, empty); err != nil || d != "" {
		t.Error(err, d)
	}
}

// The console may draw the rows of a snapshot while it is saved, which the race detector watches here.
func TestRowsThatAreSavedAreReadByOthersMeanwhile(t *testing.T) {
	s, want := filled(), filled()
	var wg sync.WaitGroup
	wg.Go(func() { encode(&s) })
	wg.Go(func() {
		if d := cmp.Diff(&want, &s, byAddress); d != "" {
			t.Error(d)
		}
	})
	wg.Wait()
}

func TestManyRowsAreReadInTheirOrder(t *testing.T) {
	s := manyRows(3*rowsOfPart+1, 2*rowsOfPart)
	got, err := decode(encode(s))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s, got, byAddress); d != "" {
		t.Error(d)
	}
}

func TestAFileOfAnOlderVersionIsReadUntilTheNextSave(t *testing.T) {
	want := filled()
	want.Format = 1
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "snapshot")
	writeFile(t, path+".json", string(text))
	read, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	check := func(s *providers.Snapshot) {
		t.Helper()
		if d := cmp.Diff(want.Clouds[1].Instances, s.Clouds[1].Instances, byAddress); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(want.Zones[2].Records, s.Zones[2].Records); d != "" {
			t.Error(d)
		}
	}
	check(read)
	if err := Save(path, read); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".json"); err == nil {
		t.Error("the older file is still there")
	}
	if read, err = Load(path, nil); err != nil {
		t.Fatal(err)
	}
	check(read)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	writeFile(t, path+".json", "{")
	if _, err := Load(path, nil); err != nil {
		t.Errorf("an older file counts beside a newer one: %v", err)
	}
}

func TestABrokenFileIsOneLineWithItsPath(t *testing.T) {
	s := filled()
	whole := encode(&s)
	path := filepath.Join(t.TempDir(), "snapshot")
	refused := func(what string, data []byte) {
		t.Helper()
		writeFile(t, path, string(data))
		got, err := Load(path, nil)
		if err == nil {
			t.Fatalf("%s: it was read: %+v", what, got.Taken)
		}
		if text := err.Error(); strings.Contains(text, "\n") || !strings.Contains(text, path) {
			t.Errorf("%s: %q", what, text)
		}
	}
	for n := range whole {
		if n < 100 || n%97 == 0 || n > len(whole)-100 {
			refused(fmt.Sprint("cut off after ", n), whole[:n])
			for _, bit := range []byte{1, 0x80} {
				broken := append([]byte(nil), whole...)
				broken[n] ^= bit
				refused(fmt.Sprintf("bit %#x of byte %d", bit, n), broken)
			}
		}
	}
	refused("twice", append(append([]byte(nil), whole...), whole...))
	refused("a later format", []byte(strings.Replace(string(whole), "snapshot 4\n", "snapshot 5\n", 1)))
	refused("another program's", []byte("SQLite format 3\x00"))
	refused("deep", []byte(`{"format":1,"clouds":`+strings.Repeat("[", 200)))
	if _, err := decode([]byte(strings.Replace(string(whole), "snapshot 4\n", "snapshot 41\n", 1))); err == nil || !strings.Contains(err.Error(), `"rollcall snapshot 41"`) {
		t.Errorf("a later format: %v", err)
	}
}

// FuzzStoredRows reads rows that have the right checksum, whatever they are.
func FuzzStoredRows(f *testing.F) {
	s := filled()
	f.Add(encode(&s)[frame:])
	f.Add(encode(manyRows(3, 2))[frame:])
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decode(sealed(form, append([]byte(form+strings.Repeat(" ", 16)), data...)))
		if err != nil {
			return
		}
		again, err := decode(encode(got))
		if d := cmp.Diff(got, again, byAddress); err != nil || d != "" {
			t.Error(err, d)
		}
	})
}

// manyRows returns instances of two clouds, as many as a large fleet has, and as many records of a zone.
func manyRows(instances, records int) *stored {
	from := time.Unix(1_700_000_000, 0).UTC()
	key := providers.NewCloudKey(providers.EC2, "111122223333", "us-east-1")
	s := &stored{Taken: from, Clouds: []storedCloud{{RowsFrom: from, Cloud: providers.Cloud{Name: "aws-use1", Provider: providers.EC2, Region: "us-east-1", Account: "111122223333", Key: key}}}}
	for i := range instances {
		a := netip.AddrFrom4([4]byte{54, byte(i >> 16), byte(i >> 8), byte(i)})
		s.Clouds[0].Instances = append(s.Clouds[0].Instances, providers.Instance{
			Cloud: "aws-use1", Key: key, Provider: providers.EC2, ID: fmt.Sprintf("i-%017x", i), Name: fmt.Sprintf("www-%06d", i), State: providers.StateRunning,
			Region: "us-east-1", Type: "t3.small", Image: "ami-0abcdef0123456789", PublicIPs: []netip.Addr{a}, PrivateIPs: []netip.Addr{netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})},
			Launched: from.Add(time.Duration(i) * time.Second), LaunchID: fmt.Sprint("launch-", i/10), Tags: providers.TagsOf(map[string]string{"Name": fmt.Sprintf("www-%06d", i), "service": "www", "env": "prod"}),
		})
	}
	z := storedZone{Zone: providers.Zone{Name: "example.com", ID: "Z1", Provider: providers.Cloudflare}, RowsFrom: from, Whole: true}
	for i := range records {
		o := providers.Owner{Fleet: "7f3a9c1e", Cloud: key, Instance: fmt.Sprintf("i-%017x", i), Registered: from}
		marker, _ := o.Encode()
		z.Records = append(z.Records, providers.Record{
			Zone: "example.com", Name: fmt.Sprintf("n%d.www.example.com", i/8), Type: "A", TTL: 60, Value: fmt.Sprintf("54.%d.%d.%d", byte(i>>16), byte(i>>8), byte(i)),
			ID: fmt.Sprintf("%032x", i), Comment: marker, Owners: []providers.Owner{o}, Modified: from.Add(time.Duration(i) * time.Second),
		})
	}
	s.Zones = []storedZone{z}
	return s
}

// BenchmarkLoad100000Rows reads the file of 50,000 instances and 50,000 records, and what the same rows take as the
// JSON of older versions.
func BenchmarkLoad100000Rows(b *testing.B) {
	s := manyRows(50_000, 50_000)
	s.Format = 1
	text, err := json.Marshal(s)
	if err != nil {
		b.Fatal(err)
	}
	for name, data := range map[string][]byte{"binary": encode(s), "JSON": text} {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "snapshot")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Load(path, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(data))/1e6, "MB")
		})
	}
}
