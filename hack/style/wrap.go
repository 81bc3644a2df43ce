package main

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxColumns = 120
	tabColumns = 1 // as lll counts
)

// paragraph is a run of comment lines that belong together: lists, code and directives separate it from others.
type paragraph struct {
	line   int // of the file, from 1
	indent string
	texts  []string // less "// "
}

// structure begins a line that is not running text: code, lists, headings, tables, directives.
var structure = regexp.MustCompile(
	`^(\s|#|-|\*|\||\d+[.)] |[a-z]+:[a-z]|\+[a-z]|//|Output:|Unordered output:|\[[^\]]+\]: )`)

// printed begins what an example prints.
var printed = regexp.MustCompile(`^(Unordered output|Output):`)

// findParagraphs returns the paragraphs of the comments that have lines to themselves.
func findParagraphs(files *token.FileSet, file *ast.File, text []byte) []paragraph {
	lines := strings.Split(string(text), "\n")
	var found []paragraph
	for _, group := range file.Comments {
		var current paragraph
		for _, comment := range group.List {
			at := files.Position(comment.Pos()).Line
			line := strings.TrimLeft(lines[at-1], "\t ")
			text, alone := strings.CutPrefix(line, "//")
			text = strings.TrimRight(strings.TrimPrefix(text, " "), " ")
			if !alone || text == "" || structure.MatchString(text) {
				found, current = append(found, current), paragraph{}
				if printed.MatchString(text) {
					break // the rest is what an example prints
				}
				continue
			}
			if len(current.texts) == 0 {
				current = paragraph{line: at, indent: lines[at-1][:len(lines[at-1])-len(line)]}
			}
			current.texts = append(current.texts, text)
		}
		found = append(found, current)
	}
	return slices.DeleteFunc(found, func(p paragraph) bool { return len(p.texts) == 0 })
}

// lineWidth returns the columns of a line of the paragraph.
func (p paragraph) lineWidth(text string) int {
	return tabColumns*len(p.indent) + len("// ") + utf8.RuneCountInString(text)
}

// isRagged reports whether a line is too long, or the first word of the next line would fit on it.
func (p paragraph) isRagged() bool {
	widest := 0
	for _, text := range p.texts {
		widest = max(widest, p.lineWidth(text))
	}
	if widest > maxColumns {
		return !slices.Equal(p.fillLines(), p.texts) // one long word cannot be wrapped
	}
	for i, text := range p.texts[:len(p.texts)-1] {
		next, _, _ := strings.Cut(p.texts[i+1], " ")
		if p.lineWidth(text)+1+utf8.RuneCountInString(next) <= widest {
			return true
		}
	}
	return false
}

// fillLines returns the text of the paragraph in lines that are as full as they can be.
func (p paragraph) fillLines() []string {
	var filled []string
	line := ""
	for word := range strings.FieldsSeq(strings.Join(p.texts, " ")) {
		if line != "" && p.lineWidth(line)+1+utf8.RuneCountInString(word) > maxColumns {
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
	all := findParagraphs(files, file, text)
	for _, p := range slices.Backward(all) { // so that numbers of lines stay true
		if !p.isRagged() {
			continue
		}
		var wrapped []string
		for _, text := range p.fillLines() {
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
