// Package tokenreview admits senders that a Kubernetes API server knows and allows to post: an ingest.Authenticator for
// doors in a cluster.
package tokenreview

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/authenticatorfactory"
	"k8s.io/apiserver/pkg/authentication/group"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/token/cache"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/webhook"
	authenticationv1 "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorizationv1 "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create

// Answers of the API server are kept for these times. A sender can still send for that long after its right ends.
const (
	allowTTL = time.Minute
	denyTTL  = 10 * time.Second
)

// reviewTimeout bounds the reviews of one request.
const reviewTimeout = 5 * time.Second

// Reviewer asks the API server who a sender is and whether it may post to the path.
type Reviewer struct {
	audience authenticator.Audiences
	who      authenticator.Request
	may      authorizer.Authorizer
	turns    turns
}

// New makes a Reviewer that asks the API server of config, through client. A token must be for the audience. A token
// that the API server knows is good for one minute, and one that it does not know is bad for ten seconds.
//
// A TokenReview for an audience that comes back without one is from a reviewer that does not know audiences. The
// authenticator then compares with the audiences it was made with. Reviewer gives it none, because such an answer
// proves nothing.
func New(config *rest.Config, client *http.Client, audience string) (*Reviewer, error) {
	tokens, err := authenticationv1.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, err
	}
	access, err := authorizationv1.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, err
	}
	backoff := &wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 3}
	reviews, err := webhook.NewFromInterface(tokens, nil, *backoff, reviewTimeout, webhook.AuthenticatorMetrics{
		RecordRequestTotal:   authenticatorfactory.RecordRequestTotal,
		RecordRequestLatency: authenticatorfactory.RecordRequestLatency,
	})
	if err != nil {
		return nil, err
	}
	kept := cache.New(reviews, false, allowTTL, denyTTL)
	may, err := authorizerfactory.DelegatingAuthorizerConfig{
		SubjectAccessReviewClient: access,
		AllowCacheTTL:             allowTTL,
		DenyCacheTTL:              denyTTL,
		WebhookRetryBackoff:       backoff,
	}.New()
	if err != nil {
		return nil, err
	}
	return &Reviewer{
		audience: authenticator.Audiences{audience}, may: may, turns: turns{of: map[netip.Prefix]int{}},
		who: group.NewAuthenticatedGroupAdder(bearertoken.New(kept)),
	}, nil
}

// Authenticate makes a TokenReview and a SubjectAccessReview, unless it has kept their answers. It returns the user's
// name.
func (v *Reviewer) Authenticate(r *http.Request) (user string, err error) {
	from := ingest.Network(r.RemoteAddr)
	if !v.turns.takeTurn(from) {
		return "", errors.New("too many requests of your address wait for the API server")
	}
	defer v.turns.endTurn(from)
	ctx, cancel := context.WithTimeout(authenticator.WithAudiences(r.Context(), v.audience), reviewTimeout)
	defer cancel()
	sender, ok, err := v.who.AuthenticateRequest(r.WithContext(ctx))
	switch {
	case err != nil && isUnanswered(err):
		return "", err
	case err != nil || !ok:
		return "", ingest.ErrUnauthenticated // why is in the API server's log, and none of the sender's business
	}
	verb := strings.ToLower(r.Method)
	decision, _, err := v.may.Authorize(ctx, authorizer.AttributesRecord{User: sender.User, Verb: verb, Path: r.URL.Path})
	switch {
	case err != nil:
		return "", err
	case decision != authorizer.DecisionAllow:
		return "", fmt.Errorf("%w: %s may not %s %s", ingest.ErrForbidden, sender.User.GetName(), verb, r.URL.Path)
	}
	return sender.User.GetName(), nil
}

// isUnanswered reports whether the API server did not answer or refused the review. That it does not know the token is
// an answer.
func isUnanswered(err error) bool {
	if all, ok := err.(utilerrors.Aggregate); ok { //nolint:errorlint // an Aggregate hides its errors from errors.As
		return slices.ContainsFunc(all.Errors(), isUnanswered)
	}
	var status apierrors.APIStatus
	var transport *url.Error
	return errors.As(err, &status) || errors.As(err, &transport) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled) || wait.Interrupted(err)
}
