package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// whatIsRead names the command that prints what Read reads.
const whatIsRead = "kubectl get pods,replicasets,jobs,hpa,limitranges -A -o yaml prints what is read"

// otherInputs are inputs that users mistake for the output of that command, known by how they begin.
var otherInputs = []struct {
	begins *regexp.Regexp
	what   string
}{
	{regexp.MustCompile(`(?m)^Name: +\S(.*\n)+?Namespace: +\S`), "kubectl describe, which is for people: " + whatIsRead},
	{regexp.MustCompile(`^\s*(NAME|NAMESPACE|LAST SEEN) +[A-Z]`), "a table of kubectl (-o wide): " + whatIsRead},
	{
		regexp.MustCompile(`^\s*(pod|replicaset|deployment|job)[a-z.]*/[-a-z0-9.]+\s`),
		"names (kubectl -o name): " + whatIsRead,
	},
	{
		regexp.MustCompile(`^No resources found`),
		"kubectl's answer where there is nothing: with -A it looks in all namespaces",
	},
	{regexp.MustCompile(`(?i)^\s*<(!doctype|html|\?xml)`), "a web page: " + whatIsRead},
	{
		regexp.MustCompile(`^[\s\[]*\{[^{}]*"(type|_tableName_)"\s*:\s*"[a-z_]+[a-z0-9_]*"`),
		"a capture, which goes without --pods: " + whatIsRead,
	},
	{regexp.MustCompile(`^[\s\[]*\{\s*"resourceMetrics"`), "a capture, which goes without --pods: " + whatIsRead},
	{regexp.MustCompile(`\x00`), "binary data: " + whatIsRead},
}

// otherInput says what an input that could not be read looks like; empty when it looks like nothing known.
func otherInput(head string) string {
	head = strings.TrimPrefix(head, "\ufeff")
	begins := func(marks ...string) bool {
		return slices.ContainsFunc(marks, func(mark string) bool { return strings.HasPrefix(head, mark) })
	}
	switch {
	case begins("\xff\xfe", "\xfe\xff"), len(head) > 3 && head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0:
		return "text in UTF-16, which PowerShell's > writes: make UTF-8 of it (iconv -f UTF-16 -t UTF-8 FILE)"
	case begins("\x1f\x8b", "PK\x03\x04", "BZh", "\xfd7zXZ", "\x28\xb5\x2f\xfd"):
		return "a packed file: unpack it first"
	}
	for _, o := range otherInputs {
		if o.begins.MatchString(head) {
			return o.what
		}
	}
	return ""
}

// plainError turns an error of JSON into words for users who do not know Go: the field, and what is expected there.
func plainError(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		if text := err.Error(); cleanText(text) != text { // it quotes the object
			return errors.New(cleanText(text))
		}
		return err
	}
	found, _, _ := strings.Cut(wrong.Value, " ") // "number 1.5"
	if found == "array" {
		found = "list"
	}
	where := ""
	if wrong.Field != "" {
		where = wrong.Field + ": "
	}
	return fmt.Errorf("%s%s expected, found %s", cleanText(where), jsonTypeName(wrong.Type), found)
}

// jsonTypeName returns the JSON name of a Go type.
func jsonTypeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return "list"
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "true or false"
	case reflect.Struct, reflect.Map, reflect.Pointer, reflect.Interface:
		return "object"
	}
	return "number"
}
