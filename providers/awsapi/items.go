package awsapi

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"rollcall/providers/budget"
	"rollcall/providers/itemcache"
)

// Items are the items of one page of a list. Those that the last read did not hold are decoded by the adapter itself,
// because the SDK takes ten times as long, and by the SDK if the adapter refuses to. T is an adapter's type of an item.
// Items are used by one call at a time.
type Items[T any] struct {
	list   string
	read   *itemcache.Read[T]
	decode func(*itemcache.Element) T
	items  []item[T] // of the last answer; nil if the SDK decodes all of it
}

type item[T any] struct {
	sum   itemcache.Sum
	known bool
	value T // set if it is known
}

// NewItems returns the items of a list whose XML element has this name. What decode returns counts only if its element was
// not refused.
func NewItems[T any](list string, read *itemcache.Read[T], decode func(*itemcache.Element) T) *Items[T] {
	return &Items[T]{list: list, read: read, decode: decode}
}

// Add is an option of one SDK call. It removes known items from the answer before the SDK decodes it.
func (i *Items[T]) Add(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("KnownItems", i.handle), middleware.After)
}

func (i *Items[T]) handle(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	i.items = nil
	out, meta, err := next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || resp.StatusCode != 200 || resp.Body == nil {
		return out, meta, err
	}
	body, err := budget.ReadBody(resp.Body, maxAnswer)
	_ = resp.Body.Close()
	if err != nil {
		return out, meta, &smithyhttp.ResponseError{Response: resp, Err: fmt.Errorf("read the answer: %w", err)}
	}
	resp.Body = io.NopCloser(bytes.NewReader(i.unknown(body)))
	return out, meta, nil
}

// unknown returns an answer without its known items. It overwrites body.
func (i *Items[T]) unknown(body []byte) []byte {
	spans, ok := itemcache.SplitXML(body, i.list)
	if !ok || len(spans) == 0 {
		return body
	}
	i.items = make([]item[T], len(spans))
	left, at := body[:0], 0
	for n, s := range spans {
		it := &i.items[n]
		it.sum = itemcache.SumOf(body[s.From:s.To])
		if it.value, it.known = i.read.Get(it.sum); !it.known {
			e := itemcache.NewElement(body[s.From:s.To])
			if it.value, it.known = i.decode(e), e.OK(); it.known {
				i.read.Put(it.sum, it.value)
			}
		}
		if it.known {
			left = append(left, body[at:s.From]...)
			at = s.To
		}
	}
	return append(left, body[at:]...)
}

// Merge returns all items of an answer in order: known ones from the cache, the others converted from decoded. ok is
// false if the number of decoded items is wrong. If i is nil, no item is known.
func Merge[S, T any](i *Items[T], decoded []S, convert func(*S) T) (all []T, ok bool) {
	if i == nil || i.items == nil {
		for n := range decoded {
			all = append(all, convert(&decoded[n]))
		}
		return all, true
	}
	all = make([]T, 0, len(i.items))
	for n := range i.items {
		it := &i.items[n]
		if it.known {
			all = append(all, it.value)
			continue
		}
		if len(decoded) == 0 {
			return nil, false
		}
		v := convert(&decoded[0])
		i.read.Put(it.sum, v)
		all, decoded = append(all, v), decoded[1:]
	}
	return all, len(decoded) == 0
}
