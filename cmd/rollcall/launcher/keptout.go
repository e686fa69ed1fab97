package launcher

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/launch"
)

// keptOut finds out whether the cloud of a node is evacuated, as the node's agent does: by the markers in the zone. All nodes
// of a launch share the answers.
type keptOut struct {
	r     *registrations
	every time.Duration

	mu    sync.Mutex
	known map[string]evacuatedState // by cloud
}

type evacuatedState struct {
	at  time.Time
	why string
}

// why returns why a node stays out of DNS, or "". What cannot be read keeps no node.
func (k *keptOut) why(ctx context.Context, n launch.Node) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.r.s.Program.Now()
	if had, ok := k.known[n.Cloud]; ok && now.Sub(had.at) < k.every {
		return had.why
	}
	why := ""
	if key, err := k.r.s.cloudKey(ctx, n.Cloud); err == nil {
		if since, ok := k.r.evacuated(ctx, key); ok {
			why = k.r.s.evacuatedText(n.Cloud, key, since)
		}
	}
	k.known[n.Cloud] = evacuatedState{now, why}
	return why
}

// evacuated returns since when a cloud is evacuated from the service.
func (r *registrations) evacuated(ctx context.Context, key providers.CloudKey) (since time.Time, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.findZone(ctx) != nil {
		return since, false
	}
	for name := providers.CanonicalName(r.service.Name); providers.InZone(name, r.zone.Name); _, name, _ = strings.Cut(name, ".") {
		found, err := r.dns.Lookup(ctx, r.zone, providers.MarkerName(providers.EvacuationName(key), name), "TXT")
		if err != nil {
			return since, false
		}
		for i := range found {
			o, isOwner := index.OwnerInMarker(&found[i])
			if _, evacuates := o.EvacuatedUntil(); isOwner && evacuates && o.Cloud == key && o.Fleet == r.s.Config.Fleet {
				return o.Registered, true
			}
		}
	}
	return since, false
}

// evacuatedText returns that a cloud is evacuated, by whom as far as the journal knows, and what puts its nodes back.
func (s *Launcher) evacuatedText(cloud string, key providers.CloudKey, since time.Time) string {
	by := ""
	if j, err := s.OpenJournal(); err == nil {
		if entries, err := j.Entries(); err == nil {
			slices.Reverse(entries)
			if who, _ := rows.WhoEvacuated(key, entries); who != "" {
				by = " by " + who
			}
		}
	}
	return fmt.Sprintf("%s is evacuated%s since %s: the node stays out of DNS until rollcall return --cloud %s",
		words.Clean(cloud), by, app.ClockTime(since, s.Program.Now()), providers.ShellQuote(words.Clean(cloud)))
}
