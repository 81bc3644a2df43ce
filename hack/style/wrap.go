package main

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	maxColumns = 120
	tabColumns = 1 // as lll counts
)

// paragraph is a run of comment lines that belong together: ends of sentences, lists, code and directives part it from
// others.
type paragraph struct {
	line   int // of the file, from 1
	indent string
	texts  []string // less "// "
}

// structure begins a line that is not running text: code, lists, headings, tables, directives.
var structure = regexp.MustCompile(`^(\s|#|-|\*|\||\d+[.)] |[a-z]+:[a-z]|\+[a-z]|//|TODO|Output:|Unordered output:|\[[^\]]+\]: )`)

// paragraphs returns the paragraphs of the comments that have lines to themselves.
func paragraphs(files *token.FileSet, file *ast.File, text []byte) []paragraph {
	lines := strings.Split(string(text), "\n")
	var all []paragraph
	for _, group := range file.Comments {
		var current paragraph
		end := func() {
			if len(current.texts) > 0 {
				all = append(all, current)
			}
			current = paragraph{}
		}
		list := false // inside of a list, whose lines are the author's
		for _, comment := range group.List {
			at := files.Position(comment.Pos()).Line
			whole := lines[at-1]
			indent := whole[:len(whole)-len(strings.TrimLeft(whole, "\t "))]
			said, ok := strings.CutPrefix(strings.TrimSpace(whole), "//")
			if !ok { // at the end of a line of code, or a block
				end()
				continue
			}
			said = strings.TrimPrefix(said, " ")
			if said == "" {
				end()
				list = false
				continue
			}
			if structure.MatchString(said) {
				end()
				list = true
				continue
			}
			if list {
				list = false
			}
			if len(current.texts) == 0 {
				current.line, current.indent = at, indent
			}
			current.texts = append(current.texts, strings.TrimRight(said, " "))
			if strings.ContainsAny(said[len(said)-1:], ".:!?;") {
				end()
			}
		}
		end()
	}
	return all
}

func (p paragraph) columns(text string) int {
	return tabColumns*len(p.indent) + len("// ") + utf8.RuneCountInString(text)
}

// isRagged reports whether a line is too long, or the first word of the next would fit on it.
func (p paragraph) isRagged() bool {
	widest := 0
	for _, text := range p.texts {
		widest = max(widest, p.columns(text))
	}
	if widest > maxColumns {
		return len(p.wrap()) != len(p.texts) // one long word cannot be wrapped
	}
	for i, text := range p.texts[:len(p.texts)-1] {
		next, _, _ := strings.Cut(p.texts[i+1], " ")
		if p.columns(text)+1+utf8.RuneCountInString(next) <= widest {
			return true
		}
	}
	return false
}

// wrap fills the lines of a paragraph.
func (p paragraph) wrap() []string {
	var filled []string
	line := ""
	for word := range strings.FieldsSeq(strings.Join(p.texts, " ")) {
		if line != "" && p.columns(line)+1+utf8.RuneCountInString(word) > maxColumns {
			filled = append(filled, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(filled, line)
}

// wrapComments returns the text with its ragged comments wrapped again.
func wrapComments(name string, text []byte) ([]byte, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil || ast.IsGenerated(file) {
		return text, err
	}
	lines := strings.Split(string(text), "\n")
	all := paragraphs(files, file, text)
	for i := len(all) - 1; i >= 0; i-- { // from the end, so that numbers of lines stay true
		p := all[i]
		if !p.isRagged() {
			continue
		}
		var wrapped []string
		for _, text := range p.wrap() {
			wrapped = append(wrapped, p.indent+"// "+text)
		}
		lines = append(lines[:p.line-1], append(wrapped, lines[p.line-1+len(p.texts):]...)...)
	}
	fixed := []byte(strings.Join(lines, "\n"))
	if bytes.Equal(fixed, text) {
		return text, nil
	}
	return format.Source(fixed)
}
