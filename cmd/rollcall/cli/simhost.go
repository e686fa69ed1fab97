package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
	"rollcall/providers/textfile"
	"rollcall/userdata"
)

// worldPrefix starts the names of the state folders of simulations.
const worldPrefix = "sim-"

// simHost adds to the embedded clouds what they do not know: the config file, the boot scripts of the nodes, and the
// behaviour of their agents.
type simHost struct {
	dir     string // for the config file and the agent's socket
	say     func(format string, args ...any)
	plan    *world.World // names, services and fleet id, which are the same for every seed
	mu      sync.Mutex
	env     providers.Environment // of the nodes
	agents  map[providers.Provider]*simAgent
	scripts map[string][]byte // by service and provider
}

// startWorld starts the embedded clouds with all their files below dir. The functions in with may change the options.
func startWorld(ctx context.Context, dir string, seed uint64, instances int, say func(string, ...any), with ...func(*sim.Options)) (*sim.Sim, error) {
	h := &simHost{dir: dir, say: say, plan: world.New(world.Options{Instances: 60}), agents: map[providers.Provider]*simAgent{}, scripts: map[string][]byte{}}
	o := sim.Options{
		Seed: seed, Instances: instances, Dir: filepath.Join(dir, "agent"),
		UserData: h.userData, ConsoleLines: h.consoleLines, Node: h.node, WriteConfig: h.writeConfig, RolePolicies: h.rolePolicies,
	}
	for _, f := range with {
		f(&o)
	}
	s, err := sim.Start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("start the embedded clouds: %w", err)
	}
	return s, nil
}

// conflictingEnv are variables of the user's own clouds that would misdirect clients of the embedded ones.
var conflictingEnv = []string{
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CA_BUNDLE", "TRITON_USER", "TRITON_ACT_AS", "TRITON_ROLE", "TRITON_TLS_INSECURE",
	"SDC_URL", "SDC_ACCOUNT", "SDC_USER", "SDC_KEY_ID", "SDC_TESTING",
}

// clientOf returns env as a client of the embedded clouds needs it, whose own environment is added.
func clientOf(env providers.Environment, added []string) providers.Environment {
	return env.Without(conflictingEnv...).With("AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull).With(added...)
}

// writeConfig writes the config of the embedded clouds once their ports listen.
func (h *simHost) writeConfig(e sim.Endpoints) (string, error) {
	h.env = clientOf(providers.EnvironmentOf(), e.Env())
	c := config.Empty()
	c.Fleet = h.plan.FleetID
	// Simulated nodes boot in seconds, while an operator watches.
	c.Guards.Grace, c.Guards.BootGrace, c.Guards.WireGrace, c.Refresh = 30*time.Second, 30*time.Second, 15*time.Second, 10*time.Second
	c.Probe = false // on the internet, the nodes' addresses belong to others
	c.Resolvers = []string{e.DNS}
	// All simulations have the same fleet id, so each needs a journal of its own.
	id := make([]byte, 4)
	if _, err := rand.Read(id); err != nil {
		return "", fmt.Errorf("name the world: %w", err)
	}
	c.State = worldPrefix + hex.EncodeToString(id)
	h.declare(c, e)
	path := filepath.Join(h.dir, "config.yaml")
	err := textfile.Write(path, func(f *os.File) error { return config.Write(f, c) })
	return path, err
}

// declare adds the simulated clouds, zones and services to a config.
func (h *simHost) declare(c *config.Config, e sim.Endpoints) {
	for _, w := range h.plan.Clouds() {
		settings := providers.SettingsOf("region", w.Region)
		if url, ok := e.Triton[w.Name]; ok {
			settings = providers.SettingsOf("url", url, "account", e.TritonAccount)
		}
		c.Clouds = append(c.Clouds, config.Cloud{Name: w.Name, Provider: w.Provider, Settings: settings})
	}
	for _, name := range []struct {
		zone string
		at   providers.Provider
	}{{world.CloudflareZone, providers.Cloudflare}, {world.Route53Zone, providers.Route53}} {
		c.Zones = append(c.Zones, config.Zone{Name: name.zone, Provider: name.at, Servers: []string{e.DNS, e.SecondDNS}})
	}
	for _, s := range h.plan.Services() {
		c.Services = append(c.Services, serviceOf(s))
	}
}

// rolePolicies returns the policy of the simulated nodes' role, as rollcall policy aws prints it.
func (h *simHost) rolePolicies(w *world.World) map[string]string {
	c := config.Empty()
	h.declare(c, sim.Endpoints{})
	ids := map[string]string{}
	for _, z := range w.Zones(providers.Route53) {
		ids[z.Name] = z.ID
	}
	var services []*config.Service
	for i := range c.Services {
		services = append(services, &c.Services[i])
	}
	s := launcher.New(app.NewSession(nil, c, nil, nil))
	return map[string]string{launcher.NodeRole: s.NodePolicy(adapters.Declared(providers.EC2), services, ids, w.Credentials.AWSAccount).JSON()}
}

// serviceOf returns the declaration of a simulated service. Its nodes register themselves; simHost acts as their
// agents.
func serviceOf(s world.ServiceSeed) config.Service {
	x := config.Service{
		Service: index.Service{
			Name: s.Name, Kind: index.ServiceKind(s.Kind), Zone: s.Zone, TTL: s.TTL, Port: s.Port, TXT: s.TXT, Select: s.Select,
			Minimum: 2, Health: index.Health{HTTP: "/", Port: 80},
		},
		Boot: config.Boot{Set: map[string]string{"register": userdata.RegisterAgent}},
	}
	if x.Kind == index.DNSSD {
		x.Health = index.Health{TCP: true, Port: s.Port}
		x.Priority, x.Weight = 10, new(uint16(10))
	}
	return x
}

// userData returns the boot script of a seeded node. It is rendered once per service, since ten thousand nodes share
// it.
func (h *simHost) userData(service string, p providers.Provider) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := service + " " + string(p)
	if _, ok := h.scripts[key]; !ok {
		h.scripts[key] = h.render(service, p)
	}
	return h.scripts[key]
}

func (h *simHost) render(service string, p providers.Provider) []byte {
	for _, s := range h.plan.Services() {
		if s.Name != service {
			continue
		}
		svc := serviceOf(s)
		at := providers.Cloudflare
		if s.Zone == world.Route53Zone {
			at = providers.Route53
		}
		template, ok := launcher.TemplateFor(userdata.Builtin(), &svc.Service, svc.Boot)
		if !ok {
			return nil
		}
		r, err := userdata.Render(template.Name, userdata.Input{Provider: p, Declared: adapters.Declarations(), Values: launcher.ServiceValues(&template, &svc.Service, svc.Boot, at), Fleet: h.plan.FleetID})
		if err != nil {
			h.say("rollcall: the boot script of %s cannot be rendered: %s", service, words.Clean(err.Error()))
			return nil
		}
		return r.Text
	}
	return nil
}

// count returns the number of simulated instances.
func count(s *sim.Sim) int {
	n := 0
	for _, c := range s.World().Clouds() {
		_, total := s.World().Instances(c.Name, nil, 0, 1)
		n += total
	}
	return n
}
