package app

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/adapter"
	"rollcall/providers/providertest"
)

// onlyRead is a cloud that launches nothing.
type onlyRead struct {
	*providertest.Cloud
	others
}

type others struct{ providers.Compute }

// lastRun returns a session of one cloud and one zone whose state folder holds n instances and n records of an earlier
// run, and what the session reports.
func lastRun(t testing.TB, n int) (*Session, *bytes.Buffer) {
	t.Helper()
	from := time.Now().Add(-3 * time.Minute)
	cloud := &providertest.Cloud{Self: providers.Cloud{Name: "aws-use1", Provider: providers.EC2, Region: "us-east-1", Account: "111122223333", Key: "0123456789"}}
	c := providers.CloudView{Cloud: cloud.Self, RowsFrom: from}
	z := providers.ZoneView{Zone: providers.Zone{Name: "example.com", ID: "Z1", Provider: providers.Cloudflare}, RowsFrom: from, HasCompleteRead: true}
	for i := range n {
		a := netip.AddrFrom4([4]byte{54, byte(i >> 16), byte(i >> 8), byte(i)})
		in := providers.Instance{Cloud: c.Cloud.Name, Key: c.Cloud.Key, Provider: providers.EC2, ID: fmt.Sprintf("i-%017x", i), Name: fmt.Sprintf("www-%06d", i), State: providers.StateRunning, PublicIPs: []netip.Addr{a}, Tags: providers.TagsOf(map[string]string{"service": "www"})}
		if i%10 == 0 {
			in.State = providers.StateTerminated // its record looks dead
		}
		c.Instances = append(c.Instances, in)
		z.Records = append(z.Records, providers.Record{
			Zone: "example.com", Name: "www.example.com", Type: "A", TTL: 60, Value: a.String(), ID: fmt.Sprint(i),
			Owners: []providers.Owner{{Fleet: "7f3a9c1e", Cloud: c.Cloud.Key, Instance: in.ID, Registered: from.Add(-time.Hour).UTC().Truncate(time.Second)}},
		})
	}
	said := &bytes.Buffer{}
	cfg := config.Empty()
	cfg.Fleet = "7f3a9c1e"
	s := NewSession(&Program{Err: said}, cfg, []CloudSource{{Name: "aws-use1", Account: adapter.Account{Compute: onlyRead{Cloud: cloud}}}}, nil)
	s.State = t.TempDir()
	s.set.clouds[0].Provider = providers.EC2
	if err := s.Save(&providers.Snapshot{Clouds: []providers.CloudView{c}, Zones: []providers.ZoneView{z}}); err != nil {
		t.Fatal(err)
	}
	return s, said
}

func TestAConsoleShowsTheBeginningOfManyRowsBeforeTheyAreLoaded(t *testing.T) {
	s, said := lastRun(t, 5000)
	s.StartConsole()
	snap := s.Fleet.Snapshot()
	if v := &snap.Clouds[0]; !snap.Beginning || len(v.Instances) < firstRows || len(v.Instances)+v.Left != 4500 || v.Coverage.State != providers.CoverageNone {
		t.Errorf("%d instances, %d left, %s", len(v.Instances), v.Left, v.Coverage.State)
	}
	if v := s.Update(snap); len(v.Findings) != 0 {
		t.Errorf("something is found: %s", v.Findings[0].Reason)
	}
	if err := s.Save(snap); err != nil { // the operator quits before the rest is there
		t.Error(err)
	}
	s.Fleet.LoadLast()
	snap = s.Fleet.Snapshot()
	if v := &snap.Clouds[0]; snap.Beginning || len(v.Instances) != 5000 || !v.Earlier || v.Coverage.State != providers.CoverageNone {
		t.Errorf("%d instances, %d left, %s", len(v.Instances), v.Left, v.Coverage.State)
	}
	for _, f := range s.Update(snap).Findings {
		if f.Remedy != "" || f.OneKey {
			t.Errorf("%s rests on rows that another run has read, and is offered %s", f.Reason, f.Remedy)
		}
	}
	for _, name := range []string{SnapshotName, SnapshotName + "-beginning"} {
		if info, err := os.Stat(s.State + "/" + name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if said.Len() > 0 {
		t.Error(said)
	}
}

func TestABrokenFileOfTheLastRunIsOneLineAndTheConsoleStarts(t *testing.T) {
	for _, name := range []string{SnapshotName, SnapshotName + "-beginning"} {
		s, said := lastRun(t, 5000)
		path := s.State + "/" + name
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s.StartConsole()
		snap := s.Fleet.Refresh(context.Background())
		if name == SnapshotName && (strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), "damaged")) || name != SnapshotName && said.Len() > 0 {
			t.Errorf("%s: %q", name, said)
		}
		if snap.Beginning || !snap.Clouds[0].RowsFrom.IsZero() && name == SnapshotName && snap.Clouds[0].Earlier {
			t.Errorf("%s: %+v", name, snap.Clouds[0].RowsFrom)
		}
	}
}

func TestFewRowsAreLoadedAtOnce(t *testing.T) {
	s, _ := lastRun(t, 5000)
	snap := &providers.Snapshot{Clouds: []providers.CloudView{{Cloud: providers.Cloud{Name: "aws-use1", Provider: providers.EC2}, RowsFrom: time.Now()}}}
	if err := s.Save(snap); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.beginningPath()); err == nil {
		t.Error("the beginning of an earlier snapshot is still there")
	}
	s.StartConsole()
	if s.Fleet.Snapshot().Beginning {
		t.Error("the beginning of an earlier snapshot is shown")
	}
}

// BenchmarkFirstPicture100000Rows takes what a console does from its state folder to the rows of its first picture, of
// 50,000 instances and 50,000 records: with the beginning of the rows, and with all of them. It reports the heap that
// the rows and their view hold.
func BenchmarkFirstPicture100000Rows(b *testing.B) {
	for _, c := range []struct {
		name  string
		start func(*Session)
	}{
		{"beginning", (*Session).StartConsole},
		{"all", func(s *Session) { s.Start(ConsoleTimeout) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, _ := lastRun(b, 50_000)
			var shown *rows.Joined
			heap := heapInUse()
			for b.Loop() {
				c.start(s)
				shown = rows.Join(s.Update(s.Fleet.Snapshot()))
			}
			b.ReportMetric(float64(heapInUse()-heap)/1e6, "MB-heap")
			runtime.KeepAlive(shown)
			runtime.KeepAlive(s)
		})
	}
}

// heapInUse returns the bytes of reachable objects.
func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
