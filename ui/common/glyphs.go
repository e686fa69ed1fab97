package common

import (
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/ui/theme"
)

// SeverityGlyph returns the glyph and the role of a severity.
func SeverityGlyph(t *theme.Theme, s dnsview.Severity) (string, theme.Role) {
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

// StateGlyph returns the glyph and the role of an instance's state.
func StateGlyph(t *theme.Theme, s providers.InstanceState) (string, theme.Role) {
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

// CoverageGlyph returns the glyph and the role of the state of a source.
func CoverageGlyph(t *theme.Theme, s providers.CoverageState) (string, theme.Role) {
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

// WireGlyph returns the glyph, the role and the word for the name servers' answers to a name. States that a person must
// distinguish differ by more than colour.
func WireGlyph(t *theme.Theme, v index.WireVerdict) (glyph string, role theme.Role, word string) {
	switch v {
	case index.WireInSync:
		return t.OK, theme.Good, "in sync"
	case index.WirePropagating:
		return t.Wait, theme.Notice, "propagating"
	case index.WireSplit:
		return t.Warn, theme.Warn, "split"
	case index.WireCached:
		return t.Hollow, theme.Notice, "cached"
	case index.WireNegativeCached:
		return t.Hollow, theme.Notice, "neg. cached"
	case index.WireDiffers, index.WireBroken, index.WireUnreachable, index.WireLame:
		return t.Bad, theme.Bad, string(v)
	case index.WireUnchecked:
		return t.Dot, theme.Faint, ""
	}
	return t.Ellipsis, theme.Faint, ""
}

// LowBudget is the number of remaining calls from which the header shows it.
const LowBudget = 5
