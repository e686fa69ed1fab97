package triton

import (
	"context"
	"errors"
	"net/http"

	"rollcall/providers"
)

// CheckPower reports whether the machine has deletion protection. CloudAPI cannot say what a user may do, so
// permissions are not checked.
func (c *Cloud) CheckPower(ctx context.Context, id string, action providers.PowerAction) (providers.PowerCheck, error) {
	if err := c.checkID("check machine "+providers.Brief(id), id); err != nil {
		return providers.PowerCheck{}, err
	}
	if action != providers.PowerTerminate {
		return providers.PowerCheck{}, nil
	}
	on, err := c.protected(ctx, id)
	if err != nil || !on {
		return providers.PowerCheck{}, err
	}
	return providers.PowerCheck{Refused: "it has " + deletionProtection, Satisfy: unprotect + id}, nil
}

const (
	deletionProtection = "deletion protection (deletion_protection)"
	unprotect          = "triton instance disable-deletion-protection "
)

// Condition implements providers.ConditionReader (CloudAPI, GetMachine): CloudAPI makes no status checks.
func (c *Cloud) Condition(ctx context.Context, id string) (out providers.Condition, err error) {
	if err := c.checkID("check machine "+providers.Brief(id), id); err != nil {
		return out, err
	}
	on, err := c.protected(ctx, id)
	if on {
		out.Protected = []string{deletionProtection + "; it ends by " + unprotect + id}
	}
	return out, err
}

// protected reports whether a machine has deletion protection.
func (c *Cloud) protected(ctx context.Context, id string) (bool, error) {
	op := "ask for the protection of machine " + id
	// It is not read from the listing, where an unexpected value would make every machine unreadable.
	var m struct {
		ID                 string `json:"id"`
		DeletionProtection bool   `json:"deletion_protection"`
	}
	if _, err := c.read(ctx, request{op: op, method: http.MethodGet, path: []string{"machines", id}}, &m); err != nil {
		return false, err
	}
	if m.ID != id {
		return false, &providers.Error{Kind: providers.KindIncomplete, Source: c.name, Op: op, Err: errors.New("the answer is about another machine")}
	}
	return m.DeletionProtection, nil
}
