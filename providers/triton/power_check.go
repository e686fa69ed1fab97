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
	if err := c.checkID("check", id); err != nil {
		return providers.PowerCheck{}, err
	}
	if action != providers.PowerTerminate {
		return providers.PowerCheck{}, nil
	}
	op := "ask for the protection of machine " + id
	// It is not read from the listing, where an unexpected value would make every machine unreadable.
	var m struct {
		ID                 string `json:"id"`
		DeletionProtection bool   `json:"deletion_protection"`
	}
	if _, err := c.read(ctx, request{op: op, method: http.MethodGet, path: []string{"machines", id}}, &m); err != nil {
		return providers.PowerCheck{}, err
	}
	if m.ID != id {
		return providers.PowerCheck{}, &providers.Error{Kind: providers.KindIncomplete, Source: c.name, Op: op, Err: errors.New("the answer is about another machine")}
	}
	if m.DeletionProtection {
		return providers.PowerCheck{
			Refused: "it has deletion protection (deletion_protection)",
			Satisfy: "triton instance disable-deletion-protection " + id,
		}, nil
	}
	return providers.PowerCheck{}, nil
}
