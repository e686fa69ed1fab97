// Package adapters lists the adapters of all providers: a new provider is a package and one line here. It imports the
// adapters. Cmd imports it, and so do tests that need the declarations.
package adapters

import (
	"rollcall/providers"
	"rollcall/providers/adapter"
	"rollcall/providers/cloudflare"
	"rollcall/providers/ec2"
	"rollcall/providers/rfc2136"
	"rollcall/providers/route53"
	"rollcall/providers/triton"
	"rollcall/providers/zonefile"
)

// All returns every adapter in the order in which texts list the providers.
func All() []adapter.Adapter {
	return []adapter.Adapter{
		ec2.Adapter(),
		triton.Adapter(),
		cloudflare.Adapter(),
		route53.Adapter(),
		rfc2136.Adapter(),
		zonefile.Adapter(),
	}
}

// Declarations returns the declarations of all providers.
func Declarations() (out []providers.Declaration) {
	for _, a := range All() {
		out = append(out, a.Declaration)
	}
	return out
}

// Declared returns the declaration of a provider, or the zero value.
func Declared(p providers.Provider) providers.Declaration {
	if d := providers.Declared(Declarations(), p); d != nil {
		return *d
	}
	return providers.Declaration{}
}
