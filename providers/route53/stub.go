package route53

import (
	"context"

	"rollcall/providers"
)

func (a *Account) Zones(context.Context, func([]providers.Zone)) providers.Coverage {
	return providers.Coverage{}
}

func (a *Account) Records(context.Context, providers.Zone, func([]providers.Record)) providers.Coverage {
	return providers.Coverage{}
}

func (a *Account) Lookup(context.Context, providers.Zone, string, string) ([]providers.Record, error) {
	return nil, nil
}

func (a *Account) Apply(context.Context, providers.Zone, []providers.Change) []providers.Result {
	return nil
}
