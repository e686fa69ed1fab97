package app

import (
	"os/exec"
	"slices"
	"strings"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
	"rollcall/providers/adapters"
)

// EnvWebhook is the environment variable with the webhook's URL, which is usually a secret and should not appear in a
// list of processes. EnvWebhookSecret has the secret that signs what a webhook is sent, for which there is no flag.
const (
	EnvWebhook       = "ROLLCALL_WEBHOOK"
	EnvWebhookSecret = "ROLLCALL_WEBHOOK_SECRET"
)

// OperatorProgram returns a program of the operator's choice, which is run without a shell and without the variables that
// hold credentials of rollcall or of the nodes that it launches.
func (s *Session) OperatorProgram(args []string) *exec.Cmd {
	secret := append(SecretVariables(s.Config), EnvWebhook, EnvWebhookSecret)
	if s.Config != nil {
		for i := range s.Config.Services {
			for _, variable := range s.Config.Services[i].Boot.Metadata {
				secret = append(secret, variable)
			}
		}
	}
	c := exec.Command(args[0], args[1:]...)
	c.Env = slices.DeleteFunc(s.Program.Env.List(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(secret, name)
	})
	return c
}

// SecretVariables returns the environment variables with rollcall's credentials: those that adapters declare, and those
// that the config names. c may be nil.
func SecretVariables(c *config.Config) (names []string) {
	all := adapters.Declarations()
	for i := range all {
		names = append(names, all[i].Secrets...)
	}
	if c == nil {
		return names
	}
	for i := range c.Zones {
		for _, x := range c.Zones[i].Settings {
			if k, _ := providers.Declared(all, c.Zones[i].Provider).Key(x.Key); k.Kind == providers.KeyVariable {
				names = append(names, x.Value)
			}
		}
	}
	return names
}
