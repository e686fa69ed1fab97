package launcher

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/userdata"
)

// agentOf returns the config of the agent of a service's nodes.
func agentOf(t *testing.T, s *index.Service, b config.Boot) userdata.AgentConfig {
	t.Helper()
	template, ok := TemplateFor(userdata.Builtin(), s, b)
	if !ok {
		t.Fatal("there is no template")
	}
	r, err := userdata.Render(template.Name, userdata.Input{
		Provider: providers.EC2, Fleet: "7f3a9c1e", Values: ServiceValues(&template, s, b, providers.Route53),
		Declared: adapters.Declarations(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *r.Agent
}

func TestTheAgentOfANodeMakesTheHealthCheckThatTheConfigDeclares(t *testing.T) {
	for name, tc := range map[string]struct {
		service index.Service
		boot    config.Boot
		want    userdata.Health
		port    uint16
	}{
		"a port of its own":                 {service: index.Service{Kind: index.DNSSD, Port: 4218, Health: index.Health{HTTP: "/ready", Port: 9100}}, want: userdata.Health{HTTP: "/ready", Port: 9100, Need: 2, Of: 3, Interval: 5}, port: 4218},
		"the port of the service":           {service: index.Service{Kind: index.DNSSD, Port: 4218, Health: index.Health{TCP: true, Interval: time.Minute}}, want: userdata.Health{TCP: true, Port: 4218, Need: 2, Of: 3, Interval: 60}, port: 4218},
		"only the port of the check":        {service: index.Service{Kind: index.RoundRobin, Health: index.Health{HTTP: "/", Port: 8080}}, want: userdata.Health{HTTP: "/", Port: 8080, Need: 2, Of: 3, Interval: 5}, port: 8080},
		"the port that the template is set": {service: index.Service{Kind: index.RoundRobin, Health: index.Health{HTTP: "/", Port: 8080}}, boot: config.Boot{Set: map[string]string{"port": "81"}}, want: userdata.Health{HTTP: "/", Port: 8080, Need: 2, Of: 3, Interval: 5}, port: 81},
		"another port of the template":      {service: index.Service{Kind: index.RoundRobin}, boot: config.Boot{Set: map[string]string{"health_port": "81"}}, want: userdata.Health{HTTP: "/", Port: 81, Need: 2, Of: 3, Interval: 5}, port: 80},
		"five checks":                       {service: index.Service{Kind: index.RoundRobin, Health: index.Health{HTTP: "/", Need: 5}}, want: userdata.Health{HTTP: "/", Port: 80, Need: 5, Of: 5, Interval: 5}, port: 80},
		"of ten":                            {service: index.Service{Kind: index.RoundRobin, Health: index.Health{HTTP: "/", Of: 10}}, want: userdata.Health{HTTP: "/", Port: 80, Need: 2, Of: 10, Interval: 5}, port: 80},
		"of one":                            {service: index.Service{Kind: index.RoundRobin, Health: index.Health{HTTP: "/", Of: 1}}, want: userdata.Health{HTTP: "/", Port: 80, Need: 1, Of: 1, Interval: 5}, port: 80},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tc.service
			s.Name, s.Zone = map[index.ServiceKind]string{index.DNSSD: "v1._x._tcp.example.com", index.RoundRobin: "www.example.com"}[s.Kind], "example.com"
			got := agentOf(t, &s, tc.boot)
			if got.Health != tc.want || got.Port != tc.port {
				t.Errorf("the agent checks %+v of port %d, want %+v of %d", got.Health, got.Port, tc.want, tc.port)
			}
			if need, of := s.Health.Threshold(); need != got.Health.Need || of != got.Health.Of {
				t.Errorf("the console takes %d of %d, the agent %d of %d", need, of, got.Health.Need, got.Health.Of)
			}
		})
	}
}

func TestANodeHasTheSameWeightWhetherItsAgentRegistersItOrTheConsole(t *testing.T) {
	for _, declared := range []*uint16{nil, new(uint16(0)), new(uint16(7))} {
		s := index.Service{Name: "v1._x._tcp.example.com", Zone: "example.com", Kind: index.DNSSD, Port: 4218, Weight: declared}
		t.Run(fmt.Sprint(*cmp.Or(declared, new(uint16(65535)))), func(t *testing.T) {
			t.Parallel()
			if got := agentOf(t, &s, config.Boot{}).Weight; got != s.WeightOfNew() || declared != nil && got != *declared {
				t.Errorf("the agent registers with %d, the console with %d", got, s.WeightOfNew())
			}
		})
	}
}
