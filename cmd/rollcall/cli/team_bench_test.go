package cli

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
)

// Consoles of a team show what one watch reads. Clouds, watch and S3 server are processes of their own, and the consoles
// are here, without their screens. A refresh is every minute. The figures are for two minutes in which nothing changes,
// and for three in which a hundredth of all rows changes each minute.
func BenchmarkTeam100000OverS3(b *testing.B) { benchmarkTeam(b, 100_000, 50, startVersity) }

func BenchmarkTeam100000OverAFolder(b *testing.B) { benchmarkTeam(b, 100_000, 50, newFolder) }

// BenchmarkTeam10000OverS3 is the same in small, to see that it works.
func BenchmarkTeam10000OverS3(b *testing.B) { benchmarkTeam(b, 10_000, 10, startVersity) }

// newFolder returns a folder as the place of a team's store.
func newFolder(b *testing.B) config.Team { return config.Team{Folder: b.TempDir()} }

// startVersity starts versitygw and returns a bucket there as the place of a team's store.
func startVersity(b *testing.B) config.Team {
	bin, err := exec.LookPath("versitygw")
	if err != nil {
		b.Skip("versitygw is not installed; .ci/run says how")
	}
	root := b.TempDir()
	if err := os.Mkdir(filepath.Join(root, "team"), 0o700); err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	cmd := exec.Command(bin, "--port", addr, "--quiet", "posix", root)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+os.Getenv("AWS_ACCESS_KEY_ID"), "ROOT_SECRET_KEY="+os.Getenv("AWS_SECRET_ACCESS_KEY"))
	cmd.Stdout, cmd.Stderr = b.Output(), b.Output()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	waitFor(b, time.Minute, "versitygw does not answer", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return config.Team{Bucket: "team", Region: "us-east-1", Endpoint: "http://" + addr}
}

func waitFor(b *testing.B, most time.Duration, otherwise string, done func() bool) {
	b.Helper()
	for began := time.Now(); !done(); time.Sleep(200 * time.Millisecond) {
		if time.Since(began) > most {
			b.Fatal(otherwise)
		}
	}
}

// meter counts the bytes that go through it to a server, and come back.
type meter struct{ sent, received atomic.Int64 }

type counting struct {
	io.Writer
	n *atomic.Int64
}

func (c counting) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return c.Writer.Write(p)
}

// metered returns a team whose server is reached through a meter. It has none of a folder.
func metered(b *testing.B, t config.Team) (config.Team, *meter) {
	m := &meter{}
	if t.Endpoint == "" {
		return t, m
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	server := strings.TrimPrefix(t.Endpoint, "http://")
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				up, err := net.Dial("tcp", server)
				if err != nil {
					return
				}
				defer up.Close()
				go func() { _, _ = io.Copy(counting{client, &m.received}, up) }()
				_, _ = io.Copy(counting{up, &m.sent}, client)
			}()
		}
	}()
	t.Endpoint = "http://" + l.Addr().String()
	return t, m
}

// teamConfig writes the config of the environment with a team, and returns its path.
func teamConfig(b *testing.B, t config.Team) string {
	c, err := config.Load(b.Context(), os.Getenv("ROLLCALL_CONFIG"), app.Rules(providers.Environment{}))
	if err != nil {
		b.Fatal(err)
	}
	c.Team, c.Refresh, c.Wire, c.Probe = t, time.Minute, false, false
	var text bytes.Buffer
	if err := config.Write(&text, c); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "config.yaml")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

