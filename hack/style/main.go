// Command style checks what no linter that we know checks: how comments are wrapped, how functions and tests are named,
// and which words comments and pages use. CONTRIBUTING.md has the rules in prose.
//
//	style          check all files of the tree, print one line a finding, exit with 1 if there are any
//	style -fix     also wrap again the comments that need it
//	style -share   print for each folder the share of unexported functions that have a name of one word
//
// Arguments are folders to check instead of the whole tree.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	fix := flag.Bool("fix", false, "wrap again the comments that need it")
	share := flag.Bool("share", false, "print the share of unexported functions that have a name of one word")
	flag.Parse()
	files, err := treeFiles(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "style:", err)
		os.Exit(2)
	}
	if *share {
		err = printShares(os.Stdout, files)
	} else {
		err = checkFiles(files, *fix)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "style:", err)
		os.Exit(1)
	}
}

// treeFiles lists the Go files and the pages that are or would be committed, in these folders.
func treeFiles(folders []string) ([]string, error) {
	args := append([]string{"ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--"}, folders...)
	out, err := exec.Command("git", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	return slices.DeleteFunc(strings.Split(strings.TrimSpace(string(out)), "\n"), func(name string) bool {
		if _, err := os.Stat(name); err != nil {
			return true // deleted, and not committed yet
		}
		return filepath.Ext(name) != ".go" && filepath.Ext(name) != ".md"
	}), nil
}

// checkFiles prints what it finds, and returns an error with the number of findings.
func checkFiles(files []string, fix bool) error {
	found := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if fix && filepath.Ext(name) == ".go" {
			if err := fixFile(name, text); err != nil {
				return err
			}
			if text, err = os.ReadFile(name); err != nil {
				return err
			}
		}
		findings, err := checkFile(name, text)
		if err != nil {
			return err
		}
		for _, f := range findings {
			fmt.Printf("%s:%d: %s\n", name, f.line, f.text)
		}
		found += len(findings)
	}
	if found > 0 {
		return fmt.Errorf("%d findings", found)
	}
	return nil
}

// fixFile wraps again the comments of a file that need it.
func fixFile(name string, text []byte) error {
	fixed, err := wrapComments(name, text)
	if err != nil || string(fixed) == string(text) {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	return os.WriteFile(name, fixed, info.Mode().Perm())
}
