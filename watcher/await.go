package watcher

import (
	"context"
	"slices"
)

// Await waits until what the cache has of a key is as wanted, or ctx ends, whose coded error it returns then. until is
// asked at once, and again after changes of that key; ok is false where there is nothing. It is called by the goroutine
// that waits.
func (c *Cache[T]) Await(ctx context.Context, key string, until func(item Item[T], ok bool) bool) error {
	for {
		woken := make(chan struct{})
		e := c.await(key, woken)
		var item Item[T]
		if e != nil {
			item = e.item
		}
		done := until(item, e != nil)
		if !done {
			select {
			case <-woken:
				continue
			case <-ctx.Done():
			}
		}
		c.forget(key, woken)
		if done {
			return nil
		}
		return ended(ctx)
	}
}

// await has the next change of a key close woken, and returns what there is now.
func (c *Cache[T]) await(key string, woken chan struct{}) *entry[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		c.waiting = map[string][]chan struct{}{}
	}
	c.waiting[key] = append(c.waiting[key], woken)
	return c.byKey[key]
}

// forget undoes await.
func (c *Cache[T]) forget(key string, woken chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := slices.DeleteFunc(c.waiting[key], func(other chan struct{}) bool { return other == woken })
	if len(left) == 0 {
		delete(c.waiting, key)
		return
	}
	c.waiting[key] = left
}

// wake tells those who wait for a key. The caller holds the lock.
func (c *Cache[T]) wake(key string) {
	for _, woken := range c.waiting[key] {
		close(woken)
	}
	delete(c.waiting, key)
}

// Changed returns where the watcher stands as the cache was told last, and a channel that is closed when it is told the
// next time.
func (c *Cache[T]) Changed() (State, <-chan struct{}) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.state, c.told
}
