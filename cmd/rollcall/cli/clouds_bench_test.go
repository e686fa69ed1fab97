package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// changingClouds is the program of a process that starts the embedded clouds with so many instances and about as many
// records, and prints their environment. For each line of stdin it changes some of both, and prints a line; for the line
// count it prints how many requests they have received.
func changingClouds() {
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
	var requests atomic.Int64
	s, err := startWorld(context.Background(), dir, 1, instances, log.Printf, func(o *sim.Options) {
		o.Requested = func(*http.Request) { requests.Add(1) }
	})
	check(err)
	check(thinOut(s.World(), instances))
	for _, kv := range s.Env() {
		fmt.Println(kv)
	}
	fmt.Println()
	lines := bufio.NewScanner(os.Stdin)
	for n := 1; lines.Scan(); n++ {
		if lines.Text() == "count" {
			fmt.Println(requests.Load())
			continue
		}
		check(changeSome(s, n))
		fmt.Println(n)
	}
	check(s.Close())
}

// thinOut removes the records of nodes of Route 53's zone until all zones have about so many rows. Those nodes are of no
// service then.
func thinOut(w *world.World, rows int) error {
	for _, z := range w.Zones(providers.Cloudflare) {
		z.View(func(tx *world.Tx) { rows -= len(tx.Records()) })
	}
	others := map[string]bool{} // names of the nodes
	for _, c := range w.Clouds() {
		nodes, _ := w.Instances(c.Name, func(i *world.Instance) bool { return i.Tags["service"] == "theservice" }, 0, 0)
		for i := range nodes {
			if rows -= 4; rows >= 0 { // address, SRV value, and a marker of each
				continue
			}
			others[nodes[i].ID], others[nodes[i].Name] = true, true
			if err := w.SetTags(c.Name, nodes[i].ID, map[string]string{"service": "db"}, nil); err != nil {
				return fmt.Errorf("set tags: %w", err)
			}
		}
	}
	for _, z := range w.Zones(providers.Route53) {
		if _, err := z.Update(func(tx *world.Tx) error {
			for _, set := range slices.Clone(tx.Sets()) {
				if owner, _, _ := strings.Cut(set.Name, "."); others[owner] {
					tx.Delete(set)
				} else if set.Type == "SRV" {
					left := *set
					left.Values = slices.DeleteFunc(slices.Clone(set.Values), func(v string) bool {
						host, _, _ := strings.Cut(v[strings.LastIndex(v, " ")+1:], ".")
						return others[host]
					})
					tx.Put(&left)
				}
			}
			return nil
		}); err != nil {
			return fmt.Errorf("thin out %s: %w", z.Name, err)
		}
	}
	return nil
}

// changeSome changes a tag of a hundred instances of each cloud, and the TTL of a record of each zone.
func changeSome(s *sim.Sim, n int) error {
	w := s.World()
	for _, c := range w.Clouds() {
		some, _ := w.Instances(c.Name, nil, 100*n, 100)
		for i := range some {
			if err := w.SetTags(c.Name, some[i].ID, map[string]string{"release": strconv.Itoa(n)}, nil); err != nil {
				return fmt.Errorf("set tags: %w", err)
			}
		}
	}
	for _, z := range slices.Concat(w.Zones(providers.Cloudflare), w.Zones(providers.Route53)) {
		if _, err := z.Update(func(tx *world.Tx) error {
			if all := tx.Records(); len(all) > 0 {
				r := *all[n]
				r.TTL = uint32(600 + n)
				tx.ReplaceRecord(&r)
				return nil
			}
			set := *tx.Sets()[n]
			set.TTL = uint32(600 + n)
			tx.Put(&set)
			return nil
		}); err != nil {
			return fmt.Errorf("change %s: %w", z.Name, err)
		}
	}
	return nil
}

// startChangingClouds starts changingClouds in a process of its own and sets its environment. change makes it change
// something.
func startChangingClouds(b *testing.B, instances int) (change func()) {
	in, lines := startClouds(b, "changing-clouds", instances)
	return func() {
		if _, err := io.WriteString(in, "\n"); err != nil || !lines.Scan() {
			b.Fatal("the embedded clouds have ended", err)
		}
	}
}

// startClouds starts embedded clouds in a process of their own, which ends with in, and makes this process their client.
// lines is what the process prints after its environment.
func startClouds(b *testing.B, program string, instances int) (in io.Writer, lines *bufio.Scanner) {
	c := exec.Command(program, strconv.Itoa(instances))
	c.Stderr = b.Output()
	pipe, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = pipe.Close()
		_ = c.Wait()
	})
	lines = bufio.NewScanner(out)
	var env []string
	for lines.Scan() && lines.Text() != "" {
		env = append(env, lines.Text())
	}
	useWorld(b, env)
	return pipe, lines
}
