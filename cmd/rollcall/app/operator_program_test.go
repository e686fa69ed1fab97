package app

import (
	"slices"
	"testing"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
)

func TestAProgramOfTheOperatorHasNoneOfTheVariablesWithCredentials(t *testing.T) {
	env := providers.EnvironmentOf("HOME=/home/ops", "AWS_PROFILE=prod", "AWS_SECRET_ACCESS_KEY=s3cret", "CLOUDFLARE_API_TOKEN=s3cret", "TEAM_TOKEN=s3cret",
		"NODE_TOKEN=s3cret", "ROLLCALL_WEBHOOK=https://hooks.example/s3cret", "ROLLCALL_WEBHOOK_SECRET=s3cret", "TERM=xterm")
	s := NewSession(&Program{Env: env}, &config.Config{
		Zones:    []config.Zone{{Name: "example.com", Provider: providers.Cloudflare, Settings: providers.SettingsOf("token_env", "TEAM_TOKEN")}},
		Services: []config.Service{{Boot: config.Boot{Metadata: map[string]string{"cloudflare-token": "NODE_TOKEN"}}}},
	}, nil, nil)
	c := s.OperatorProgram([]string{"/bin/echo", "-n"})
	if want := []string{"HOME=/home/ops", "AWS_PROFILE=prod", "TERM=xterm"}; !slices.Equal(c.Env, want) || !slices.Equal(c.Args, []string{"/bin/echo", "-n"}) {
		t.Errorf("%q with %q, want %q", c.Args, c.Env, want)
	}
	s.Config = nil
	if c := s.OperatorProgram([]string{"/bin/true"}); slices.Contains(c.Env, "AWS_SECRET_ACCESS_KEY=s3cret") || !slices.Contains(c.Env, "TEAM_TOKEN=s3cret") {
		t.Errorf("without a config: %q", c.Env)
	}
}
