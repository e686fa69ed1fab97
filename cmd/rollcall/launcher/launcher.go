// Package launcher launches nodes: it makes and lints the spec with its boot scripts, keeps credentials out of them,
// makes policies and instance profiles, and follows nodes until they are in DNS. Read Launcher, then Request. It works
// on a session of package app and knows no command.
package launcher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/journal"
	"rollcall/providers/launch"
	"rollcall/ui/common"
	"rollcall/userdata"
)

// Launcher launches nodes in a session.
type Launcher struct {
	*app.Session
	Metadata Metadata          // of Triton nodes, from the command line
	Given    map[string]string // values of template variables, from the command line
	Asked    *journal.Asked    // for the nodes of a replacement, from the command line; may be nil
	// AssumeTemplate takes the default template of the service for a node that is replaced, if it is not known which one it
	// was launched from. The plan says so.
	AssumeTemplate bool
}

// New returns a launcher for a session.
func New(s *app.Session) *Launcher { return &Launcher{Session: s} }

// LaunchClouds returns the clouds that can be launched in.
func (s *Launcher) LaunchClouds() []launch.Cloud {
	var out []launch.Cloud
	for _, c := range s.Clouds() {
		if c.Err == nil {
			out = append(out, launch.Cloud{Name: c.Name, Traits: adapters.Declared(c.Provider).Traits, Compute: c.Compute})
		}
	}
	return out
}

// WithOwnTags returns a spec with the fleet's id and the tags by which the service selects its nodes.
func (s *Launcher) WithOwnTags(spec launch.Spec) launch.Spec {
	spec.Fleet = s.Config.Fleet
	if d := s.Config.Declared(spec.Service); d != nil && len(d.Select) > 0 {
		// The service selects its nodes by these tags.
		spec.Tags = maps.Clone(spec.Tags)
		if spec.Tags == nil {
			spec.Tags = map[string]string{}
		}
		maps.Copy(spec.Tags, d.Select)
	}
	return spec
}

// ZoneRefuses returns why the account permanently refuses access to a service's zone, or nil. A launch that needs the
// zone is not started then.
func (s *Launcher) ZoneRefuses(snap *providers.Snapshot, service string) error {
	d := s.Config.Declared(service)
	if d == nil {
		return nil
	}
	for i := range snap.Zones {
		z := &snap.Zones[i]
		if providers.SameName(z.Zone.Name, d.Zone) && z.Coverage.State == providers.CoverageFailed && app.IsFinal(z.Coverage.Err) {
			return exit.Unknownf("zone %s: %w; nothing was launched", words.Clean(d.Zone), z.Coverage.Err)
		}
	}
	return nil
}

// Follow returns the options for following a launch: a node is registered once DNS has it.
func (s *Launcher) Follow(spec *launch.Spec) launch.Options {
	o := launch.Options{Clock: s.Program.Clock, Journal: &launchJournal{s: s, run: newRun(), spec: spec}}
	d := s.Config.Declared(spec.Service)
	if d == nil {
		return o // registration is not expected: a node is done when it runs
	}
	z, ok := s.Zone(d.Zone)
	if !ok || z.DNS == nil {
		return o
	}
	r := &registrations{s: s, service: d, dns: z.DNS, choice: z.ZoneChoice, every: 2 * time.Second}
	k := &keptOut{r: r, every: 10 * time.Second, known: map[string]evacuatedState{}}
	o.Registered, o.Boot, o.KeptOut = r.registered, s.bootState, k.why
	if spec.Console {
		h := s.newNodeHealth(d)
		o.Boot, o.Register, o.Note = h.watch(s.bootState), h.register(s.registerNode(d.Name)), h.note
	}
	return o
}

// registrations reports which instances of a service are in DNS. All nodes of a launch share it, and so its queries.
type registrations struct {
	s       *Launcher
	service *index.Service
	dns     providers.DNS
	choice  providers.ZoneChoice // from the config
	every   time.Duration

	mu    sync.Mutex
	zone  providers.Zone
	asked time.Time
	owned map[string]bool // by instance id
	err   error
}

func (r *registrations) registered(ctx context.Context, n launch.Node) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.s.Program.Now(); r.asked.IsZero() || now.Sub(r.asked) >= r.every {
		r.owned, r.err = r.read(ctx)
		r.asked = r.s.Program.Now()
	}
	return r.owned[n.Instance.ID], r.err
}

// findZone sets the zone, once. The caller holds mu.
func (r *registrations) findZone(ctx context.Context) error {
	if r.zone.ID != "" {
		return nil
	}
	z, err := providers.FindZone(ctx, r.dns, r.service.Zone, r.choice, "")
	if err == nil {
		r.zone = z
	}
	return err
}

