// Package sweep evaluates models at every combination of machine, plan, number format and load, on all cores and in a
// fixed order: a model is compiled once for a [Case] and then asked at every load.
package sweep

import (
	"context"
	"sync"
)

// Run calls evaluate for 0 … n−1 on so many workers and hands the results to emit one after the other, in that order,
// whatever the number of workers. Evaluation runs only so far ahead of emit that memory stays bounded.
//
// It ends early, between two results, when ctx is done or emit fails, and returns the reason.
func Run[T any](ctx context.Context, workers, n int, evaluate func(i int) T, emit func(T) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type job struct {
		i    int
		done chan<- T
	}
	jobs := make(chan job)
	results := make(chan (<-chan T), ahead*workers)
	var busy sync.WaitGroup
	defer busy.Wait()
	defer stop()
	for range workers {
		busy.Go(func() {
			for j := range jobs {
				j.done <- evaluate(j.i)
			}
		})
	}
	busy.Go(func() {
		defer close(jobs)
		defer close(results)
		for i := range n {
			done := make(chan T, 1) // a worker never waits for emit
			select {
			case jobs <- job{i, done}:
			case <-ctx.Done():
				return
			}
			select {
			case results <- done:
			case <-ctx.Done():
				return
			}
		}
	})
	for done := range results {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := emit(<-done); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// ahead is how many results per worker may wait for those before them.
const ahead = 16
