package awsfront

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"time"
)

const xmlHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// xmlWriter writes answers without reflection, which would take most of the time for a page of 1,000 instances, a
// megabyte.
type xmlWriter struct{ b bytes.Buffer }

// open starts an element, with a namespace if it is the outermost.
func (x *xmlWriter) open(name, namespace string) {
	x.b.WriteByte('<')
	x.b.WriteString(name)
	if namespace != "" {
		x.b.WriteString(` xmlns="` + namespace + `"`)
	}
	x.b.WriteByte('>')
}

func (x *xmlWriter) close(name string) {
	x.b.WriteString("</")
	x.b.WriteString(name)
	x.b.WriteByte('>')
}

// in writes an element around the output of f.
func (x *xmlWriter) in(name string, f func()) {
	x.open(name, "")
	f()
	x.close(name)
}

// el writes an element with a text.
func (x *xmlWriter) el(name, text string) {
	x.open(name, "")
	x.text(text)
	x.close(name)
}

// text writes the text of an element.
func (x *xmlWriter) text(s string) {
	_ = xml.EscapeText(&x.b, []byte(s)) // a buffer never fails
}

// els writes elements, each given as its name and its text.
func (x *xmlWriter) els(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		x.el(pairs[i], pairs[i+1])
	}
}

// group writes an element that contains elements, each given as its name and its text.
func (x *xmlWriter) group(name string, pairs ...string) {
	x.open(name, "")
	x.els(pairs...)
	x.close(name)
}

// opt writes an element unless its text is empty.
func (x *xmlWriter) opt(name, text string) {
	if text != "" {
		x.el(name, text)
	}
}

func (x *xmlWriter) num(name string, n int)      { x.el(name, strconv.Itoa(n)) }
func (x *xmlWriter) flag(name string, b bool)    { x.el(name, strconv.FormatBool(b)) }
func (x *xmlWriter) at(name string, t time.Time) { x.el(name, stamp(t)) }

func (x *xmlWriter) empty(names ...string) {
	for _, n := range names {
		x.b.WriteString("<" + n + "/>")
	}
}

// items writes a list with elements named item.
func (x *xmlWriter) items(name string, n int, f func(i int)) {
	x.in(name, func() {
		for i := range n {
			x.in("item", func() { f(i) })
		}
	})
}

// stamp returns a time in the format of the AWS APIs.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// namespaceOf returns the XML namespace of a query or REST API.
func namespaceOf(service string) string {
	switch service {
	case "route53":
		return "https://route53.amazonaws.com/doc/2013-04-01/"
	case elbService:
		return "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"
	case "sts":
		return "https://sts.amazonaws.com/doc/2011-06-15/"
	}
	return "https://iam.amazonaws.com/doc/2010-05-08/"
}
