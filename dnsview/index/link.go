package index

// What Nodes holds of a record before it is linked, beside the number of a known instance.
const (
	noNode   = -1
	newNode  = -2 // its marker names an instance that no cloud shows
	byHolder = -3 // it belongs to who has the address to which it leads, if anyone does
)

// linkRecords notes who has which address, and links each record to the instance that its marker names, or else to the
// instance that holds its address.
func (x *Index) linkRecords() {
	Parallel(2, 1, func(task, _ int) {
		if task == 0 {
			x.addHolders(nil)
			return
		}
		for _, z := range x.Zones {
			z.Nodes = make([]int32, len(z.View.Records))
			for i := range z.Nodes {
				z.Nodes[i] = x.nodeByMarker(z, i)
			}
		}
	})
	for _, z := range x.Zones {
		for i, n := range z.Nodes {
			r := &z.View.Records[i]
			if n == newNode || n == byHolder {
				n = noNode
				if k, ok := x.belongsTo(r); ok {
					n = x.NodeOf(k.Cloud, k.ID)
				}
				z.Nodes[i] = n
			}
			if n >= 0 {
				x.Links = append(x.Links, link{Record: r, Next: x.Nodes[n].FirstLink})
				x.Nodes[n].FirstLink = int32(len(x.Links) - 1)
			}
		}
	}
}

// nodeByMarker returns what can be said of the node of a record before the holders of addresses are known.
func (x *Index) nodeByMarker(z *ZoneState, i int) int32 {
	r := &z.View.Records[i]
	switch o, owned := r.Owner(); {
	case owned && (o.Host() || x.ForeignFleet(o)):
		return noNode
	case owned:
		if n := x.KnownNode(o.Cloud, o.Instance); n >= 0 {
			return n
		}
		return newNode
	case r.Alias, Marked(r):
		return noNode
	}
	if _, ok := r.LeadsTo(); ok {
		return byHolder
	}
	return noNode
}
