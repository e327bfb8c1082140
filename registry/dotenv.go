package registry

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// maxDotenv bounds a .env file, in bytes.
const maxDotenv = 1 << 20

var (
	errDotenvSize    = errors.New("must be at most 1 MiB")
	errDotenvLine    = errors.New("must be NAME=value, a comment or blank")
	errDotenvText    = errors.New("must be UTF-8 without NUL")
	errDotenvTwice   = errors.New("the name is there twice")
	errDotenvQuote   = errors.New("the quote is not closed")
	errDotenvEscape  = errors.New(`an escape must be one of \n \r \t \\ \"`)
	errDotenvTrailer = errors.New("only a comment may follow the quote")
)

func readDotenv(name string) ([]dotenv, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxDotenv+1))
	if err != nil {
		return nil, err
	}
	variables, line, err := parseDotenv(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, line, err)
	}
	return variables, nil
}

// A dotenv is a variable of a .env file, and the line where it begins.
type dotenv struct {
	name, value string
	line        int
}

// parseDotenv returns the variables of a file, or the line that is wrong.
func parseDotenv(text string) ([]dotenv, int, error) {
	if len(text) > maxDotenv {
		return nil, 1, errDotenvSize
	}
	text = strings.TrimPrefix(text, "\ufeff")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var all []dotenv
	seen := map[string]bool{}
	for line := 1; text != ""; {
		v, rest, err := parseVariable(text)
		if err == nil && (!utf8.ValidString(v.value) || strings.Contains(v.value, "\x00")) {
			err = errDotenvText
		}
		if err == nil && seen[v.name] {
			err = errDotenvTwice
		}
		if err != nil {
			return nil, line, err
		}
		if v.line = line; v.name != "" {
			seen[v.name] = true
			all = append(all, v)
		}
		line += strings.Count(text[:len(text)-len(rest)], "\n")
		text = rest
	}
	return all, 0, nil
}

const blanks = " \t"

// parseVariable reads the variable that text begins with, whose name is empty if the line has
// none, and returns what follows it.
func parseVariable(text string) (v dotenv, rest string, err error) {
	text = strings.TrimLeft(text, blanks)
	line, rest, _ := strings.Cut(text, "\n")
	if line == "" || line[0] == '#' {
		return v, rest, nil
	}
	name, _, ok := strings.Cut(line, "=")
	value := strings.TrimPrefix(text[len(name):], "=")
	name = strings.TrimRight(name, blanks)
	if exported, ok := strings.CutPrefix(name, "export"); ok && exported != "" &&
		strings.Contains(blanks, exported[:1]) {
		name = strings.TrimLeft(exported, blanks)
	}
	if !ok || !isVariable(name) {
		return v, "", errDotenvLine
	}
	v.name = name
	v.value, rest, err = parseValue(value)
	return v, rest, err
}

func isVariable(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return c != '_' && c != '.' && c != '-' &&
			(c < '0' || '9' < c) && (c < 'A' || 'Z' < c) && (c < 'a' || 'z' < c)
	})
}

// parseValue reads the value that text begins with and returns what follows its line.
func parseValue(text string) (value, rest string, err error) {
	quoted := strings.TrimLeft(text, blanks)
	switch {
	case strings.HasPrefix(quoted, "'"):
		value, rest, err = singleQuoted(quoted[1:])
	case strings.HasPrefix(quoted, `"`):
		value, rest, err = doubleQuoted(quoted[1:])
	default:
		line, rest, _ := strings.Cut(text, "\n")
		return unquoted(line), rest, nil
	}
	if err != nil {
		return "", "", err
	}
	line, rest, _ := strings.Cut(rest, "\n")
	if comment := strings.TrimLeft(line, blanks); comment != "" &&
		(comment == line || comment[0] != '#') {
		return "", "", errDotenvTrailer
	}
	return value, rest, nil
}

// unquoted returns a value without the comment, which begins after white space.
func unquoted(line string) string {
	for i := 1; i < len(line); i++ {
		if line[i] == '#' && strings.Contains(blanks, line[i-1:i]) {
			line = line[:i]
		}
	}
	return strings.Trim(line, blanks)
}

func singleQuoted(text string) (value, rest string, err error) {
	end := strings.IndexAny(text, "'\n")
	if end < 0 || text[end] != '\'' {
		return "", "", errDotenvQuote
	}
	return text[:end], text[end+1:], nil
}

func doubleQuoted(text string) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			return b.String(), text[i+1:], nil
		case '\\':
			i++
			escaped := strings.IndexByte(`nrt\"`, at(text, i))
			if escaped < 0 {
				return "", "", errDotenvEscape
			}
			b.WriteByte("\n\r\t\\\""[escaped])
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", errDotenvQuote
}

// at returns the byte at i, 0 behind the end.
func at(text string, i int) byte {
	if i < len(text) {
		return text[i]
	}
	return 0
}
