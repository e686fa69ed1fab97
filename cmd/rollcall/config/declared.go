package config

import (
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Declared returns a declared service, or nil.
func (c *Config) Declared(service string) *index.Service {
	if s := c.service(service); s != nil {
		return &s.Service
	}
	return nil
}

// BootOf returns how nodes of a service are launched; the zero value for an undeclared one.
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

// DeclaredNames lists the declared services in words.
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

// ZoneProvider returns the provider of a zone, or "" if the config does not name the zone.
func (c *Config) ZoneProvider(zone string) providers.Provider {
	for i := range c.Zones {
		if providers.SameName(c.Zones[i].Name, zone) {
			return c.Zones[i].Provider
		}
	}
	return ""
}