func (r *registrations) read(ctx context.Context) (map[string]bool, error) {
	if err := r.findZone(ctx); err != nil {
		return nil, err
	}
	types := []string{"A"}
	switch {
	case r.service.Kind == index.DNSSD:
		types = []string{"SRV"}
	case r.service.IPv6:
		types = append(types, "AAAA")
	}
	owned := map[string]bool{}
	for _, t := range types {
		records, err := r.dns.Lookup(ctx, r.zone, r.service.Name, t)
		if err != nil {
			return nil, err
		}
		for i := range records {
			if o, ok := records[i].Owner(); ok && o.Fleet == r.s.Config.Fleet {
				owned[o.Instance] = true
			}
		}
	}
	return owned, nil
}

// registerNode returns a function that registers a node from the console, subject to the guards of registration.
func (s *Launcher) registerNode(service string) func(ctx context.Context, n launch.Node) error {
	var one sync.Mutex // plans need a fresh read, so registrations run one by one
	return func(ctx context.Context, n launch.Node) error {
		one.Lock()
		defer one.Unlock()
		if err := s.NeedFleet(); err != nil {
			return err
		}
		v := s.Update(s.Fleet.Refresh(ctx, n.Cloud, s.Config.Declared(service).Zone))
		plan := plan.Register(v, service, n.Instance.Ref())
		if len(plan.Steps) == 0 {
			if len(plan.Skipped) > 0 {
				return errors.New(strings.Join(plan.Skipped, "; "))
			}
			return nil
		}
		e, err := s.Engine(ctx)
		if err != nil {
			return err
		}
		r := e.Run(ctx, plan, apply.Confirm{}, nil)
		for i := range r.Steps {
			if st := &r.Steps[i]; st.State != apply.StepDone {
				return fmt.Errorf("%s: %s", st.Step.Sentence, cmp.Or(st.Why, string(st.State)))
			}
		}
		return nil
	}
}

// TemplateFor returns the template for nodes of a service: the configured one, else the built-in one for its kind.
func TemplateFor(all *userdata.Templates, s *index.Service, b config.Boot) (userdata.Template, bool) {
	t, err := all.Get(cmp.Or(b.Template, userdata.DefaultTemplate(string(s.Kind))))
	return t, err == nil
}

// ServiceValues returns the template variables that follow from the service, and those that the config sets.
func ServiceValues(t *userdata.Template, s *index.Service, b config.Boot, at providers.Provider) map[string]string {
	known := map[string]string{"service": s.Name, "zone": s.Zone, "dns": string(at)}
	set := func(name string, v int64) {
		if v > 0 {
			known[name] = strconv.FormatInt(v, 10)
		}
	}
	h := &s.Health
	set("ttl", int64(s.TTL))
	set("port", int64(cmp.Or(s.Port, h.Port)))
	set("priority", int64(s.Priority))
	set("health_port", int64(h.Port))
	if s.Weight != nil {
		known["weight"] = strconv.Itoa(int(*s.Weight))
	}
	if h.Need > 0 || h.Of > 0 {
		need, of := h.Threshold()
		set("health_need", int64(need))
		set("health_of", int64(of))
	}
	set("health_interval", int64(h.Interval/time.Second))
	switch {
	case h.Command != "":
		known["health_command"] = h.Command
	case h.HTTP != "":
		known["health_path"] = h.HTTP
	case h.TCP || s.Kind == index.DNSSD:
		known["health_path"] = ""
	}
	if s.Proxied != nil {
		known["proxied"] = strconv.FormatBool(*s.Proxied)
	}
	if s.IPv6 {
		known["ipv6"] = "true"
	}
	if s.Address != "" {
		known["address"] = string(s.Address)
	}
	out := maps.Clone(b.Set)
	if out == nil {
		out = map[string]string{}
	}
	for _, v := range t.Variables {
		if x, ok := known[v.Name]; ok {
			if _, said := out[v.Name]; !said {
				out[v.Name] = x
			}
		}
	}
	return out
}

