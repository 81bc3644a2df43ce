package kube

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	// maxInput bounds what is read: the pods of the largest clusters are some hundred megabytes.
	maxInput = 512 << 20
	// sniffBytes is how far JSON and YAML are looked for at the beginning.
	sniffBytes = 4096
	// maxNesting bounds lists within lists; Kubernetes has none.
	maxNesting = 4
)

// EachObject calls do for every object that kubectl prints with -o yaml or -o json, in its order, with its kind and its
// JSON: for single objects, the items of lists, and several of these as YAML documents or as one JSON value after the
// other. The items of a typed list such as PodList do not contain their kind; do gets it from the list. The JSON is
// only valid during the call.
//
// The first error ends the reading and names the object. Other output of kubectl, such as -o wide or describe, is named
// in the error, with the command that prints what is read. Input above 512 MiB is an error.
func EachObject(r io.Reader, do func(kind metav1.TypeMeta, object json.RawMessage) error) error {
	return eachObject(r, maxInput, do)
}

type objectFunc func(metav1.TypeMeta, json.RawMessage) error

func eachObject(r io.Reader, limit int64, do objectFunc) error {
	bounded := &io.LimitedReader{R: r, N: limit + 1}
	in := bufio.NewReaderSize(bounded, sniffBytes)
	begin, _ := in.Peek(sniffBytes) // an error comes again when it is read
	head := string(begin)
	err := eachDocument(in, func(document json.RawMessage) error { return do.visitObject(metav1.TypeMeta{}, document, 0) })
	if bounded.N <= 0 {
		return fmt.Errorf("input is larger than %d bytes", limit)
	}
	if err == nil {
		return nil
	}
	if what := otherInput(head); what != "" {
		return errors.New("looks like " + what)
	}
	return err
}

// eachDocument calls do for every document, as JSON, that is not empty.
func eachDocument(in *bufio.Reader, do func(json.RawMessage) error) error {
	if head, _ := in.Peek(3); string(head) == "\uFEFF" { // byte order mark, from Windows
		_, _ = in.Discard(len(head))
	}
	decoder := newDecoder(in)
	for n := 1; ; n++ {
		var document json.RawMessage
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && len(document) > 0 && string(document) != "null" {
			err = do(document)
		}
		if err != nil {
			return fmt.Errorf("document %d: %w", n, err)
		}
	}
}

// decoder reads one document after the other.
type decoder interface{ Decode(into any) error }

// newDecoder returns a decoder of JSON or YAML. An array needs the decoder of JSON, because the one of YAML would lose
// what follows the array's document.
func newDecoder(in *bufio.Reader) decoder {
	if head, _ := in.Peek(sniffBytes); isArray(head) {
		return json.NewDecoder(in)
	}
	return yaml.NewYAMLOrJSONDecoder(in, sniffBytes)
}

func isArray(text []byte) bool {
	return strings.HasPrefix(strings.TrimLeft(string(text[:min(len(text), sniffBytes)]), " \t\r\n"), "[")
}

// header is the part of an object that says what kind of object it is, and names it.
type header struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"metadata"`
	Items json.RawMessage `json:"items"`
}

// visitObject takes an object or a list. The kind is the one that a list gives its items; an object's own kind is
// preferred.
func (do objectFunc) visitObject(kind metav1.TypeMeta, raw json.RawMessage, depth int) error {
	if isArray(raw) { // jq .items
		return do.visitItems(kind, raw, depth+1)
	}
	var h header
	if err := utiljson.Unmarshal(raw, &h); err != nil {
		return fmt.Errorf("not a Kubernetes object: %w", plainError(err))
	}
	if h.Kind != "" {
		kind = h.TypeMeta
	}
	item, isList := strings.CutSuffix(kind.Kind, "List")
	switch {
	case kind.Kind == "" && h.Items != nil: // jq '{items}'
		return do.visitItems(metav1.TypeMeta{}, h.Items, depth+1)
	case kind.Kind == "":
		return errors.New("not a Kubernetes object: it has no kind")
	case isList && h.Items != nil:
		return do.visitItems(metav1.TypeMeta{APIVersion: kind.APIVersion, Kind: item}, h.Items, depth+1)
	}
	if err := do(kind, raw); err != nil {
		return fmt.Errorf(
			"%s %s/%s: %w", cleanText(kind.Kind), orDefault(cleanText(h.Metadata.Namespace)),
			cmp.Or(cleanText(h.Metadata.Name), "(no name)"), plainError(err),
		)
	}
	return nil
}

func (do objectFunc) visitItems(kind metav1.TypeMeta, raw json.RawMessage, depth int) error {
	if depth > maxNesting {
		return fmt.Errorf("more than %d lists within each other", maxNesting)
	}
	var items []json.RawMessage
	if err := utiljson.Unmarshal(raw, &items); err != nil {
		return fmt.Errorf("items: %w", plainError(err))
	}
	for i, item := range items {
		if err := do.visitObject(kind, item, depth); err != nil {
			return fmt.Errorf("items[%d]: %w", i, err)
		}
	}
	return nil
}
