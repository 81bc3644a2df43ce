package main

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// minTestWords is how many words the name of a test has at least: fewer do not make a sentence.
const minTestWords = 3

// functionWords are the words that may be the whole name of an unexported function, each with its reason.
//
//go:embed functions.txt
var functionWords string

// avoidedWords are the words that comments and pages do without, each with what to write instead.
//
//go:embed words.txt
var avoidedWords string

// finding is one line of a file that breaks a rule.
type finding struct {
	line int
	text string
}

// checkFile returns what a file breaks.
func checkFile(name string, text []byte) ([]finding, error) {
	if filepath.Ext(name) != ".go" {
		return checkPage(string(text)), nil
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	if ast.IsGenerated(file) {
		return nil, nil
	}
	found := checkNames(files, file, strings.HasSuffix(name, "_test.go"))
	for _, p := range findParagraphs(files, file, text) {
		if p.isRagged() {
			found = append(found, finding{p.line, "comment is not wrapped at 120 columns: style -fix wraps it"})
		}
	}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			line := files.Position(comment.Pos()).Line
			for i, text := range strings.Split(comment.Text, "\n") {
				found = append(found, checkWords(line+i, text)...)
			}
		}
	}
	return found, nil
}

// checkPage returns the avoided words of a Markdown page, less those in code.
func checkPage(text string) []finding {
	var found []finding
	code := false
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
		}
		if !code && !strings.HasPrefix(line, "    ") {
			found = append(found, checkWords(i+1, line)...)
		}
	}
	return found
}

// codeSpans are what a line quotes: code between backquotes, and text between double quotes.
var codeSpans = regexp.MustCompile("`[^`]*`|\"[^\"]*\"")

// wordPattern is an avoided word, with the advice for it.
type wordPattern struct {
	pattern *regexp.Regexp
	advice  string
}

// wordPatterns has the words of words.txt, in alphabetical order.
var wordPatterns = func() []wordPattern {
	list := readList(avoidedWords)
	var patterns []wordPattern
	for _, words := range slices.Sorted(maps.Keys(list)) {
		pattern := regexp.MustCompile(`(?i)\b` + words + `\b`)
		patterns = append(patterns, wordPattern{pattern, fmt.Sprintf("%q: %s", words, list[words])})
	}
	return patterns
}()

func checkWords(line int, text string) []finding {
	var found []finding
	text = codeSpans.ReplaceAllString(text, "")
	for _, word := range wordPatterns {
		if word.pattern.MatchString(text) {
			found = append(found, finding{line, word.advice})
		}
	}
	return found
}

// allowedFunctions are the words of functions.txt.
var allowedFunctions = readList(functionWords)

// checkNames returns the functions that have a name of one word which is not listed, and the tests that have too few.
func checkNames(files *token.FileSet, file *ast.File, test bool) []finding {
	var found []finding
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name, line := f.Name.Name, files.Position(f.Pos()).Line
		sentence, isTest := strings.CutPrefix(name, "Test")
		switch _, allowed := allowedFunctions[name]; {
		case !test && !allowed && isOneWord(name):
			found = append(found, finding{line, fmt.Sprintf("func %s: name it in two or three words, or list the word in "+
				"hack/style/functions.txt", name)})
		case test && isTest && f.Recv == nil && name != "TestMain" && countWords(sentence) < minTestWords:
			found = append(found, finding{line, fmt.Sprintf("func %s: name it as a sentence that says what holds", name)})
		}
	}
	return found
}

// isOneWord reports whether a name is unexported and of one word.
func isOneWord(name string) bool {
	return name != "_" && !ast.IsExported(name) && countWords(name) == 1
}

// countWords counts the words of a name in camel case; a run of capitals is one word with what follows it.
func countWords(name string) int {
	words, capital := 0, false
	for i, r := range name {
		upper := unicode.IsUpper(r)
		if i == 0 || upper && !capital {
			words++
		}
		capital = upper
	}
	return words
}

// readList reads lines of a word or words, two spaces or more, and a reason.
func readList(text string) map[string]string {
	list := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, reason, _ := strings.Cut(line, "  ")
		list[word] = strings.TrimSpace(reason)
	}
	return list
}

// printShares prints for each folder of the top level its unexported functions outside of tests, and the share that
// have a name of one word.
func printShares(w io.Writer, names []string) error {
	type count struct{ all, short int }
	counts, order := map[string]*count{}, []string{}
	for _, name := range names {
		if filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if ast.IsGenerated(file) {
			continue
		}
		folder, _, _ := strings.Cut(name, "/")
		if counts[folder] == nil {
			counts[folder] = &count{}
			order = append(order, folder)
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && !ast.IsExported(f.Name.Name) {
				counts[folder].all++
				if isOneWord(f.Name.Name) {
					counts[folder].short++
				}
			}
		}
	}
	var total count
	for _, folder := range order {
		c := counts[folder]
		total.all, total.short = total.all+c.all, total.short+c.short
		fmt.Fprintf(w, "%-10s %4d of %4d  %2.0f%%\n", folder, c.short, c.all, 100*float64(c.short)/float64(max(1, c.all)))
	}
	_, err := fmt.Fprintf(w, "%-10s %4d of %4d  %2.0f%%\n", "all", total.short, total.all,
		100*float64(total.short)/float64(max(1, total.all)))
	return err
}
