package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/dnssd"
	"rollcall/userdata"
)

// joinTimeout is how long a host tries to join or leave without --timeout. Where an account allows five requests a
// second, two hundred hosts at once take minutes.
const joinTimeout = 10 * time.Minute

func (a *commands) serviceCommand() *cobra.Command {
	c := group("service", "DNS-SD services: incarnations, their hosts, a client's view",
		a.serviceCreateCommand(), a.serviceRetireCommand(),
		a.serviceJoinCommand(), a.serviceLeaveCommand(), a.changeCommand(&balanceVerb),
		a.serviceBrowseCommand(), a.serviceResolveCommand(), a.servicePickCommand(),
	)
	c.Long = `service makes and retires incarnations of a DNS-SD service (RFC 6763), lets any
host join and leave one from its shell, and asks name servers what clients see.

An incarnation is written INSTANCE._SERVICE._tcp.DOMAIN, such as
v1._theservice._tcp.example.com. A dot or a space in INSTANCE is written behind
a backslash.

create, retire, join and leave need a config with a fleet id and the zone, and
the credentials of the zone's DNS account; no cloud is asked. balance asks the
clouds too, since the nodes that it changes have to run. browse, resolve and
pick need neither.`
	return c
}

// serviceFlags adds the flags of commands that change a service.
func serviceFlags(cmd *cobra.Command, c *changeOptions) *output.Format {
	cmd.Flags().BoolVar(&c.dryRun, "dry-run", false, "show the plan and its guards on fresh evidence, and write nothing")
	cmd.Flags().StringArrayVar(&c.confirm, "confirm", nil, "`place` of the team's store, to go on although it is away")
	return output.Flag(cmd, output.Text, output.JSON, output.YAML, output.Name)
}

// number is a flag for a 16-bit number within bounds.
type number struct {
	is    uint16
	given bool
	least uint16
}

// String returns the number.
func (n *number) String() string {
	if !n.given {
		return ""
	}
	return strconv.Itoa(int(n.is))
}

// Type returns the value's name in help texts.
func (n *number) Type() string { return "number" }

// Set parses the number.
func (n *number) Set(s string) error {
	v, err := strconv.ParseUint(s, 10, 16)
	if err != nil || uint16(v) < n.least {
		return fmt.Errorf("write a number from %d to 65535", n.least)
	}
	n.is, n.given = uint16(v), true
	return nil
}

// or returns the number, or other if the flag was not given.
func (n *number) or(other uint16) uint16 {
	if n.given {
		return n.is
	}
	return other
}

// ttlFlag is a flag for the TTL of a record; 0 if it was not given.
type ttlFlag uint32

// String returns the seconds.
func (t *ttlFlag) String() string {
	if *t == 0 {
		return ""
	}
	return strconv.Itoa(int(*t))
}

// Type returns the value's name in help texts.
func (t *ttlFlag) Type() string { return "seconds" }

// Set parses the seconds.
func (t *ttlFlag) Set(s string) error {
	v, err := strconv.ParseUint(s, 10, 31)
	if err != nil || v == 0 {
		return fmt.Errorf("write seconds, 1 to %d (RFC 2181 section 8)", userdata.MaxTTL)
	}
	*t = ttlFlag(v)
	return nil
}

// serviceName parses the name of an incarnation.
func serviceName(s string) (dnssd.Name, error) {
	n, err := dnssd.ParseName(s)
	if err != nil {
		return n, app.AsRefusal(err)
	}
	if n.Instance == "" {
		return n, exit.Usagef(`"%s" is no incarnation: write INSTANCE.%s, such as v1.%s`, words.Clean(s), words.Clean(n.Type().String()), words.Clean(n.Type().String()))
	}
	return n, nil
}

// txtIsPublic warns an operator who sets a TXT value that it is public.
func (a *commands) txtIsPublic(name string) {
	a.Logf("rollcall: anyone can read the TXT values of %s: nothing secret belongs there", words.Clean(name))
}
