package ingest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
)

const (
	minToken     = 16 // characters; shorter ones can be guessed
	maxTokenFile = 64 << 10
	reloadAfter  = 10 * time.Second
)

// Tokens admits senders with one of the bearer tokens of a file, or of the files of a folder as Kubernetes mounts a
// Secret.
type Tokens struct {
	path string
	log  logr.Logger

	mu      sync.Mutex
	read    time.Time
	digests [][sha256.Size]byte
	failed  bool
}

// NewTokens reads the tokens of a file or folder. They are read again at the first request after 10 s. While that
// fails, the last tokens stay valid, and the failure is logged once.
func NewTokens(path string, log logr.Logger) (*Tokens, error) {
	digests, err := readTokens(path)
	if err != nil {
		return nil, err
	}
	return &Tokens{path: path, log: log, read: time.Now(), digests: digests}, nil
}

// Authenticate compares the token of a request with all tokens, in constant time. The name of a sender is the beginning
// of its token's digest.
func (t *Tokens) Authenticate(r *http.Request) (sender string, err error) {
	kind, token, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if !strings.EqualFold(kind, "bearer") {
		return "", ErrUnauthenticated
	}
	digest := sha256.Sum256([]byte(strings.TrimSpace(token)))
	found := 0
	for _, known := range t.currentDigests() {
		found |= subtle.ConstantTimeCompare(digest[:], known[:])
	}
	if found == 0 {
		return "", ErrUnauthenticated
	}
	return "token " + hex.EncodeToString(digest[:4]), nil
}

func (t *Tokens) currentDigests() [][sha256.Size]byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.read) < reloadAfter {
		return t.digests
	}
	t.read = time.Now()
	digests, err := readTokens(t.path)
	switch {
	case err == nil:
		t.digests = digests
	case !t.failed:
		t.log.Error(err, "Tokens cannot be read, so those that were read last stay good")
	}
	t.failed = err != nil
	return t.digests
}

// readTokens reads a file, or each file of a folder except the ones with a name that begins with two dots, which are
// Kubernetes' own.
func readTokens(path string) ([][sha256.Size]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	files := []string{path}
	if info.IsDir() {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		files = nil
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), "..") {
				files = append(files, filepath.Join(path, e.Name()))
			}
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no token", path)
	}
	var out [][sha256.Size]byte
	for _, file := range files {
		token, err := readToken(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, sha256.Sum256([]byte(token)))
	}
	return out, nil
}

func readToken(file string) (string, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", errors.New("not a file")
	case info.Size() > maxTokenFile:
		return "", fmt.Errorf("longer than %d bytes", maxTokenFile)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(content))
	switch {
	case len(token) < minToken:
		return "", fmt.Errorf("a token has at least %d characters", minToken)
	case strings.ContainsAny(token, " \t\r\n"):
		return "", errors.New("a token is one word")
	}
	return token, nil
}
