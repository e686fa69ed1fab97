package cli

import (
	"context"
	"fmt"

	"rollcall/cmd/rollcall/app"
	"rollcall/dnsview/wire"
)

const resolvConf = "/etc/resolv.conf"

// openResolver returns a resolver for the name servers of the config, else of the environment, else of the system.
func (a *commands) openResolver(ctx context.Context) (*wire.Resolver, error) {
	c, err := a.LoadConfig(ctx)
	if err != nil {
		return nil, err
	}
	servers, err := app.ResolversOf(c, a.Env)
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
