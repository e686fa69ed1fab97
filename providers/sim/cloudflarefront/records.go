package cloudflarefront

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"rollcall/providers/sim/world"
)

// maxBatch is the limit of changes in a batch on the smallest plan.
const maxBatch = 200

const timeForm = "2006-01-02T15:04:05.000000Z"

// recordJSON is a record as the API writes it.
type recordJSON struct {
	ID              string          `json:"id"`
	Name            string          `json:"name"`
	Type            string          `json:"type"`
	Content         string          `json:"content"`
	Proxiable       bool            `json:"proxiable"`
	Proxied         bool            `json:"proxied"`
	TTL             uint32          `json:"ttl"`
	Priority        *uint16         `json:"priority,omitempty"`
	Data            json.RawMessage `json:"data,omitempty"`
	Settings        json.RawMessage `json:"settings"`
	Meta            struct{}        `json:"meta"`
	Comment         *string         `json:"comment"`
	Tags            []string        `json:"tags"`
	CreatedOn       string          `json:"created_on"`
	ModifiedOn      string          `json:"modified_on"`
	CommentModified string          `json:"comment_modified_on,omitempty"`
}

func toAPI(r *world.Record) *recordJSON {
	j := &recordJSON{
		ID: r.ID, Name: r.Name, Type: r.Type, Content: shown(r), Proxiable: proxiable(r.Type), Proxied: r.Proxied, TTL: r.TTL,
		Priority: r.Priority, Data: r.Data, Tags: append([]string{}, r.Tags...),
		CreatedOn: r.Created.UTC().Format(timeForm), ModifiedOn: r.Modified.UTC().Format(timeForm),
	}
	j.Settings = json.RawMessage("{}")
	if len(r.Settings) > 0 {
		j.Settings = r.Settings
	}
	if r.Comment != "" {
		j.Comment, j.CommentModified = &r.Comment, r.Commented.UTC().Format(timeForm)
	}
	return j
}

func toAPIs(list []*world.Record) []*recordJSON {
	out := make([]*recordJSON, len(list))
	for i, r := range list {
		out[i] = toAPI(r)
	}
	return out
}

// records routes requests below dns_records.
func (c *call) records(z *world.Zone) error {
	m := c.r.Method
	switch len(c.parts) {
	case 3:
		switch m {
		case http.MethodGet:
			return c.listRecords(z)
		case http.MethodPost:
			return c.createRecord(z)
		}
	case 4:
		id := c.parts[3]
		if id == "batch" && m == http.MethodPost {
			return c.batch(z)
		}
		if !idForm().MatchString(id) {
			return noRoute(c.r)
		}
		switch m {
		case http.MethodGet:
			return c.getRecord(z, id)
		case http.MethodPut, http.MethodPatch:
			return c.changeRecord(z, id, m == http.MethodPatch)
		case http.MethodDelete:
			return c.deleteRecord(z, id)
		}
	default:
		return noRoute(c.r)
	}
	return newError(http.StatusMethodNotAllowed, 10405, "Method not allowed for this authentication scheme")
}

func noRecord() *apiError {
	return newError(http.StatusNotFound, 81044, "Record does not exist.")
}

func (c *call) getRecord(z *world.Zone, id string) error {
	var found *recordJSON
	z.View(func(tx *world.Tx) {
		if r := tx.Record(id); r != nil {
			found = toAPI(r)
		}
	})
	if found == nil {
		return noRecord()
	}
	return c.ok(found, nil)
}

// update makes one atomic change of a zone. Under world.Stale listings lag behind it.
func (c *call) update(z *world.Zone, f func(tx *world.Tx) error) error {
	if c.kind == world.Stale {
		var before []*world.Record
		z.View(func(tx *world.Tx) { before = tx.Records() })
		c.history(z).Write(c.front.w.Now(), before)
	}
	_, err := z.Update(func(tx *world.Tx) error {
		before := tx.Records()
		err := f(tx)
		if err == nil && c.kind == world.SecondWriter {
			if n := c.front.writes.Add(1); n%2 == 1 {
				secondWriter(tx, before, n)
			}
		}
		return err
	})
	return err
}

// secondWriter adds an unmarked record beside the first address record of a change, like a node that joins at the same
// moment.
func secondWriter(tx *world.Tx, before []*world.Record, n int64) {
	mine := func(r *world.Record, other []*world.Record) bool { return r.Type == "A" && !slices.Contains(other, r) }
	for _, lists := range [][2][]*world.Record{{before, tx.Records()}, {tx.Records(), before}} {
		if at := slices.IndexFunc(lists[0], func(r *world.Record) bool { return mine(r, lists[1]) }); at >= 0 {
			r := &world.Record{Name: lists[0][at].Name, Type: "A", Content: fmt.Sprintf("198.51.100.%d", n%250+1), TTL: autoTTL}
			if clash(tx, r) == nil {
				tx.AddRecord(r)
			}
			return
		}
	}
}

