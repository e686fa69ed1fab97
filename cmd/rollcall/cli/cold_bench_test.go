package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// farAway is how long the embedded clouds wait before they answer a request, to every client alike.
const farAway = 40 * time.Millisecond

// farClouds is the program of a process that starts the embedded clouds with so many instances, half of them of EC2, and
// about as many records, half of them of either provider. Each request takes 40 ms. It prints their environment and ends
// with stdin.
func farClouds() {
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	instances, err := strconv.Atoi(os.Args[1])
	check(err)
	dir, err := os.MkdirTemp("", "rollcall-bench-")
	check(err)
	defer func() { check(os.RemoveAll(dir)) }()
	s, err := startWorld(context.Background(), dir, 1, instances, log.Printf, func(o *sim.Options) {
		o.Requested = func(*http.Request) { time.Sleep(farAway) }
	})
	check(err)
	for _, z := range append(s.World().Zones(providers.Route53), s.World().Zones(providers.Cloudflare)...) {
		_, err := z.Update(func(tx *world.Tx) error { return cutZone(tx, z.Name, instances/2) })
		check(err)
	}
	for _, kv := range s.Env() {
		fmt.Println(kv)
	}
	fmt.Println()
	_, err = io.Copy(io.Discard, os.Stdin)
	check(err)
	check(s.Close())
}

// useWorld makes this process a client of a world with this environment.
func useWorld(b testing.TB, env []string) {
	for _, kv := range clientOf(providers.EnvironmentOf(), env).List() {
		name, value, _ := strings.Cut(kv, "=")
		b.Setenv(name, value)
	}
}

// cutZone removes what a zone holds beyond so many rows.
func cutZone(tx *world.Tx, zone string, rows int) error {
	for _, set := range append([]*world.Set(nil), tx.Sets()...) {
		if rows -= max(1, len(set.Values)); rows < 0 && set.Name != zone {
			tx.Delete(set)
		}
	}
	if records := tx.Records(); len(records) > rows && rows > 0 {
		for _, r := range append([]*world.Record(nil), records[rows:]...) {
			tx.RemoveRecord(r.ID)
		}
	}
	return nil
}

// chainOf returns the time that the longest chain of calls of a snapshot takes that wait for one another: who asks, and
// the pages of an EC2 account.
func chainOf(snap *providers.Snapshot) time.Duration {
	longest := 0
	for i := range snap.Clouds {
		if snap.Clouds[i].Cloud.Provider == providers.EC2 {
			longest = max(longest, 1+(len(snap.Clouds[i].Instances)+999)/1000)
		}
	}
	return time.Duration(longest) * farAway
}

// BenchmarkColdRefreshAgainstOtherClients reads a world from nothing as a console does that is started again: its
// adapters have read nothing, and the rows of the last run are known. Then the clients that an operator would run read
// the same world one after the other.
func BenchmarkColdRefreshAgainstOtherClients(b *testing.B) {
	startClouds(b, "far-clouds", 10_000)
	c, err := config.Load(b.Context(), os.Getenv("ROLLCALL_CONFIG"), app.Rules(providers.EnvironmentOf()))
	if err != nil {
		b.Fatal(err)
	}
	first := time.Now()
	last, instances := readAll(b, newFleetFor(b, c, http.DefaultTransport, nil))
	firstTook := time.Since(first)
	records := 0
	for i := range last.Zones {
		records += len(last.Zones[i].Records)
	}
	others := otherClients(b, c, last)
	var took time.Duration
	for b.Loop() {
		began := time.Now()
		readAll(b, newFleetFor(b, c, http.DefaultTransport, last))
		took += time.Since(began)
	}
	each := took / time.Duration(b.N)
	b.ReportMetric(float64(instances), "instances")
	b.ReportMetric(float64(records), "records")
	b.ReportMetric(float64(each)/float64(chainOf(last)), "x-longest-chain")
	b.ReportMetric(float64(firstTook)/float64(each), "x-first-read-ever")
	if others > 0 {
		b.ReportMetric(float64(others)/float64(each), "times-faster-than-others")
	}
}

// otherClients returns the time that the AWS CLI, the triton client and curl take to list the same, one after the other.
// Without one of them it says so and returns 0.
func otherClients(b *testing.B, c *config.Config, snap *providers.Snapshot) (took time.Duration) {
	for _, name := range []string{"aws", "triton", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			fmt.Fprintf(os.Stderr, "%s: not compared with other clients: %v\n", b.Name(), err)
			return 0
		}
	}
	home := b.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil { // the triton client requires it
		b.Fatal(err)
	}
	run := func(env []string, name string, args ...string) []byte {
		cmd := exec.CommandContext(b.Context(), name, args...)
		cmd.Env = append(append(os.Environ(), "HOME="+home, "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_DEFAULT_OUTPUT=json"), env...)
		began := time.Now()
		out, err := cmd.Output()
		one := time.Since(began)
		took += one
		if err != nil {
			b.Fatalf("%s %v: %v", name, args, err)
		}
		b.Logf("%s %v: %v", name, args[:min(2, len(args))], one.Round(time.Millisecond))
		return out
	}
	for _, x := range c.Clouds {
		if x.Provider == providers.EC2 {
			region := x.Settings.Get("region")
			run([]string{"AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region}, "aws", "ec2", "describe-instances")
		} else {
			run([]string{"TRITON_URL=" + x.Settings.Get("url")}, "triton", "instance", "list", "-j")
		}
	}
	for i := range snap.Zones {
		z := &snap.Zones[i].Zone
		if z.Provider == providers.Route53 {
			run(nil, "aws", "route53", "list-resource-record-sets", "--hosted-zone-id", z.ID)
			continue
		}
		for page, more := 1, true; more; page++ {
			out := run(nil, "curl", "-sSf", "-H", "Authorization: Bearer "+os.Getenv("CLOUDFLARE_API_TOKEN"), fmt.Sprintf("%s/zones/%s/dns_records?per_page=5000&page=%d", os.Getenv("CLOUDFLARE_BASE_URL"), z.ID, page))
			var info struct {
				Info struct {
					Pages int `json:"total_pages"`
				} `json:"result_info"`
			}
			if err := json.Unmarshal(out, &info); err != nil {
				b.Fatal(err)
			}
			more = page < info.Info.Pages
		}
	}
	return took
}
