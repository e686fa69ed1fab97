package fleet

import (
	"cmp"
	"fmt"
	"slices"

	"rollcall/providers"
)

// CheckAccount returns an error of kind providers.KindAuth if the credentials of a cloud lead to another account or place
// than the rows that an earlier run has kept under its name. A read of the cloud is refused with the same error. last may be nil.
func CheckAccount(now providers.Cloud, last *providers.Snapshot, forgotten []providers.CloudKey) error {
	if last == nil || now.Key == "" {
		return nil
	}
	for i := range last.Clouds {
		v := &last.Clouds[i]
		switch was := v.Cloud; {
		case was.Name != now.Name || was.Provider != now.Provider || was.Key == "" || was.Key == now.Key:
		case v.RowsFrom.IsZero() || len(v.Instances)+len(v.Addresses) == 0 || slices.Contains(forgotten, was.Key):
		default:
			return anotherAccount(now.Name, "identify", now, was)
		}
	}
	return nil
}

// anotherAccount returns the error for credentials that lead to another account or place than the name of a cloud stands for.
func anotherAccount(name, op string, now, was providers.Cloud) error {
	is, known, mend, other := "the credentials belong to account "+now.Account+" now", "account "+was.Account, "the credentials", "account"
	if now.Account == was.Account {
		place := func(c providers.Cloud) string { return cmp.Or(c.Region, "the place with key "+string(c.Key)) }
		is, known, mend, other = "it is "+place(now)+" of account "+now.Account+" now", place(was)+" of that account", "the config", "place"
	}
	return &providers.Error{Kind: providers.KindAuth, Source: name, Op: op, Err: fmt.Errorf(
		"%s, and all that is known of %s is of %s: correct %s; another %s that is meant needs a name of its own in the config", is, name, known, mend, other)}
}
