package launch

import (
	"context"
	"slices"
	"sync"

	"rollcall/providers"
)

// Checked is what clouds say of a launch before anything is started, a line each that begins with the cloud.
type Checked struct {
	Refused   []string // what would be refused, and what to do instead
	Unknown   []string // clouds that did not answer
	Unchecked []string // what could not be checked
}

// Check asks the clouds of a spec, all at once, whether they would start its nodes. It starts nothing.
func Check(ctx context.Context, spec Spec, clouds []Cloud) Checked {
	var mu sync.Mutex
	var out Checked
	var wg sync.WaitGroup
	for i := range spec.Nodes {
		t := &spec.Nodes[i]
		at := slices.IndexFunc(clouds, func(c Cloud) bool { return c.Name == t.Cloud })
		if at < 0 {
			continue
		}
		c, ok := clouds[at].Compute.(providers.LaunchChecker)
		if !ok {
			continue
		}
		wg.Go(func() {
			got, err := c.CheckLaunch(ctx, spec.request(t, &Node{Cloud: t.Cloud, Name: spec.name(0)}))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				out.Unknown = append(out.Unknown, t.Cloud+": whether it would launch is not known: "+err.Error())
			}
			for _, text := range got.Refused {
				out.Refused = append(out.Refused, t.Cloud+": "+text)
			}
			for _, text := range got.Unchecked {
				out.Unchecked = append(out.Unchecked, t.Cloud+": "+text)
			}
		})
	}
	wg.Wait()
	for _, l := range [][]string{out.Refused, out.Unknown, out.Unchecked} {
		slices.Sort(l)
	}
	return out
}