// Defaults returns launch defaults for a service, as its other nodes were launched.
func (s *Launcher) Defaults(v *dnsview.View, templates *userdata.Templates, service string) common.LaunchDefaults {
	d := common.LaunchDefaults{NamePrefix: "node", Values: map[string]string{}, Clouds: map[string]common.CloudDefaults{}}
	decl := s.Config.Declared(service)
	if decl != nil {
		d.NamePrefix = providers.SplitName(decl.Name)[0]
		if t, ok := TemplateFor(templates, decl, s.Config.BootOf(decl.Name)); ok {
			at := providers.Provider("")
			if z, ok := s.Zone(decl.Zone); ok {
				at = z.Provider
			}
			d.Template, d.Values = t.Name, ServiceValues(&t, decl, s.Config.BootOf(decl.Name), at)
		}
	}
	if p := commonPrefix(v, service); p != "" {
		d.NamePrefix = p
	}
	for i, c := range s.Clouds() {
		count := 0
		if i == 0 {
			count = 1
		}
		image, size := mostUsed(v, c.Name, service)
		d.Clouds[c.Name] = common.CloudDefaults{Count: count, Image: image, Size: size}
	}
	return d
}

// mostUsed returns the image and size of most running nodes of a service in a cloud; if it has none there, of any
// service.
func mostUsed(v *dnsview.View, cloud, service string) (image, size string) {
	images, sizes := map[string]int{}, map[string]int{}
	for c := range v.Snapshot.Clouds {
		if v.Snapshot.Clouds[c].Cloud.Name != cloud {
			continue
		}
		for i := range v.Snapshot.Clouds[c].Instances {
			inst := &v.Snapshot.Clouds[c].Instances[i]
			if inst.State != providers.StateRunning {
				continue
			}
			weight := 1
			if service != "" && v.ServiceOfInstance(inst) == service {
				weight = 1_000_000
			}
			images[inst.Image] += weight
			sizes[inst.Type] += weight
		}
	}
	return mostFrequent(images), mostFrequent(sizes)
}

func mostFrequent(counts map[string]int) string {
	best := ""
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		if k != "" && (best == "" || counts[k] > counts[best]) {
			best = k
		}
	}
	return best
}

// commonPrefix returns the common prefix of the names of a service's nodes, before their number.
func commonPrefix(v *dnsview.View, service string) string {
	counts := map[string]int{}
	for c := range v.Snapshot.Clouds {
		for i := range v.Snapshot.Clouds[c].Instances {
			inst := &v.Snapshot.Clouds[c].Instances[i]
			if service == "" || v.ServiceOfInstance(inst) != service {
				continue
			}
			if p := strings.TrimRight(inst.Name, "0123456789"); p != inst.Name {
				counts[strings.TrimRight(p, "-_.")]++
			}
		}
	}
	return words.Clean(mostFrequent(counts))
}

// AgentZone returns what a node's agent must know of a zone, from the snapshot, else from the config: its id, "" if it is
// unknown, and whether it is a private one. The agent may not find the zone by name: several zones can have it, and
// Cloudflare knows an internationalized one by its Unicode name. snap may be nil.
func AgentZone(c *config.Config, snap *providers.Snapshot, name string) (id string, private bool) {
	name = providers.CanonicalName(name)
	if snap != nil {
		for i := range snap.Zones {
			if z := &snap.Zones[i].Zone; providers.SameName(z.Name, name) && z.ID != "" {
				return z.ID, z.Private
			}
		}
	}
	for i := range c.Zones {
		if z := &c.Zones[i]; providers.SameName(z.Name, name) {
			return z.ID, z.Private
		}
	}
	return "", false
}

// Render returns the boot script for one cloud, with a warning if the cloud is evacuated.
func (s *Launcher) Render(v *dnsview.View, templates *userdata.Templates, r common.RenderRequest) (userdata.Rendered, error) {
	c, ok := s.Cloud(r.Cloud)
	if !ok {
		return userdata.Rendered{}, fmt.Errorf("there is no cloud %s", r.Cloud)
	}
	in := userdata.Input{Provider: c.Provider, Declared: adapters.Declarations(), Values: r.Values, Fleet: s.Config.Fleet}
	var key providers.CloudKey
	for i := range v.Snapshot.Clouds {
		if x := &v.Snapshot.Clouds[i]; x.Cloud.Name == r.Cloud {
			key, in.Place = cmp.Or(x.Coverage.Key, x.Cloud.Key), x.Cloud.Region
		}
	}
	in.ZoneID, in.ZonePrivate = AgentZone(s.Config, v.Snapshot, r.Values["zone"])
	out, err := RenderFor(templates, r.Template, in, s.Config.Declared(r.Service))
	if e := v.Index.EvacuatedAt(key, cmp.Or(r.Service, r.Values["zone"])); err == nil && e != nil {
		out.Warnings = append(out.Warnings, fmt.Sprintf("%s is evacuated: its nodes stay out of DNS until rollcall return --cloud %s", c.Name, providers.ShellQuote(c.Name)))
	}
	return out, err
}
