package app

import (
	"context"
	"fmt"

	"rollcall/cmd/rollcall/words"
	"rollcall/providers"
	"rollcall/providers/fleet"
)

// Identity is whose a source is, as its provider says.
type Identity struct {
	Cloud providers.Cloud // of a cloud: account, region and key
	Zone  providers.Zone  // of a zone: account and id
}

// Account returns the id of the account, or "" if the provider names none.
func (i *Identity) Account() string { return i.Cloud.Account + i.Zone.Account }

// Identify asks the provider of a source, a cloud or a zone of the session, whose its credentials are, and finds the zone. It
// returns the error of a source that could not be set up.
func (s *Session) Identify(ctx context.Context, source string) (who Identity, err error) {
	if c, ok := s.Cloud(source); ok {
		who.Cloud = providers.Cloud{Name: c.Name, Provider: c.Provider}
		if c.Err != nil {
			return who, c.Err
		}
		who.Cloud, err = c.Compute.Identify(ctx)
		return who, err
	}
	z, ok := s.Zone(source)
	if !ok {
		return who, fmt.Errorf("there is no source %s", words.Clean(source))
	}
	who.Zone = providers.Zone{Name: z.Name, Provider: z.Provider}
	if z.Err != nil {
		return who, z.Err
	}
	found, err := providers.FindZone(ctx, z.DNS, z.Name, z.ZoneChoice, "")
	if err != nil {
		return who, err
	}
	who.Zone = found
	if account, ok := z.DNS.(providers.AccountIdentifier); ok && found.Account == "" {
		who.Zone.Account, _ = account.AccountID(ctx) // the zone is found without it too
	}
	return who, nil
}

// CheckAccounts marks clouds of found as failed whose credentials lead to another account than the rows of the last run,
// which every other command refuses, too.
func (s *Session) CheckAccounts(found *providers.Snapshot) {
	last, forgotten := s.loadLast(), s.forgottenKeys()
	for i := range found.Clouds {
		if v := &found.Clouds[i]; v.Coverage.Err == nil {
			if err := fleet.CheckAccount(v.Cloud, last, forgotten); err != nil {
				v.Coverage.State, v.Coverage.Err = providers.CoverageFailed, err
			}
		}
	}
}
