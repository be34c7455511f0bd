package benchmark

import (
	"regexp"
	"sync"
)

// pattern compiles an expression at its first use: a command that reads no benchmark does not pay for it at its start.
func pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
