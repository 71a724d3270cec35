//go:build race

package mock_test

// lives is how many of them TestModel goes through; the race detector makes each some ten times as long.
const lives = 500