func (c *call) createRecord(z *world.Zone) error {
	var in input
	if err := c.read(&in); err != nil {
		return err
	}
	return c.changeOne(z, func(tx *world.Tx) (*world.Record, error) { return post(tx, z, in) })
}

func (c *call) changeRecord(z *world.Zone, id string, merge bool) error {
	var in input
	if err := c.read(&in); err != nil {
		return err
	}
	c.takeOver(z, id)
	return c.changeOne(z, func(tx *world.Tx) (*world.Record, error) { return put(tx, z, id, in, merge) })
}

// changeOne changes a zone and answers with the new record.
func (c *call) changeOne(z *world.Zone, change func(tx *world.Tx) (*world.Record, error)) error {
	var out *recordJSON
	err := c.update(z, func(tx *world.Tx) error {
		r, err := change(tx)
		if err == nil {
			out = toAPI(r)
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(out, nil)
}

func (c *call) deleteRecord(z *world.Zone, id string) error {
	c.takeOver(z, id)
	err := c.update(z, func(tx *world.Tx) error {
		_, err := remove(tx, id)
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(map[string]string{"id": id}, nil)
}

// batchInput is the body of a batch. The API executes deletes, patches, puts and posts in this order, all or nothing.
type batchInput struct {
	Deletes []input `json:"deletes"`
	Patches []input `json:"patches"`
	Puts    []input `json:"puts"`
	Posts   []input `json:"posts"`
}

func (c *call) batch(z *world.Zone) error {
	var in batchInput
	if err := c.read(&in); err != nil {
		return err
	}
	if n := len(in.Deletes) + len(in.Patches) + len(in.Puts) + len(in.Posts); n > maxBatch {
		return newError(http.StatusBadRequest, 9315, "A batch may have no more than %d operations, this one has %d.", maxBatch, n)
	}
	var named []string
	for _, d := range append(append(slices.Clone(in.Deletes), in.Patches...), in.Puts...) {
		named = append(named, d.text("id"))
	}
	c.takeOver(z, named...)
	out := map[string][]*recordJSON{}
	err := c.update(z, func(tx *world.Tx) error {
		for _, part := range []struct {
			name   string
			inputs []input
			change func(input) (*world.Record, error)
		}{
			{"deletes", in.Deletes, func(d input) (*world.Record, error) { return remove(tx, d.text("id")) }},
			{"patches", in.Patches, func(p input) (*world.Record, error) { return put(tx, z, p.text("id"), p, true) }},
			{"puts", in.Puts, func(p input) (*world.Record, error) { return put(tx, z, p.text("id"), p, false) }},
			{"posts", in.Posts, func(p input) (*world.Record, error) { return post(tx, z, p) }},
		} {
			out[part.name] = []*recordJSON{}
			for _, x := range part.inputs {
				r, err := part.change(x)
				if err != nil {
					return err
				}
				out[part.name] = append(out[part.name], toAPI(r))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.ok(out, nil)
}

// post adds a record to the transaction.
func post(tx *world.Tx, z *world.Zone, in input) (*world.Record, error) {
	r := &world.Record{TTL: autoTTL, Created: tx.Now()}
	if err := in.apply(z, r); err != nil {
		return nil, err
	}
	if err := clash(tx, r); err != nil {
		return nil, err
	}
	tx.AddRecord(r)
	return r, nil
}

// put replaces a record or, with merge, changes the fields in the input.
func put(tx *world.Tx, z *world.Zone, id string, in input, merge bool) (*world.Record, error) {
	old := tx.Record(id)
	if old == nil {
		return nil, noRecord()
	}
	r := &world.Record{ID: id, TTL: autoTTL, Created: old.Created}
	if merge {
		*r = *old
	}
	if err := in.apply(z, r); err != nil {
		return nil, err
	}
	r.Modified = tx.Now()
	if err := clash(tx, r); err != nil {
		return nil, err
	}
	tx.ReplaceRecord(r)
	return r, nil
}

func remove(tx *world.Tx, id string) (*world.Record, error) {
	r := tx.Record(id)
	if r == nil {
		return nil, noRecord()
	}
	tx.RemoveRecord(id)
	return r, nil
}
