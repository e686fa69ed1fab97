package cli

import (
	"context"
	"fmt"

	"rollcall/cmd/rollcall/app"
	"rollcall/dnsview/wire"
)

const resolvConf = "/etc/resolv.conf"

// openResolver finds the name servers to ask: those of the config, of the environment,
// or of the system.
func (a *commands) openResolver(ctx context.Context) (*wire.Resolver, error) {
	c, err := a.LoadConfig(ctx)
	if err != nil {
		return nil, err
	}
	servers, err := app.ResolversOf(c)
	if err != nil {
		return nil, err
	}
	if len(servers) == 0 {
		if servers = wire.SystemServers(resolvConf); len(servers) == 0 {
			return nil, fmt.Errorf("there is no name server to ask: set resolvers in the config, or ROLLCALL_RESOLVERS (%s has none)", resolvConf)
		}
	}
	return wire.NewResolver(servers), nil
}
