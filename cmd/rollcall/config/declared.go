package config

import (
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Declared returns a declared service; nil when the config declares none of that name.
func (c *Config) Declared(service string) *index.Service {
	if s := c.service(service); s != nil {
		return &s.Service
	}
	return nil
}

// BootOf returns how nodes of a service are launched; the zero value when the config does not declare it.
func (c *Config) BootOf(service string) Boot {
	if s := c.service(service); s != nil {
		return s.Boot
	}
	return Boot{}
}

func (c *Config) service(name string) *Service {
	for i := range c.Services {
		if name != "" && providers.SameName(c.Services[i].Name, name) {
			return &c.Services[i]
		}
	}
	return nil
}

// DeclaredNames says which services there are, for a person.
func (c *Config) DeclaredNames() string {
	var out []string
	for i := range c.Services {
		out = append(out, c.Services[i].Name)
	}
	if len(out) == 0 {
		return "it declares none: add one to services"
	}
	return "it declares " + strings.Join(out, ", ")
}

// ZoneProvider returns the provider of a zone; empty when the config does not name it.
func (c *Config) ZoneProvider(zone string) providers.Provider {
	for i := range c.Zones {
		if providers.SameName(c.Zones[i].Name, zone) {
			return c.Zones[i].Provider
		}
	}
	return ""
}
