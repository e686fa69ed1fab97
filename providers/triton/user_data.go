package triton

import (
	"context"
	"errors"
	"net/http"

	"rollcall/providers"
)

// UserData implements providers.UserDataReader: the metadata user-script of the machine (CloudAPI, GetMachine).
func (c *Cloud) UserData(ctx context.Context, id string) ([]byte, error) {
	if err := c.checkID("read the user-script of machine "+providers.Brief(id), id); err != nil {
		return nil, err
	}
	op := "read the user-script of machine " + id
	var m struct {
		ID       string         `json:"id"`
		Metadata map[string]any `json:"metadata"` // text, but for values that were numbers when they were set
	}
	x, err := c.read(ctx, request{op: op, method: http.MethodGet, path: []string{"machines", id}}, &m)
	if err != nil {
		return nil, c.aboutMachine(op, x, err, id)
	}
	if m.ID != id {
		return nil, &providers.Error{Kind: providers.KindIncomplete, Source: c.name, Op: op, Err: errors.New("the answer is about another machine")}
	}
	if m.Metadata == nil {
		return nil, &providers.Error{Kind: providers.KindIncomplete, Source: c.name, Op: op, Err: errors.New("the answer has no metadata")}
	}
	script, _ := m.Metadata["user-script"].(string)
	return []byte(script), nil
}
