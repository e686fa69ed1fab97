package index

// The limits of an answer.
const (
	MessageBytes    = 65_535 // of one answer, over TCP (RFC 1035 section 4.2.2)
	MessageOverhead = 300    // header, question and the EDNS record, generously
)
