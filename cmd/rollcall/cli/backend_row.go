package cli

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/providers"
)

// What the console does with one row without changing a cloud or DNS.

// Shell returns the ssh command. User and key come from the operator's ssh config.
func (b *backend) Shell(ctx context.Context, i providers.Instance) (*exec.Cmd, error) {
	addresses := append(slices.Clone(i.PublicIPs), i.PrivateIPs...)
	if len(addresses) == 0 {
		return nil, fmt.Errorf("%s has no address to connect to", cmp.Or(i.Name, i.ID))
	}
	c := exec.CommandContext(ctx, "ssh", addresses[0].String())
	c.Env = b.s.Program.Env.List()
	return c, nil
}

func (b *backend) Page(i *providers.Instance, zone string) (string, error) {
	if i != nil {
		return b.s.Page(i, nil)
	}
	snap := b.s.Fleet.Snapshot()
	for n := range snap.Zones {
		if snap.Zones[n].Zone.Name == zone {
			return b.s.Page(nil, &snap.Zones[n].Zone)
		}
	}
	return "", fmt.Errorf("the zone %s is not configured", words.Clean(zone))
}

func (b *backend) Program(args []string) *exec.Cmd { return b.s.OperatorProgram(args) }

func (b *backend) OpenPage(address string) error { return b.s.OpenPage(address) }

// ConsoleLog returns the end of an instance's console log.
func (b *backend) ConsoleLog(ctx context.Context, i providers.InstanceRef) (string, error) {
	return b.s.ConsoleLog(ctx, i.Cloud, i.ID)
}

func (b *backend) Condition(ctx context.Context, i providers.InstanceRef) (providers.Condition, error) {
	return b.s.Condition(ctx, i)
}

func (b *backend) Snooze(found []*dnsview.Finding, d time.Duration, reason string) error {
	return b.s.Snooze(found, d, reason)
}

func (b *backend) Unsnooze(found []*dnsview.Finding) error { return b.s.Unsnooze(found) }

func (b *backend) Note(subject, text string) error { return b.s.Note(subject, text) }
