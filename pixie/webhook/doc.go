// Package webhook posts records to an operator. A [Client] has everything that a sender needs beside its records: a
// token that may change, certificates, pauses between attempts, and what each answer means. [Answer] is the JSON that
// an operator answers with; operator/ingest writes it and Client reads it.
//
//	client, err := webhook.New(webhook.Options{
//		URL:    "https://gossip.example.com/v1/events",
//		Access: webhook.Access{TokenFile: "token"},
//	})
//	answer, err := client.Post(ctx, records) // one record a line
//
// # What an answer means
//
// Each answer has one [Meaning]. This is the only table of them: senders decide by the Meaning and not by the status
// code. An answer is an operator's if it is an [Answer] in JSON; a proxy or another server has the same codes and means
// something else.
//
//	answer                             meaning    why
//	200, an operator's                 Accepted   The operator counted each record. A rejected one is as bad next time.
//	400, 422 with rejected records     Rejected   All were read, none is good, and none becomes good. Those from the
//	                                              future (422) would, but the records after them would have to wait.
//	400 without, an operator's         Unusable   The body cannot be read, or has no record. Another body may be good.
//	413, anyone's                      Unusable   Too large for the operator or for a proxy: send fewer records.
//	408, 425, 429, 5xx                 Later      The operator is busy or starts, or the body came too slowly.
//	no answer, or it breaks off        Later      The operator is away. It may have kept the records.
//	401, 403                           Refused    The token or the rights are wrong, until a person changes them or the
//	                                              token is renewed.
//	404, 405, 415, all other codes     Refused    The URL leads to something else. The records are not to blame.
//	200, 400, 422, not an operator's   Refused    The same. Go's TLS server, for example, answers plain HTTP with 400.
//	a certificate that is not trusted,
//	HTTP for HTTPS, no token read      Refused    The sender's settings are wrong. The records are not to blame.
//
// What Post does:
//
//	Accepted, Rejected   It returns the Answer and no error: go on with the next records.
//	Unusable             It returns an Error: drop these records, or send fewer at a time, and go on.
//	Later                It tries again until Options.Attempts or the end of the context, and then returns an error.
//	Refused              It returns an Error at once. With Options.RetryRefused, for services, it does as for Later.
//
// So no record is lost while it may still be accepted, and no body is sent for ever that never will be. A sender
// without Options.Attempts gives its context a deadline if other records wait. A request is sent twice if its answer is
// lost. This is harmless: an analyzer counts the same record once.
//
// # Pauses
//
// Pauses begin at Options.FirstPause, double up to Options.LastPause, and are 50 % shorter to 50 % longer at random, so
// that senders which lost the same operator do not come back all at once. An answer with Retry-After (seconds or a
// date, at most two minutes) begins them anew: the pause is that time and a first pause.
package webhook
