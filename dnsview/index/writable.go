package index

import "rollcall/providers"

// ZoneRefused returns why nothing is written to a zone now, whatever the name, or the empty string: it is
// not delegated to its servers, or cannot be read. An undo is let through all the same: what was done from
// here can be taken back here, and a zone that clients do not reach is not made worse by that.
func (x *Index) ZoneRefused(zone string) string {
	zone = providers.CanonicalName(zone)
	if why := x.ReadOnlyZones[zone]; why != "" {
		return why
	}
	switch z := x.ZonesByName[zone]; {
	case z == nil:
	case z.View.Zone.ReadOnly:
		return readOnlyReason(zone)
	case z.State == providers.CoverageFailed:
		return z.Why + "; nothing is written there until it can be"
	}
	return ""
}

// OnlyListed reports whether the provider of a zone lists it and takes no changes.
func (x *Index) OnlyListed(zone string) bool {
	z := x.ZonesByName[providers.CanonicalName(zone)]
	return z != nil && z.View.Zone.ReadOnly
}

// readOnlyReason is why nothing is written to a zone whose provider only lists it.
func readOnlyReason(zone string) string {
	return "the zone " + Clean(zone) + " is read-only: its provider lists it and takes no changes"
}

// NotServed returns why clients are not sent to the name servers of a zone, by its provider's own word, or
// the empty string.
func NotServed(z *providers.Zone) string {
	if z.Pending {
		return "its provider says that it is not delegated yet"
	}
	return ""
}

// LameReason is why nothing is written to a zone that is not delegated to its servers.
func LameReason(zone, why string) string {
	return Clean(zone) + " is lame: " + Clean(why) + "; nothing is written there"
}

// WhyZoneNotWritten returns why nothing is written to a zone of which only the provider's own
// description is known, or the empty string.
func WhyZoneNotWritten(z *providers.Zone) string {
	name := providers.CanonicalName(z.Name)
	if z.ReadOnly {
		return readOnlyReason(name)
	}
	if why := NotServed(z); why != "" {
		return LameReason(name, why)
	}
	return ""
}
