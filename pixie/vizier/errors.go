package vizier

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
)

// ErrDeploying is the error, as errors.Is has it, of a script whose probes were still being deployed at the last attempt. Its code is Unavailable.
var ErrDeploying = errors.New("probes are being deployed")

// deploying says which probes are being deployed.
type deploying struct{ why string }

func (d deploying) Error() string              { return ErrDeploying.Error() + ": " + d.why }
func (d deploying) Is(target error) bool       { return target == ErrDeploying }
func (d deploying) GRPCStatus() *status.Status { return status.New(codes.Unavailable, d.Error()) }

// maxText is how many bytes of a text of the server become part of an error.
const maxText = 1024

// wrong is an answer that makes no sense.
func wrong(format string, args ...any) error { return status.Errorf(codes.Internal, format, args...) }

// tell makes an error fit for the caller: with the context's reason when it was that, on one line, and without the key, whatever the
// server wrote into it.
func (c *Client) tell(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	fit := func(text string) string { return plain(strings.ReplaceAll(text, c.options.APIKey, "…")) }
	if d, ok := errors.AsType[deploying](err); ok {
		return deploying{fit(d.why)}
	}
	return status.Error(status.Code(err), fit(status.Convert(err).Message()))
}

// plain is a text on one line, without what plays tricks on terminals.
func plain(text string) string {
	text = strings.ToValidUTF8(text, "�")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text))
}

// failed is what a status says, if it is not that all is well.
func failed(s *vizierpb.Status) error {
	code := codes.Unknown
	switch c := s.GetCode(); {
	case c == 0:
		return nil
	case 0 < c && c <= int32(codes.Unauthenticated):
		code = codes.Code(c)
	}
	parts := []string{}
	if s.GetMessage() != "" {
		parts = append(parts, s.GetMessage())
	}
	for _, d := range s.GetErrorDetails() {
		if e := d.GetCompilerError(); e != nil {
			parts = append(parts, fmt.Sprintf("line %d, column %d: %s", e.GetLine(), e.GetColumn(), e.GetMessage()))
		}
		if len(parts) == 10 {
			break
		}
	}
	return status.Error(code, strings.Join(parts, "; "))
}

// deployment is why there are no rows, if that is because of the probes.
func deployment(info *vizierpb.MutationInfo) error {
	var pending, broken []string
	for _, s := range info.GetStates() {
		switch s.GetState() {
		case vizierpb.LifeCycleState_PENDING_STATE:
			pending = append(pending, s.GetName())
		case vizierpb.LifeCycleState_FAILED_STATE:
			broken = append(broken, s.GetName())
		case vizierpb.LifeCycleState_UNKNOWN_STATE, vizierpb.LifeCycleState_RUNNING_STATE, vizierpb.LifeCycleState_TERMINATED_STATE:
		}
	}
	err := failed(info.GetStatus())
	why := status.Convert(err).Message()
	switch {
	case len(broken) > 0:
		return status.Errorf(codes.FailedPrecondition, "probes that could not be deployed: %s (%s)", strings.Join(broken, ", "), why)
	case len(pending) > 0 || status.Code(err) == codes.Unavailable:
		return deploying{fmt.Sprintf("%s (%s)", strings.Join(pending, ", "), why)}
	case err != nil:
		return status.Errorf(status.Code(err), "probes: %s", why)
	}
	return nil
}
