package app

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/providers/budget"
)

// callsKept is the number of calls that are kept.
const callsKept = 1000

// CallLog keeps the latest calls to APIs, and writes all of them where --debug and --log-file say. It is safe for concurrent
// use.
type CallLog struct {
	mu     sync.Mutex
	kept   []rows.Call // a ring: the oldest is at next once it is full
	next   int
	number uint64

	debug func(format string, args ...any) // nil without --debug
	file  *slog.Logger                     // nil without --log-file

	fileErr atomic.Pointer[error] // see FileErr
}

// add records a call.
func (l *CallLog) add(c budget.Call) {
	row := rows.Call{
		Time: c.Started, Account: c.Account, Operation: c.Operation, Result: strconv.Itoa(c.Status), Took: c.Took, Waited: c.Waited, Bytes: c.Bytes,
		Failed: c.Err != nil || c.Status >= http.StatusBadRequest,
	}
	switch {
	case c.Throttled:
		row.Result += " throttled"
	case c.Err != nil:
		row.Result = "no answer"
	}
	if c.Err != nil {
		row.Error = c.Err.Error()
	}
	row = rows.CleanCall(row)
	l.mu.Lock()
	l.number++
	row.Number = l.number
	if len(l.kept) < callsKept {
		l.kept = append(l.kept, row)
	} else {
		l.kept[l.next] = row
		l.next = (l.next + 1) % callsKept
	}
	l.mu.Unlock()
	if l.debug != nil {
		line := fmt.Sprintf("%s: %s: %s in %s, %d bytes", row.Account, row.Operation, row.Result, row.Took.Round(time.Millisecond), row.Bytes)
		if row.Waited >= time.Millisecond {
			line += fmt.Sprintf(", after %s for its budget", row.Waited.Round(time.Millisecond))
		}
		if row.Error != "" {
			line += ": " + row.Error
		}
		l.debug("rollcall: %s", line)
	}
	if l.file != nil {
		l.file.Info("call", "account", row.Account, "operation", row.Operation, "started", row.Time.UTC(), "status", c.Status, "throttled", c.Throttled,
			"took_ms", row.Took.Milliseconds(), "waited_ms", row.Waited.Milliseconds(), "bytes", row.Bytes, "error", row.Error)
	}
}

// Calls returns the latest calls, oldest first.
func (l *CallLog) Calls() []rows.Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(append([]rows.Call{}, l.kept[l.next:]...), l.kept[:l.next]...)
}

// LogCalls begins to write calls: with debug as lines of the program, with a file as JSON lines appended to it, together with
// what the program reports.
func (a *Program) LogCalls(debug bool, file string) error {
	if debug {
		a.Calls.debug = a.Logf
	}
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("--log-file: %w", err)
	}
	a.Closers = append(a.Closers, f.Close)
	a.Calls.file = slog.New(slog.NewJSONHandler(&logFile{file: f, failed: func(err error) {
		err = fmt.Errorf("--log-file: %w; lines are missing in it", err)
		a.Calls.fileErr.Store(&err)
		if a.Console == nil {
			_, _ = fmt.Fprintln(a.Err, "rollcall: "+err.Error())
		}
	}}, nil))
	return nil
}

// FileErr returns why lines are missing in the file of --log-file, or nil.
func (l *CallLog) FileErr() error {
	if err := l.fileErr.Load(); err != nil {
		return *err
	}
	return nil
}

// logFile is a file to which lines are appended, one at a time. It reports the first that cannot be written; the next ones are
// tried all the same, since a disk may have room again.
type logFile struct {
	file   io.Writer
	failed func(error)
	said   sync.Once
	torn   bool // the last line is not whole
}

// Write implements io.Writer.
func (l *logFile) Write(line []byte) (int, error) {
	if l.torn {
		line = append([]byte{'\n'}, line...)
	}
	n, err := l.file.Write(line)
	if l.torn = err != nil && (n > 0 || l.torn); err != nil {
		l.said.Do(func() { l.failed(err) })
	}
	return n, err
}