func benchmarkTeam(b *testing.B, instances, consoles int, place func(*testing.B) config.Team) {
	defer debug.SetGCPercent(debug.SetGCPercent(consoleGCPercent)) // as in the program
	in, lines := startClouds(b, "changing-clouds", instances)
	ask := func(what string) int {
		if _, err := io.WriteString(in, what+"\n"); err != nil || !lines.Scan() {
			b.Fatal("the embedded clouds have ended", err)
		}
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	team := place(b)
	ofWatch, watchBytes := metered(b, team)
	ofConsoles, consoleBytes := metered(b, team)
	watchConfig, consoleConfig := teamConfig(b, ofWatch), teamConfig(b, ofConsoles)

	watch := exec.Command("rollcall", "watch")
	watch.Env = append(os.Environ(), "ROLLCALL_CONFIG="+watchConfig, "XDG_STATE_HOME="+b.TempDir())
	watch.Stdout, watch.Stderr = io.Discard, b.Output()
	if err := watch.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = watch.Process.Kill()
		_ = watch.Wait()
	})

	b.Setenv("ROLLCALL_CONFIG", consoleConfig)
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	open := func() *app.Session {
		p := &app.Program{In: os.Stdin, Out: b.Output(), Err: b.Output()}
		p.Env = providers.EnvironmentOf(os.Environ()...).With("XDG_STATE_HOME=" + b.TempDir())
		s, err := p.Open(ctx)
		if err != nil {
			b.Fatal(err)
		}
		s.Start(app.ConsoleTimeout)
		return s
	}
	for range b.N {
		began := time.Now()
		first := open()
		waitFor(b, 6*time.Minute, "the watch has not published all sources", func() bool {
			first.PollPublished(ctx)
			return len(first.Fleet.NotFresh()) == 0
		})
		b.ReportMetric(time.Since(began).Seconds(), "s-to-publish")
		before := heap()
		all := make([]*app.Session, consoles)
		for i := range all {
			all[i] = open()
			wg.Go(func() { all[i].RunFleet(ctx) })
		}
		waitFor(b, 4*time.Minute, "a console does not show all sources", func() bool {
			return !slices.ContainsFunc(all, func(s *app.Session) bool { return len(s.Fleet.NotFresh()) > 0 })
		})
		b.ReportMetric((heap()-before)/float64(consoles)/1e6, "MB-a-console")
		b.ReportMetric(float64(watchBytes.sent.Load())/1e6, "MB-all-rows")
		rows := 0
		for i := range all[0].Fleet.Snapshot().Clouds {
			rows += len(all[0].Fleet.Snapshot().Clouds[i].Instances)
		}
		b.ReportMetric(float64(rows), "instances")
		rows = 0
		for i := range all[0].Fleet.Snapshot().Zones {
			rows += len(all[0].Fleet.Snapshot().Zones[i].Records)
		}
		b.ReportMetric(float64(rows), "records")
		for _, phase := range []struct {
			name    string
			minutes int
			changes int // a minute
		}{{"steady", 2, 0}, {"changing", 3, max(1, instances/50/400)}} { // a change is of some 400 instances
			calls, sent, got, conSent := ask("count"), watchBytes.sent.Load(), consoleBytes.received.Load(), consoleBytes.sent.Load()
			ages := map[string][]float64{}
			end := time.Now().Add(time.Duration(phase.minutes) * time.Minute)
			made, phaseBegan := 0, time.Now()
			for time.Now().Before(end) {
				time.Sleep(2 * time.Second)
				for ; made < int(time.Since(phaseBegan).Minutes()*float64(max(phase.changes, 0))); made++ {
					ask("")
				}
				for _, s := range all {
					snap := s.Fleet.Snapshot()
					for i := range snap.Clouds {
						ages[by(snap.Clouds[i].ReadBy)] = append(ages[by(snap.Clouds[i].ReadBy)], time.Since(snap.Clouds[i].RowsFrom).Seconds())
					}
					for i := range snap.Zones {
						ages[by(snap.Zones[i].ReadBy)] = append(ages[by(snap.Zones[i].ReadBy)], time.Since(snap.Zones[i].RowsFrom).Seconds())
					}
				}
			}
			per := func(n int64) float64 { return float64(n) / float64(phase.minutes) }
			b.ReportMetric(per(int64(ask("count")-calls)), "calls/min-"+phase.name)
			b.ReportMetric(per(watchBytes.sent.Load()-sent)/1e6, "MB/min-written-"+phase.name)
			b.ReportMetric(per(consoleBytes.received.Load()-got)/1e3/float64(consoles), "kB/min-a-console-"+phase.name)
			b.ReportMetric(per(consoleBytes.sent.Load()-conSent)/1e3/float64(consoles), "kB/min-asked-a-console-"+phase.name)
			for _, who := range slices.Sorted(maps.Keys(ages)) {
				slices.SortFunc(ages[who], cmp.Compare[float64])
				a := ages[who]
				b.Logf("%s, read by %s: age median %.0f s, 99 of 100 %.0f s, worst %.0f s of %d", phase.name, who, a[len(a)/2], a[len(a)*99/100], a[len(a)-1], len(a))
			}
			if a := ages["a watch"]; len(a) > 0 {
				b.ReportMetric(a[len(a)/2], "s-median-age-"+phase.name)
				b.ReportMetric(a[len(a)-1], "s-worst-age-"+phase.name)
			}
		}
		b.ReportMetric((heap()-before)/float64(consoles)/1e6, "MB-a-console-at-the-end")
	}
}

func by(readBy string) string {
	if readBy == "" {
		return "the console itself"
	}
	return "a watch"
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
