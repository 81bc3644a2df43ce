package demo

import "context"

func memory(_ context.Context, _ *show) error { return nil }
