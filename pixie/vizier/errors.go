package vizier

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
)

// ErrDeploying is the error of a script with probes that were still being deployed at the last attempt; use errors.Is.
// Its code is Unavailable.
var ErrDeploying = errors.New("probes are being deployed")

// deployingError names the probes that are being deployed.
type deployingError struct{ why string }

func (d deployingError) Error() string              { return ErrDeploying.Error() + ": " + d.why }
func (d deployingError) Is(target error) bool       { return target == ErrDeploying }
func (d deployingError) GRPCStatus() *status.Status { return status.New(codes.Unavailable, d.Error()) }

// maxText is the most bytes of a text of the server that become part of an error.
const maxText = 1024

// nonsenseError returns the error about an answer that makes no sense.
func nonsenseError(format string, args ...any) error {
	return status.Errorf(codes.Internal, format, args...)
}

// publicError makes an error fit for the caller: with the reason of the context if it has ended, on one line, and
// without the key, whatever the server wrote into it.
func (c *Client) publicError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	fit := func(text string) string { return printableText(strings.ReplaceAll(text, c.options.APIKey, "…")) }
	if d, ok := errors.AsType[deployingError](err); ok {
		return deployingError{fit(d.why)}
	}
	return status.Error(status.Code(err), fit(status.Convert(err).Message()))
}

// printableText returns a text on one line that is safe to show.
func printableText(text string) string {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return gossip.CleanText(strings.Join(strings.Fields(text), " "))
}

// statusError returns the error of a status; nil if all is well.
func statusError(s *vizierpb.Status) error {
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

// deploymentError returns why there are no rows, if the probes are the reason.
func deploymentError(info *vizierpb.MutationInfo) error {
	var pending, broken []string
	for _, s := range info.GetStates() {
		switch s.GetState() {
		case vizierpb.LifeCycleState_PENDING_STATE:
			pending = append(pending, s.GetName())
		case vizierpb.LifeCycleState_FAILED_STATE:
			broken = append(broken, s.GetName())
		case vizierpb.LifeCycleState_UNKNOWN_STATE, vizierpb.LifeCycleState_RUNNING_STATE,
			vizierpb.LifeCycleState_TERMINATED_STATE:
		}
	}
	err := statusError(info.GetStatus())
	why := status.Convert(err).Message()
	switch {
	case len(broken) > 0:
		return status.Errorf(codes.FailedPrecondition,
			"probes that could not be deployed: %s (%s)", strings.Join(broken, ", "), why)
	case len(pending) > 0 || status.Code(err) == codes.Unavailable:
		return deployingError{fmt.Sprintf("%s (%s)", strings.Join(pending, ", "), why)}
	case err != nil:
		return status.Errorf(status.Code(err), "probes: %s", why)
	}
	return nil
}
