package ui

import (
	"rollcall/dnsview"
	"rollcall/providers"
	"rollcall/ui/theme"
)

// severityGlyph returns the glyph and the role of a severity.
func severityGlyph(t *theme.Theme, s dnsview.Severity) (string, theme.Role) {
	switch {
	case s >= dnsview.Critical:
		return t.Bad, theme.Critical
	case s == dnsview.High:
		return t.Bad, theme.Bad
	case s == dnsview.Medium:
		return t.Warn, theme.Warn
	case s == dnsview.Low:
		return t.Note, theme.Notice
	}
	return t.Hollow, theme.Dim
}

// stateGlyph returns the glyph and the role of an instance's state.
func stateGlyph(t *theme.Theme, s providers.InstanceState) (string, theme.Role) {
	switch s {
	case providers.StateRunning:
		return t.OK, theme.Good
	case providers.StatePending:
		return t.Wait, theme.Notice
	case providers.StateStopping, providers.StateTerminating:
		return t.Wait, theme.Warn
	case providers.StateStopped:
		return t.Hollow, theme.Warn
	case providers.StateTerminated:
		return t.Bad, theme.Faint
	case providers.StateFailed:
		return t.Bad, theme.Bad
	}
	return t.Warn, theme.Warn
}

// coverageGlyph returns the glyph and the role of the state of a source.
func coverageGlyph(t *theme.Theme, s providers.CoverageState) (string, theme.Role) {
	switch s {
	case providers.CoverageComplete:
		return t.OK, theme.Good
	case providers.CoverageFailed:
		return t.Bad, theme.Bad
	case providers.CoverageNone:
		return t.Wait, theme.Dim
	}
	return t.Warn, theme.Warn
}
