package dnssd

import (
	"strings"

	"rollcall/providers"
)

// The functions of this file read canonical names (providers.CanonicalName) as [ParseName] does, without a copy and
// without a check, since they are asked of every record of a zone.

// TypeOf returns the service type of an incarnation's name, such as
// _http._tcp.example.com of web._http._tcp.example.com. ok is false for other names.
func TypeOf(name string) (typ string, ok bool) {
	_, typ = providers.CutLabel(name)
	if !IsType(typ) || IsType(name) || strings.HasPrefix(name, enumeration+"._udp.") {
		return "", false
	}
	return typ, true
}

// IsType reports whether a name is that of a service type in some domain.
func IsType(name string) bool {
	service, rest := providers.CutLabel(name)
	return strings.HasPrefix(service, "_") && (strings.HasPrefix(rest, "_tcp.") || strings.HasPrefix(rest, "_udp."))
}

// EnumerationOf returns the enumeration of service types (RFC 6763 section 9) of the domain of a service type.
func EnumerationOf(typ string) string {
	_, rest := providers.CutLabel(typ)
	_, domain := providers.CutLabel(rest)
	return enumeration + "._udp." + domain
}
