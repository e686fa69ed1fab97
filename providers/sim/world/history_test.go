package world

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
)

func TestEveryChangeOfAZoneIsToldWithWhatItTookAwayAndBrought(t *testing.T) {
	var changes []ZoneChange
	w := New(Options{Changed: func(c ZoneChange) { changes = append(changes, c) }})
	r53, cf := w.Zones("route53")[0], w.Zones("cloudflare")[0]
	name := "new." + Route53Zone
	put := func(values ...string) (string, error) {
		return r53.Update(func(tx *Tx) error { tx.Put(&Set{Name: name, Type: "A", TTL: 60, Values: values}); return nil })
	}
	if _, err := put("198.51.100.1", "198.51.100.2"); err != nil {
		t.Fatal(err)
	}
	id, err := put("198.51.100.2", "198.51.100.3")
	if err != nil {
		t.Fatal(err)
	}
	one := func(v string) []ZoneValue { return []ZoneValue{{Name: name, Type: "A", TTL: 60, Value: v}} }
	if c := changes[1]; len(changes) != 2 || c.Zone != Route53Zone || c.ID != id || !slices.Equal(c.Removed, one("198.51.100.1")) || !slices.Equal(c.Added, one("198.51.100.3")) {
		t.Errorf("%+v", changes)
	}
	if _, err := put("198.51.100.3", "198.51.100.2"); err != nil || len(changes) != 2 {
		t.Errorf("another order of values is a change: %+v, %v", changes[2:], err)
	}
	if _, err := r53.Update(func(tx *Tx) error { tx.Delete(tx.Sets()[0]); return errors.New("no") }); err == nil || len(changes) != 2 {
		t.Errorf("a change that failed was told: %+v", changes[2:])
	}
	var lb Record
	cf.View(func(tx *Tx) { lb = *tx.Records()[0] })
	was := lb.Comment
	lb.Comment = "somebody else's"
	if _, err := cf.Update(func(tx *Tx) error { tx.ReplaceRecord(&lb); return nil }); err != nil {
		t.Fatal(err)
	}
	if c := changes[2]; len(c.Removed) != 1 || len(c.Added) != 1 || c.Removed[0].Comment != was || c.Added[0].Comment != lb.Comment || c.Added[0].ID != lb.ID {
		t.Errorf("%+v", c)
	}
}

func TestAnAddressIsHeldAndReleasedAndAnInstanceGetsAnother(t *testing.T) {
	w := New(Options{})
	ip := netip.MustParseAddr("34.201.60.1")
	holds := func() bool {
		return slices.ContainsFunc(w.Addresses("aws-use1"), func(a Address) bool { return a.IP == ip })
	}
	before := len(w.Addresses("aws-use1"))
	if w.Hold("aws-use1", Address{ID: "eni-1", IP: ip}); !holds() {
		t.Error("it is not held")
	}
	if w.Release("aws-use1", ip); holds() || len(w.Addresses("aws-use1")) != before {
		t.Errorf("%+v", w.Addresses("aws-use1"))
	}
	page, _ := w.Instances("aws-use1", nil, 0, 1)
	v6 := netip.MustParseAddr("2600:1f18::7")
	for _, a := range []netip.Addr{ip, v6} {
		if err := w.Readdress("aws-use1", page[0].ID, a); err != nil {
			t.Fatal(err)
		}
	}
	if i, err := w.Instance("aws-use1", page[0].ID); err != nil || i.Public != ip || i.Public6 != v6 {
		t.Errorf("%s and %s, %v", i.Public, i.Public6, err)
	}
	if err := w.Readdress("aws-use1", "i-0", ip); !errors.Is(err, ErrNoInstance) {
		t.Errorf("%v", err)
	}
}

func TestCredentialsExpireOnceALaterPageWasAskedForUntilTheFaultIsSwitched(t *testing.T) {
	w := New(Options{})
	spent := func(later bool) bool { return w.CredentialsExpired("aws-use1", later) }
	if spent(true) {
		t.Error("they expired without the fault")
	}
	for range 2 {
		if err := w.SetFault("aws-use1", Expired); err != nil {
			t.Fatal(err)
		}
		if spent(false) || !spent(true) || !spent(false) || w.CredentialsExpired("aws-euw1", false) {
			t.Error("they did not expire with the second page, and for good")
		}
	}
	if err := w.SetFault("aws-use1", NoFault); err != nil || spent(false) {
		t.Errorf("they are expired without the fault, %v", err)
	}
}
