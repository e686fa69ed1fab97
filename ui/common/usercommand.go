package common

import (
	"fmt"
	"strings"

	"rollcall/providers"
)

// UserCommand is a program that the config lets run for the row under the cursor, without a shell.
type UserCommand struct {
	Name      string
	Key       string   // or empty
	Run       []string // the program and its arguments; one that is a placeholder is filled in
	Dangerous bool     // it is confirmed first
}

// Action returns the action that runs the command.
func (c *UserCommand) Action() Action { return Action("run " + c.Name) }

// Placeholders returns the arguments that are filled in, in the order of error messages.
func Placeholders() []string {
	return []string{"{id}", "{name}", "{address}", "{cloud}", "{region}", "{service}", "{zone}", "{type}", "{value}"}
}

// Fill returns the program and its arguments for a row. It returns an error for a placeholder that the row has no value
// for, and for a value that the program could take for an option.
func (c *UserCommand) Fill(s Subject) ([]string, error) {
	values := s.values()
	out := make([]string, len(c.Run))
	for i, arg := range c.Run {
		value, known := values[arg]
		switch {
		case !strings.HasPrefix(arg, "{"):
			out[i] = arg
			continue
		case !known || value == "":
			return nil, fmt.Errorf("%s needs %s, and this row has none", c.Name, arg)
		case strings.HasPrefix(value, "-"):
			return nil, fmt.Errorf("%s is not run: its %s would be %q, which a program takes for an option", c.Name, arg, providers.Clean(value))
		case providers.Clean(value) != value:
			return nil, fmt.Errorf("%s is not run: its %s has control characters", c.Name, arg)
		}
		out[i] = value
	}
	return out, nil
}

// values returns what placeholders stand for.
func (s *Subject) values() map[string]string {
	out := map[string]string{"{service}": s.Service}
	if r := s.Instance; r != nil {
		i := r.Inst
		out["{id}"], out["{name}"], out["{cloud}"], out["{region}"], out["{address}"] = i.ID, i.Name, i.Cloud, i.Region, r.Address()
		if out["{service}"] == "" {
			out["{service}"] = r.Service
		}
	}
	if r := s.Record; r != nil {
		rec := r.Rec
		out["{name}"], out["{zone}"], out["{type}"], out["{value}"] = rec.Name, rec.Zone, rec.Type, rec.Value
		if a, ok := rec.Addr(); ok {
			out["{address}"] = a.String()
		}
	}
	return out
}
