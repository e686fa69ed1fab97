package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func (a *commands) serviceCreateCommand() *cobra.Command {
	var txt, subtypes []string
	var ttl ttlFlag
	var c changeOptions
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Announce an incarnation: its TXT, its PTR and its type",
		Long: `create creates the records that announce an incarnation of a DNS-SD service. It
has no nodes until hosts join it. Several incarnations (v1, v2) can exist at the
same time. Existing records are not changed.

TXT values come from --txt, else from the config, else it is txtvers=1 alone.
Anyone can read them.`,
		Example: "  rollcall service create v2._theservice._tcp.example.com \\\n    --txt txtvers=1 --txt proto=2",
		Args:    exactly(1, "the name of an incarnation, such as v1._theservice._tcp.example.com"),
	}
	form := serviceFlags(cmd, &c)
	cmd.Flags().StringArrayVar(&txt, "txt", nil, "attribute `key=value`; may be given several times")
	cmd.Flags().StringArrayVar(&subtypes, "subtype", nil, "`subtype` of the incarnation, such as _printer; may be given several times")
	cmd.Flags().Var(&ttl, "ttl", "TTL of new record sets (default 300)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.form = form.Form
		n, err := serviceName(args[0])
		if err != nil {
			return err
		}
		pairs, err := dnssd.ParsePairs(txt)
		if err != nil {
			return app.AsRefusal(err)
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), joinTimeout)
		defer cancel()
		s, err := a.openService(ctx, n.String())
		if err != nil {
			return err
		}
		d := plan.Declaration{Name: n, TXT: s.attributes(pairs), TTL: uint32(ttl), Subtypes: subtypes}
		z := s.reading()
		if err := z.Read(ctx, s.dns, d.Names()...); err != nil {
			return app.AsRefusal(err)
		}
		if err := z.ReadAbove(ctx, s.dns, d.Names()...); err != nil {
			return app.AsRefusal(err)
		}
		if len(txt) == 0 { // no attributes are requested, so the present ones are right
			if have, ok := attributesOf(&z, n); ok {
				d.TXT = have
			}
		}
		made, err := plan.Create(z, d)
		if err != nil {
			return app.AsRefusal(err)
		}
		return a.carryService(ctx, s, s.partialZone(), made, c)
	}
	return cmd
}

// attributes returns the TXT attributes of an incarnation: as given, else as declared.
func (s *serviceSession) attributes(given dnssd.TXT) dnssd.TXT {
	switch {
	case len(given) > 0:
		return given
	case len(s.declared.TXT) > 0:
		return dnssd.FromMap(s.declared.TXT)
	}
	return dnssd.TXT{{Key: dnssd.TXTVersion, Value: "1", HasValue: true}}
}

func attributesOf(z *plan.Zone, n dnssd.Name) (dnssd.TXT, bool) {
	i := slices.IndexFunc(z.Records, func(r providers.Record) bool { return r.Name == n.Canonical() && r.Type == "TXT" })
	if i < 0 {
		return nil, false
	}
	return dnssd.TXTOf(z.Records[i].Value), true
}

func (a *commands) serviceRetireCommand() *cobra.Command {
	var c changeOptions
	cmd := &cobra.Command{
		Use:   "retire NAME",
		Short: "Remove the announcement of an incarnation without nodes",
		Long: `retire removes the PTR and TXT of an incarnation, and its type from the
enumeration of the domain if it is the last of its type. An incarnation that
still has nodes is not retired: let them leave first.`,
		Example: "  rollcall service retire v1._theservice._tcp.example.com",
		Args:    exactly(1, "the name of an incarnation, such as v1._theservice._tcp.example.com"),
	}
	form := serviceFlags(cmd, &c)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.form = form.Form
		n, err := serviceName(args[0])
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), joinTimeout)
		defer cancel()
		s, err := a.openService(ctx, n.String())
		if err != nil {
			return err
		}
		z := s.reading()
		cov := s.source.DNS.Records(ctx, s.zone, func(page []providers.Record) { z.Records = append(z.Records, page...) })
		if !cov.Complete() {
			return &exit.Error{Code: exit.Unknown, Err: fmt.Errorf("%s was not read completely, so it is not known which nodes there are: %w; nothing was changed", words.Clean(s.zone.Name), cov.Err)}
		}
		providers.AttachOwners(z.Records)
		made, err := plan.Retire(z, n)
		if err != nil {
			return app.AsRefusal(err)
		}
		return a.carryService(ctx, s, s.found(), made, c)
	}
	return cmd
}
