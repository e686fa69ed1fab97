package cli

import (
	"fmt"
	"slices"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/ui/common"
)

// planIncarnation plans to create or retire an incarnation, like the commands of these names.
func (b *backend) planIncarnation(v *dnsview.View, w common.ChangeRequest) (plan.Plan, error) {
	n, err := dnssd.ParseName(w.Name)
	if err != nil {
		return plan.Plan{}, err
	}
	z, err := b.wholeZone(v, n)
	if err != nil {
		return plan.Plan{}, err
	}
	var made plan.Planned
	if w.Verb == index.VerbRetire {
		made, err = plan.Retire(z, n)
	} else {
		var txt dnssd.TXT
		if txt, err = dnssd.ParsePairs(w.TXT); err != nil {
			return plan.Plan{}, err
		}
		made, err = plan.Create(z, plan.Declaration{Name: n, TXT: txt})
	}
	if err != nil {
		return plan.Plan{}, err
	}
	return plan.WithoutUnwritable(v, made.Plan), nil
}

// wholeZone returns the zone of a service as last read. It fails if that read is incomplete, because plans depend on
// what the zone does not contain. The guards read it again.
func (b *backend) wholeZone(v *dnsview.View, n dnssd.Name) (plan.Zone, error) {
	if b.s.Config.Fleet == "" {
		return plan.Zone{}, b.s.NeedFleet()
	}
	name, ok := b.s.Config.ZoneOf(n.Canonical())
	i := slices.IndexFunc(v.Snapshot.Zones, func(z providers.ZoneView) bool { return providers.SameName(z.Zone.Name, name) })
	if !ok || i < 0 {
		return plan.Zone{}, fmt.Errorf("%s lies in none of the zones of the config", words.Clean(n.String()))
	}
	z := &v.Snapshot.Zones[i]
	if !z.Coverage.Complete() {
		return plan.Zone{}, fmt.Errorf("%s was not read completely, so it is not known what it has: refresh and try again", words.Clean(name))
	}
	return plan.Zone{Zone: z.Zone, Fleet: b.s.Config.Fleet, Now: b.s.Program.Now(), Records: z.Records}, nil
}
