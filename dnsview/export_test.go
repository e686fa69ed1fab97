package dnsview

// SetPart sets how many records and nodes are looked at as one part, and returns what sets it back.
func SetPart(n int) (undo func()) {
	records, nodes := recordsOfPart, nodesOfPart
	recordsOfPart, nodesOfPart = n, n
	return func() { recordsOfPart, nodesOfPart = records, nodes }
}

// TookOver reports whether a part of the view was made by an earlier inspection.
func (v *View) TookOver() bool { return v.taken > 0 }
