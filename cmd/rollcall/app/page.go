package app

import (
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"rollcall/providers"
	"rollcall/providers/adapters"
)

// Page returns the address of the page of an instance, or of a zone if i is nil, in the web console of its provider. A
// provider without a web console, and one that is reached through another endpoint than its own, is an error.
func (s *Session) Page(i *providers.Instance, zone *providers.Zone) (string, error) {
	var d providers.Declaration
	source, page := "", ""
	switch {
	case i != nil:
		if d = adapters.Declared(i.Provider); d.InstancePage != nil {
			source, page = i.Cloud, d.InstancePage(i)
		}
	case zone != nil:
		if d = adapters.Declared(zone.Provider); d.ZonePage != nil {
			source, page = zone.Name, d.ZonePage(zone)
		}
	}
	if page == "" {
		return "", fmt.Errorf("no page is known in a web console of %s", d.Title)
	}
	if u, err := url.Parse(s.API(source).Endpoint); err != nil || !slices.ContainsFunc(d.Hosts, func(h string) bool { return u.Hostname() == h || strings.HasSuffix(u.Hostname(), "."+h) }) {
		return "", fmt.Errorf("%s is not reached through %s's own endpoint, so its web console does not show this", source, d.Title)
	}
	return page, nil
}

// OpenPage shows a page in a browser. It does nothing without a display.
func (s *Session) OpenPage(address string) error {
	env := s.Program.Env
	name := "xdg-open"
	switch {
	case runtime.GOOS == "darwin" && env.Getenv("SSH_CONNECTION") == "":
		name = "open"
	case env.Getenv("DISPLAY") == "" && env.Getenv("WAYLAND_DISPLAY") == "":
		return nil
	}
	path, err := exec.LookPath(name)
	if errors.Is(err, exec.ErrNotFound) {
		return nil
	} else if err != nil {
		return fmt.Errorf("find a browser: %w", err)
	}
	c := s.OperatorProgram([]string{path, address})
	if err := c.Start(); err != nil {
		return fmt.Errorf("open a browser: %w", err)
	}
	go func() { _ = c.Wait() }() // it may be a browser that stays
	return nil
}
